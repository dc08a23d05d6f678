"""Whether a melody was played to the beat that it is counted in, and how late all of it is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from statistics import median_low

import numpy as np

from kantor.music.notation import Time
from kantor.music.rhythms import Floats

# Places in a quarter at which notes stand that follow a beat, and finer ones of exact notation.
_GRID = np.array([0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1])
_EXACT = np.unique([*np.arange(25) / 24, *np.arange(33) / 32])
_TOLERANCE, _MOSTLY = 0.004, 0.9  # quarters from an exact place; share of the notes
_LATE = 0.03  # quarters of a constant offset that are not worth mending
_SLIGHTLY = 0.006  # ... where it puts twice as many notes on beats
_DIVISIONS = (2, 3, 4, 6)  # of a quarter, by which a beat shows
_BY_CHANCE = 8.0  # -log of the probability that onsets without a beat seem to follow a division
_FEW = 0.6  # of the most that this can be, where notes are few
_STEADY = 0.7  # share of what holds within a few notes that must hold throughout
_TOGETHER = 8  # notes within which a player without a click keeps the beat


def follows_beat(starts: Floats) -> bool:
    """Whether onsets, ``(note,)`` in quarters, follow the beat that they are counted in.

    They do where they stand exactly on notated places, or where they gather around the halves,
    thirds, quarters or sixths of the beat, and do so throughout as they do from moment to moment.
    """
    exact = np.abs((starts % 1)[:, None] - _EXACT).min(axis=1) < _TOLERANCE
    if exact.mean() >= _MOSTLY:
        return True
    count = len(starts)
    turns = np.exp(2j * np.pi * np.outer(_DIVISIONS, starts))
    overall = np.abs(turns.mean(axis=1)) ** 2
    sums = np.cumsum(np.pad(turns, ((0, 0), (1, 0))), axis=1)
    windows = np.abs((sums[:, _TOGETHER:] - sums[:, :-_TOGETHER]) / _TOGETHER) ** 2
    # The square of a mean of random directions is not 0, but 1 / count.
    local = (windows.mean(axis=1) * _TOGETHER - 1) / (_TOGETHER - 1)
    throughout = (overall * count - 1) / (count - 1)
    seen = overall * count > min(_BY_CHANCE, _FEW * count)
    return bool((seen & (throughout > _STEADY * local)).any())


def latency(starts: Sequence[Time]) -> Fraction:
    """By how much all notes are late, in quarters; 0 where they are not, or follow no beat."""
    times = np.array([float(start) for start in starts])

    def off(shift: float) -> float:
        return float(np.abs(((times - shift) % 1)[:, None] - _GRID).min(axis=1).mean())

    shifts = np.arange(24) / 96
    best = float(min(shifts, key=off))
    # A sixteenth more or less fits as well: the one that puts most notes on beats.
    candidates = sorted((best, best - 0.25, best + 0.25), key=abs)
    shift = max(candidates, key=lambda one: _on_beats(times - one))
    # Notes that are nearly a sixteenth late stand near the grid, but seldom on beats.
    gain, between = off(0.0) - off(best), _on_beats(times - shift) >= 2 * _on_beats(times)
    if gain < (_SLIGHTLY if between else _LATE):
        return Fraction(0)
    nearest = [start - Fraction(round(4 * (float(start) - shift)), 4) for start in starts]
    late = Fraction(median_low(nearest))
    return late if abs(late) >= _LATE else Fraction(0)


def _on_beats(times: Floats) -> int:
    """How many notes stand nearest to beats, and to halves of them: the former count twice."""
    steps = np.rint(4 * times)
    return int((steps % 4 == 0).sum() + (steps % 2 == 0).sum())
