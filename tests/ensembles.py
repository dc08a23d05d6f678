"""An ensemble unlike SATB, for tests: five pitched lines and three drums; and music for it."""

import numpy as np

from kantor.ensemble import Ensemble, Line
from kantor.music.score import REST, Key, Score, onset_floor

BAND = Ensemble(
    "band",
    (
        Line("flute", 60, 96),
        Line("voice", 57, 77),
        Line("guitar", 45, 76),
        Line("piano", 40, 72),
        Line("bass", 28, 52),
        Line("hat", 42, 42, kind="drum"),
        Line("snare", 38, 38, kind="drum"),
        Line("kick", 36, 36, kind="drum"),
    ),
    leads=1,
    order=(1, 7, 4, 6, 0, 3, 5, 2),
    bass=4,
)


def tune(row: int, steps: int = 32) -> Score:
    """Held pitches that change every quarter, and drums on some of the steps."""
    random, shape = np.random.default_rng(row), (steps, len(BAND))
    low, high = np.array(BAND.ranges).T
    pitches = np.repeat(random.integers(low, high + 1, (steps // 4, len(BAND))), 4, axis=0)
    drums = np.arange(len(BAND)) >= BAND.pitched
    pitches = np.where(drums & (random.random(shape) < 0.6), REST, pitches)
    onsets = onset_floor(pitches) | (drums & (pitches != REST))
    return Score(pitches.astype(np.int8), onsets, key=Key(row % 3), ensemble=BAND)
