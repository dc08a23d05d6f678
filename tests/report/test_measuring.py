"""What is counted beside the metrics: chords and notes, meters, and which tunes are known."""

from __future__ import annotations

import numpy as np
import pytest

from kantor.ensemble import Ensemble, Line
from kantor.metrics.baselines import BASELINES
from kantor.metrics.musical import evaluate_windows
from kantor.music.score import Meter, Score, onset_floor
from kantor.report.evaluation import chord_shares, note_rates
from kantor.report.measuring import Bodies, measure, new_tunes
from kantor.settings import Evaluate

SETTINGS = Evaluate(split="valid", samples=1)


def piece(seed: int, meter: Meter = Meter()) -> Score:  # noqa: B008
    """Eight bars of random quarters around four centres."""
    rng = np.random.default_rng(seed)
    notes = np.array([70, 64, 57, 48]) + rng.integers(-5, 6, (32, 4))
    pitches = np.repeat(notes, 4, axis=0).astype(np.int8)
    return Score(pitches, onset_floor(pitches), meter)


def test_every_meter_has_its_own_pieces_means():
    """4/4, 3/4 and all other meters have a part each, as far as there are pieces."""
    waltz, rest = piece(5, Meter(3, 4)), [piece(6, Meter(3, 2)), piece(7, Meter(6, 8))]
    real = [*rest, waltz, piece(0), piece(1)]
    figures = measure(Bodies(real, real, {}, []), SETTINGS, 0.0)
    parts = figures["by_meter"]
    counts = {meter: part["pieces"] for meter, part in parts.items()}
    assert counts == {"4/4": 2, "3/4": 1, "others": 2}
    for meter, name, scores in (("3/4", "crossing", [waltz]), ("others", "leaps_bass", rest)):
        mean = evaluate_windows(scores)[name].mean()
        assert parts[meter]["real"][name] == pytest.approx(mean, abs=6e-5)
    assert figures["new_tunes"] == {"pieces": 0}


def test_another_ensemble_is_measured_as_well():
    """The lines' names are its own, and what needs more lines or a bass is left out."""
    lines = (Line("lead", 58, 82), Line("low", 40, 60), Line("kick", 36, 36, "drum"))
    duet = Ensemble("duet", lines)
    real = []
    for seed in range(3):
        pitches = piece(seed).pitches[:, [0, 3, 3]].copy()
        pitches[:, 2] = 36
        real.append(Score(pitches, onset_floor(pitches), ensemble=duet))
    rng = np.random.default_rng
    naive = {name: baseline(real, rng(0)) for name, baseline in BASELINES.items()}
    figures = measure(Bodies(naive["random"], real, naive, real), SETTINGS, 0)
    assert {"leaps_low", "pitch_histogram_low"} <= set(figures["metrics"])
    assert not {"four_pitches", "leaps_lead", "leaps_kick"} & set(figures["metrics"])
    assert "leaps_bass" not in figures["headline"]


def test_a_tune_is_known_in_another_key_and_rhythm(corpus):
    """Transposed and at half the speed, a training tune is still found; one too short to compare
    is new.
    """
    slow = np.repeat(corpus[0].score.transposed(3).pitches, 2, axis=0)
    other, short = Score(slow, onset_floor(slow)), Score(slow[:16], onset_floor(slow[:16]))
    training = [piece.score for piece in corpus[:3]]
    scores = [corpus[3].score, other, corpus[4].score, short]
    assert new_tunes(scores, training) == [0, 2, 3]
    assert new_tunes([other], []) == []


def test_chords_and_notes_are_counted(corpus):
    """Silent beats are no chords, and notes are counted by their onsets."""
    silent = np.full((16, 4), -1, np.int8)
    assert chord_shares([Score(silent, np.zeros((16, 4), bool))]).sum() == 0
    assert chord_shares([one.score for one in corpus]).sum() == pytest.approx(1)
    pitches = np.tile(np.array([72, 67, 64, 48], np.int8), (16, 1))
    onsets = onset_floor(pitches)
    onsets[::4, 3] = True
    np.testing.assert_allclose(note_rates([Score(pitches, onsets)]), [1, 1, 1, 4])
