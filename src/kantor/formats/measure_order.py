"""Measures of MusicXML laid end to end, as written or as played, with their bar lines and signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, pairwise, takewhile
from typing import NamedTuple

from kantor.formats.measures import Measure
from kantor.formats.parsed import Limits, check_size
from kantor.music.notation import Sign, Span
from kantor.music.score import Meter


class Bar(NamedTuple):
    """A measure, by its index, as all parts agree on it; `start` and `length` in quarters."""

    measure: int
    start: Fraction
    length: Fraction
    meter: Meter
    turn: int  # how often the measure was played before
    turns: int  # how often it is played in all

    @property
    def whole(self) -> Fraction:
        """The length of a whole bar of its meter, in quarters."""
        return Fraction(self.meter.bar_steps, 4)


_FINEST = 64  # parts of a quarter: a 256th


def joined(measures: Sequence[Measure], bar: Fraction | None, first: bool) -> Measure:
    """A measure as all parts together describe it; of two that differ the first one holds.

    `bar` is the length of the meter in force, None where none was named; `first` is whether the
    piece begins with it.
    """
    tempi: dict[Fraction, float] = {}
    for time, tempo in chain.from_iterable(measure.tempi for measure in measures):
        tempi.setdefault(time, tempo)
    return Measure(
        length=_length(measures, bar, first),
        meter=next((measure.meter for measure in measures if measure.meter), None),
        key=next((measure.key for measure in measures if measure.key), None),
        tempi=sorted(tempi.items()),
        repeat_begins=any(measure.repeat_begins for measure in measures),
        passes=max(measure.passes for measure in measures),
        ending=next((measure.ending for measure in measures if measure.ending), ()),
        ending_stops=any(measure.ending_stops for measure in measures),
        ending_is_open=any(measure.ending_is_open for measure in measures),
    )


def _length(measures: Sequence[Measure], bar: Fraction | None, first: bool) -> Fraction:
    """The meter and the notes decide; parts that rest may hold too long a rest.

    Notes run over where a program rounded triplets. Then other notes that fill the bar decide, or
    the bar itself, where no note values add up to what is written.
    """
    sounding = [one.length for one in measures if one.sounds]
    noted = max(sounding, default=None)
    if bar and noted and noted > bar and (bar in sounding or noted.denominator > _FINEST):
        noted = bar
    rests = max((one.length for one in measures if not one.sounds), default=Fraction(0))
    if noted is None:
        whole = {one.full for one in measures}
        return whole.pop() if len(whole) == 1 else rests
    is_short = first or any(one.is_short for one in measures)
    if rests <= noted or (is_short and bar is not None and rests >= bar):
        return noted
    return rests if bar is None else max(noted, min(rests, bar))


def played_order(measures: Sequence[Measure]) -> list[int]:
    """Indices of the measures as they are played, each section at most nine times.

    A section goes from the last forward sign, the end of the section before, or the beginning,
    up to a backward sign. In the n-th pass only endings numbered n are played.
    """
    endings: list[tuple[int, ...]] = []  # of each measure the ending that it belongs to
    inside: tuple[int, ...] = ()
    for measure in measures:
        inside = measure.ending or inside
        endings.append(inside)
        if measure.ending_stops or measure.passes > 1:
            inside = ()
    order: list[int] = []
    index = section = 0
    current = 1
    while index < len(measures):
        measure = measures[index]
        endings_left = index > section and endings[index - 1] and not endings[index]
        if (measure.repeat_begins and index != section) or endings_left:
            section, current = index, 1
        if not endings[index] or current in endings[index]:
            order.append(index)
            if measure.passes > 1:
                after = takewhile(bool, endings[index:])
                numbers = chain.from_iterable([*endings[section:index], *after])
                if current < max([measure.passes, *numbers]):
                    current += 1
                    index = section
                    continue
                if not endings[index]:
                    section, current = index + 1, 1
        index += 1
    return order


def bars_of(columns: Sequence[Measure], order: Sequence[int], limits: Limits) -> list[Bar]:
    """Measures end to end; one that is empty in all parts lasts a bar of its meter.

    Raises
    ------
    InputError
        If they are longer than `limits` allows.
    """
    meters: list[Meter] = []
    for column in columns:
        meters.append(column.meter or (meters[-1] if meters else Meter()))
    turns = [0] * len(columns)
    for index in order:
        turns[index] += 1
    taken = [0] * len(columns)
    bars = []
    start = Fraction(0)
    for index in order:
        length = columns[index].length or Fraction(meters[index].bar_steps, 4)
        bars.append(Bar(index, start, length, meters[index], taken[index], turns[index]))
        taken[index] += 1
        start += length
        check_size(limits, quarters=float(start))
    return bars


def bar_lines_of(bars: Iterable[Bar]) -> Iterator[Fraction]:
    """Where bars begin; a measure that completes the incomplete one before it begins none."""
    filled = Fraction(0)
    for bar in bars:
        if filled and filled + bar.length <= bar.whole:
            filled += bar.length
        else:
            yield bar.start
            filled = bar.length
        if filled >= bar.whole:
            filled = Fraction(0)


def signs_of(columns: Sequence[Measure], bars: Sequence[Bar]) -> Iterator[Sign]:
    """The repeat signs and endings of measures that are laid as written."""
    inside = False
    for column, bar in zip(columns, bars, strict=True):
        end = bar.start + bar.length
        if column.repeat_begins:
            yield Sign(bar.start, "forward")
        if column.ending:
            yield Sign(bar.start, "ending", column.ending)
            inside = True
        if inside and (column.ending_stops or column.passes > 1):
            yield Sign(end, "ending-open" if column.ending_is_open else "ending-stop")
            inside = False
        if column.passes > 1:
            yield Sign(end, "backward", (column.passes,) if column.passes > 2 else ())


def spans_of(bars: Sequence[Bar], order: Sequence[int]) -> tuple[Span, ...]:
    """The stretches of bars laid as written, in the order in which they are played."""
    spans: list[Span] = []
    jumps = [True, *(after != before + 1 for before, after in pairwise(order))]
    for index, jumps_here in zip(order, jumps, strict=True):
        bar = bars[index]
        if jumps_here:
            spans.append(Span(bar.start, bar.start))
        spans[-1] = Span(spans[-1].start, bar.start + bar.length)
    return tuple(spans)
