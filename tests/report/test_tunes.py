"""Known and new tunes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kantor.music.score import Score, onset_floor
from kantor.report.tunes import interval_runs, new_tunes


def test_a_tune_is_known_in_another_key_and_rhythm(corpus):
    """Transposed and at half the speed, a training tune is still found."""
    score = corpus[0].score.transposed(3)
    slow = np.repeat(score.pitches, 2, axis=0)
    other = Score(slow, onset_floor(slow))
    training = [piece.score for piece in corpus[:3]]
    assert new_tunes([corpus[3].score, other, corpus[4].score], training) == [0, 2]


def test_without_training_data_every_tune_is_new(corpus):
    """Nothing known, nothing taken for known; a tune too short to compare is new as well."""
    short = replace(
        corpus[0].score,
        pitches=corpus[0].score.pitches[:8],
        onsets=corpus[0].score.onsets[:8],
        fermatas=np.zeros(8, bool),
    )
    assert interval_runs(short) == set()
    assert new_tunes([short, corpus[1].score], []) == [0, 1]
