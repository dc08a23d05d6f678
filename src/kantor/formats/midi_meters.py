"""Where the meters of a MIDI file begin, and its pickup; odd time signatures are mended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from kantor.errors import InputError
from kantor.music.score import Meter

Sign = tuple[int, int]
"""The numerator of a time signature, and the denominator's power of two."""
_Begins = tuple[Fraction, Meter]

_CLOSE = Fraction(1, 8)  # quarters that a bar line may lie off, half a sixteenth
_FINEST = 7  # power of two of the finest denominator that is taken for more than a fault
_TOLD = 5  # signatures that a message names


class Meters(NamedTuple):
    """The meters and where each begins; see `kantor.formats.parsed.ParsedFile`."""

    begins: tuple[_Begins, ...]
    pickup: Fraction | None
    named: bool  # False where the first is a default
    messages: tuple[str, ...]


def meters_of(signs: Mapping[Fraction, Sign], length: Fraction) -> Meters:
    """The meters of a file, and messages on what is odd in its signatures.

    Parameters
    ----------
    signs
        And where each stands, ascending.
    length
        Of the file, in quarters.
    """
    named = {Fraction(0): (4, 2), **signs}
    meters: list[_Begins] = []
    messages: dict[str, None] = {}
    left_out: list[str] = []
    passed_over = False
    for (start, sign), end in zip(named.items(), [*list(named)[1:], length], strict=True):
        meter = _meter(*sign, max(Fraction(0), end - start))
        written = f"{sign[0]}/{1 << sign[1]}" if sign[1] <= _FINEST else f"{sign[0]}/2^{sign[1]}"
        if meter is None:
            left_out.append(written)
            passed_over = True
            meter = None if meters else Meter()
        elif str(meter) != written:
            messages[f"time signature {written}, finer than sixteenths: taken as {meter}"] = None
        if meter is None or (meters and _holds_on(meters[-1], start, meter, passed_over)):
            continue
        meters.append((start, meter))
        passed_over = False
    if left_out:
        more = f" and {len(left_out) - _TOLD:,} more" if len(left_out) > _TOLD else ""
        kinds = ", ".join(left_out[:_TOLD])
        messages[f"odd time signature {kinds}{more}: left out"] = None
    return Meters(*_pickup(meters, length), len(signs) > len(left_out), tuple(messages))


def _meter(numerator: int, power: int, lasting: Fraction) -> Meter | None:
    """The meter of a signature that lasts so many quarters; None if it gives no usable bars.

    Of bars that are no whole sixteenths several are joined, so that their bar lines stay true.
    """
    while power and numerator % 2 == 0 and (power > 5 or numerator > 64) and numerator:
        numerator, power = numerator // 2, power - 1
    if 4 < power <= _FINEST and (numerator << 4) % (1 << power):
        if lasting < Fraction(numerator, 4):
            return None  # a bar or two of filling
        power = 4
    try:
        return Meter(numerator, 1 << power) if power <= _FINEST else None
    except InputError:
        return None


def _holds_on(before: _Begins, start: Fraction, meter: Meter, passed_over: bool) -> bool:
    """Whether a signature changes nothing; after one that was passed over it may move the bars."""
    if meter != before[1]:
        return False
    bar = Fraction(meter.bar_steps, 4)
    off = (start - before[0]) % bar
    return not passed_over or min(off, bar - off) <= _CLOSE


def _pickup(
    meters: Sequence[_Begins], length: Fraction
) -> tuple[tuple[_Begins, ...], Fraction | None]:
    """The meters without the short first bar that is a pickup, and its length."""
    if len(meters) > 1:
        short, (start, meter) = meters[0][1], meters[1]
        lasting: dict[Meter, Fraction] = defaultdict(Fraction)
        for (begin, one), (end, _) in pairwise([*meters, (length, meter)]):
            lasting[one] += end - begin
        one_bar = start == Fraction(short.bar_steps, 4) and short.bar_steps < meter.bar_steps
        if one_bar and lasting[short] < lasting[meter]:
            return ((Fraction(0), meter), *meters[2:]), start
    return tuple(meters), None
