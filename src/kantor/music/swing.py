"""Swing: eighths that are written even, and played long and short.

A quarter is cut in two where its first eighth ends, and each half is played evenly. Quarters are
counted from bar lines. Meters in eighths or shorter values, such as 6/8, are played as written.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.music.bars import bars_of
from kantor.music.score import STEPS_PER_QUARTER, Score

EVEN = 0.5


def swing_changes(score: Score) -> list[tuple[int, float]]:
    """From which steps on quarters are counted, and the share of each that its first eighth has.

    The first entry holds for what is before it too. Empty for a score that is played as written.
    """
    sound = score.ensemble.sound
    if sound is None or sound.swing == EVEN:
        return []
    changes: list[tuple[int, float]] = []
    for bar in bars_of(score):
        if bar.pickup:
            continue
        ratio = sound.swing if bar.meter.denominator <= 4 else EVEN
        start, before = changes[-1] if changes else (0, None)
        if ratio != before or (ratio != EVEN and (bar.start - start) % STEPS_PER_QUARTER):
            changes.append((bar.start, ratio))
    return changes


def steps_played(score: Score) -> NDArray[np.float64]:
    """When each step of a score begins, and the last one ends, as played.

    Returns
    -------
    (time + 1,) float64
        In steps, ascending; the first one is above 0 where an eighth of a pickup is played short.
    """
    steps = np.arange(score.steps + 1, dtype=float)
    changes = swing_changes(score)
    if not changes:
        return steps
    starts, ratios = np.array(changes).T
    stretch = np.maximum(np.searchsorted(starts, steps, side="right") - 1, 0)
    long = STEPS_PER_QUARTER * ratios[stretch]
    place = (steps - starts[stretch]) % STEPS_PER_QUARTER
    half = STEPS_PER_QUARTER / 2
    late = long + (place - half) * (STEPS_PER_QUARTER - long) / half
    return np.maximum.accumulate(steps - place + np.where(place < half, place * long / half, late))
