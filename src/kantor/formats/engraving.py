"""How notes on the grid are written down: note values, ties, beams, spelling, clefs, fermatas."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kantor.ensemble import Line
from kantor.music.bars import Bar
from kantor.music.notes import spans_of
from kantor.music.score import REST, STEPS_PER_QUARTER, Key, Pitches, Score

# Lengths in steps that one note head can show: name and dots.
NOTE_VALUES = {
    1: ("16th", 0),
    2: ("eighth", 0),
    3: ("eighth", 1),
    4: ("quarter", 0),
    6: ("quarter", 1),
    8: ("half", 0),
    12: ("half", 1),
    16: ("whole", 0),
    24: ("whole", 1),
    32: ("breve", 0),
}
_LINE_OF_FIFTHS = "FCGDAEB"


class Head(NamedTuple):
    """One written note or rest (`pitch` -1) within one bar; a note may need several, tied."""

    start: int
    end: int
    pitch: int
    tied_back: bool = False
    tied_on: bool = False
    whole_bar: bool = False


def heads_of(score: Score, line: int, bars: Sequence[Bar]) -> list[list[Head]]:
    """The heads of one line, rests among them, bar by bar."""
    spans = spans_of(score, line, rests=True)
    starts, ends = [start for start, _, _ in spans], [end for _, end, _ in spans]
    heads = []
    for bar in bars:
        inside = spans[bisect_right(ends, bar.start) : bisect_left(starts, bar.end)]
        heads.append([head for span in inside for head in _split(*span, bar)])
    return heads


def _split(first: int, last: int, pitch: int, bar: Bar) -> Iterator[Head]:
    """The part of a note within a bar as heads; one that starts off the beat ends on it first."""
    start, end = max(first, bar.start), min(last, bar.end)
    beat = bar.meter.beat_steps
    # A bar's rest is one sign, however long the bar; but in a pickup or a bar cut short some
    # programs take that sign for a rest as long as the meter.
    if pitch == REST and end - start == bar.meter.bar_steps and not bar.pickup:
        yield Head(start, end, REST, whole_bar=True)
        return
    sounds = pitch != REST
    while start < end:
        length = end - start
        into = (start - bar.start) % beat
        if length not in NOTE_VALUES or (into % 2 and length > beat - into):
            room = min(length, beat - into) if into else length
            length = max(value for value in NOTE_VALUES if value <= room)
        then = start + length
        yield Head(start, then, pitch, sounds and start > first, sounds and then < last)
        start = then


def beams_of(heads: Sequence[Head], bar: Bar) -> dict[int, str]:
    """Which heads a beam joins, by their start: neighbours within a beat shorter than a quarter."""
    groups: dict[tuple[int, int], list[int]] = {}
    broken = 0
    for head in heads:
        if head.pitch == REST or head.end - head.start >= STEPS_PER_QUARTER:
            broken += 1
        else:
            beat = (head.start - bar.start) // bar.meter.beat_steps
            groups.setdefault((beat, broken), []).append(head.start)
    beams: dict[int, str] = {}
    for starts in groups.values():
        if len(starts) > 1:
            beams |= dict.fromkeys(starts, "continue") | {starts[0]: "begin", starts[-1]: "end"}
    return beams


def spell(pitch: int, key: Key | None) -> tuple[str, int, int]:
    """Step, alteration and octave of a MIDI note number, as the key would write it.

    The twelve classes are twelve neighbours on the line of fifths: from three fifths below the
    signature's major tonic to eight above, one further up in minor, whose sixth and seventh
    degrees are raised.
    """
    key = key or Key()
    lowest = key.fifths - (2 if key.mode == "minor" else 3)
    fifths = lowest + (pitch * 7 - lowest) % 12  # C = 0, G = 1, F = -1
    alteration, letter = divmod(fifths + 1, 7)
    return _LINE_OF_FIFTHS[letter], alteration, (pitch - alteration) // 12 - 1


def signature_of(key: Key | None) -> dict[str, int]:
    """The steps that the key signature alters, and by how much."""
    fifths = key.fifths if key else 0
    if fifths >= 0:
        return dict.fromkeys(_LINE_OF_FIFTHS[:fifths], 1)
    return dict.fromkeys(_LINE_OF_FIFTHS[fifths:], -1)


def clef_of(line: Line, pitches: Pitches) -> tuple[str, int, int]:
    """Sign, line and octave change of the clef that suits a line.

    By the middle of its range: the bass clef below F sharp 3, from there to middle C the treble
    clef that sounds an octave lower, as tenors have it, and above the treble clef. A line whose
    range is not known has the treble or the bass clef, by the mean of `pitches`, which may hold
    rests.
    """
    if line.kind == "drum":
        return "percussion", 2, 0
    if line.high - line.low == 127:
        sounding = pitches[pitches != REST]
        return ("F", 4, 0) if sounding.size and float(sounding.mean()) < 57 else ("G", 2, 0)
    middle = (line.low + line.high) / 2
    if middle < 54:
        return "F", 4, 0
    return ("G", 2, -1) if middle < 60 else ("G", 2, 0)


def fermata_heads(
    score: Score, bars: Sequence[Bar], lines: Sequence[Sequence[Sequence[Head]]]
) -> set[tuple[int, int]]:
    """Which heads carry a fermata, as (line, start); `lines` are the heads of each line by bar.

    For each span of the score's fermatas within a bar: in every line the last head that lies
    within it, and the ones before it where no single head is as long as the span.
    """
    marked: set[tuple[int, int]] = set()
    for index, bar in enumerate(bars):
        held = np.concatenate([[False], score.fermatas[bar.start : bar.end], [False]])
        edges = (np.flatnonzero(held[1:] != held[:-1]) + bar.start).tolist()
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            inside = [
                (line, head)
                for line, by_bar in enumerate(lines)
                for head in by_bar[index]
                if start <= head.start and head.end <= end
            ]
            whole = any((head.start, head.end) == (start, end) for _, head in inside)
            marked |= {(line, head.start) for line, head in inside if head.end == end or not whole}
    return marked
