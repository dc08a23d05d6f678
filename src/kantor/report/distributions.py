"""How often: kinds of chords on the beats, notes a bar of each voice.

Conventions
-----------
Shares are 0 to 1 and add up to 1 within a table's column. Chords are looked at on the beats of
the score's meter, as sets of pitch classes; a beat on which nothing sounds is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.chords import pitch_class_sets
from kantor.metrics.texture import notes_per_bar
from kantor.music.score import VOICES, Score

Shares = NDArray[np.float64]

KINDS = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "dominant 7th": (0, 4, 7, 10),
    "minor 7th": (0, 3, 7, 10),
    "major 7th": (0, 4, 7, 11),
    "half-dim. 7th": (0, 3, 6, 10),
    "dim. 7th": (0, 3, 6, 9),
}
INCOMPLETE, OTHER = "incomplete", "other"
CHORDS = (*KINDS, INCOMPLETE, OTHER)


def _kinds_of_sets() -> NDArray[np.int64]:
    """For each set of pitch classes (its bits) the place in `CHORDS` of what it is."""
    kinds = np.full(4096, CHORDS.index(OTHER))
    for row, chord in enumerate(KINDS.values()):
        for root in range(12):
            bits = sum(1 << (root + one) % 12 for one in chord)
            kinds[bits] = row
    whole = np.flatnonzero(kinds < len(KINDS))
    for part in np.flatnonzero(kinds == CHORDS.index(OTHER)):
        if ((part & ~whole) == 0).any():
            kinds[part] = CHORDS.index(INCOMPLETE)
    return kinds


def chord_shares(scores: Iterable[Score]) -> Shares:
    """What stands on the beats.

    A whole chord counts under its kind, a part of one (such as an octave and a third, without
    the fifth) as incomplete, everything else as other.

    Returns
    -------
    (len(CHORDS),) float64
    """
    kinds = _kinds_of_sets()
    counts = np.zeros(len(CHORDS))
    for score in scores:
        sets = pitch_class_sets(score.pitches)
        beats = score.bar_positions[:, 0] % score.meter.beat_steps == 0
        counts += np.bincount(kinds[sets[beats & (sets != 0)]], minlength=len(CHORDS))
    return np.asarray(counts / max(counts.sum(), 1))


def note_rates(scores: Sequence[Score]) -> Shares:
    """Notes of each voice per 16 steps, the mean over the pieces, ``(voice,) float64``."""
    rates = [notes_per_bar(score.pitches, score.onsets) for score in scores]
    return np.asarray(np.mean(rates, axis=0)) if rates else np.zeros(len(VOICES))
