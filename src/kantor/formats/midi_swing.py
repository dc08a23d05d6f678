"""Make swung eighths of MIDI even where the file tells of them, as `kantor.formats.midi` does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction

Clock = Callable[[int], Fraction]
"""From a tick to quarters."""
_HALF = Fraction(1, 2)
_GRID = 24  # places in a quarter, of sixteenths and triplets
_NEAR = Fraction(1, 10)  # of a place, within which a time is on it: ticks are whole numbers


def straightened(clock: Clock, swings: Sequence[tuple[int, float]]) -> Clock:
    """A clock by which the eighths of each quarter are even.

    Parameters
    ----------
    clock
        As the file has it.
    swings
        Ticks from which quarters are counted, ascending, and the share of each quarter that its
        first eighth has. The first one holds for what is before it too.
    """
    if not swings:
        return clock
    ticks = [tick for tick, _ in swings]

    def even(tick: int) -> Fraction:
        start, ratio = swings[max(0, bisect_right(ticks, tick) - 1)]
        begins, long = clock(start), Fraction(ratio)
        whole, place = divmod(clock(tick) - begins, 1)
        if place < long:
            place *= _HALF / long
        else:
            place = _HALF + (place - long) * _HALF / (1 - long)
        nearest = round(place * _GRID)
        if abs(place * _GRID - nearest) < _NEAR:
            place = Fraction(nearest, _GRID)
        return max(Fraction(0), begins + whole + place)

    return even
