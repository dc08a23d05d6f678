"""Kinds of chords and rates of notes on music with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from kantor.music.score import Meter, Score, onset_floor
from kantor.report.distributions import CHORDS, chord_shares, note_rates

BEATS = {
    "major": (72, 67, 64, 48),
    "minor": (69, 64, 60, 45),
    "diminished": (71, 65, 62, 50),
    "dominant 7th": (71, 65, 62, 43),
    "minor 7th": (72, 65, 57, 50),
    "major 7th": (76, 71, 67, 48),
    "half-dim. 7th": (69, 65, 62, 47),
    "dim. 7th": (68, 65, 62, 47),
    "incomplete": (72, 64, 60, 48),
    "other": (74, 67, 64, 48),
}


COMMON = Meter()


def score_of(chords, meter=COMMON):
    pitches = np.repeat(np.array(chords, np.int8), meter.beat_steps, axis=0)
    return Score(pitches, onset_floor(pitches), meter)


@pytest.mark.parametrize("meter", [Meter(), Meter(3, 4), Meter(6, 8)])
def test_every_kind_of_chord_is_told(meter):
    """One beat of each kind, in any key and meter, gives each kind its tenth."""
    scores = [score_of(list(BEATS.values()), meter).transposed(shift) for shift in range(-5, 7)]
    assert tuple(BEATS) == CHORDS
    np.testing.assert_allclose(chord_shares(scores), 0.1)


def test_silence_has_no_chords():
    """Beats on which nothing sounds are not counted."""
    silent = score_of([(-1, -1, -1, -1)] * 4)
    assert chord_shares([silent]).sum() == 0


def test_notes_are_counted_by_onsets():
    """A note struck on every quarter is four a bar even where the pitch stays."""
    score = score_of([BEATS["major"]] * 4)
    onsets = score.onsets.copy()
    onsets[::4, 3] = True
    struck = Score(score.pitches, onsets)
    np.testing.assert_allclose(note_rates([struck]), [1, 1, 1, 4])
