"""Pitches become tokens in the frame of the key, hits in none, and come back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ensembles import BAND

from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import SetupError
from kantor.music.score import REST as SILENT
from kantor.network.tokens import REST, Vocabulary

ENSEMBLES = pytest.mark.parametrize("ensemble", [SATB, BAND], ids=lambda ensemble: ensemble.name)
keys = st.integers(0, 11)


def random_score(ensemble: Ensemble, seed: int, margin: int = 0) -> np.ndarray:
    """Any pitches that a model of an ensemble can be given, `margin` semitones from the limits."""
    random, vocabulary = np.random.default_rng(seed), Vocabulary(ensemble)
    bounds = vocabulary.lowest + margin, vocabulary.highest + 1 - margin
    score = random.integers(*bounds, (1, 9, len(ensemble)))
    score[..., ensemble.pitched :] = [low for low, _ in ensemble.ranges[ensemble.pitched :]]
    return np.where(random.random(score.shape) < 0.2, SILENT, score)


@ENSEMBLES
@settings(max_examples=25, deadline=None)
@given(keys, st.integers(0, 2**32 - 1))
def test_round_trip(ensemble: Ensemble, key: int, seed: int) -> None:
    """Every pitch that each key's frame can hold, every hit and the rest come back as they were."""
    vocabulary, score, tonic = Vocabulary(ensemble), random_score(ensemble, seed), np.array([key])
    tokens = vocabulary.to_tokens(score, tonic)
    assert np.array_equal(tokens == REST, score == SILENT)
    assert np.array_equal(vocabulary.to_pitches(tokens, tonic), score)
    for line, (low, high) in enumerate(ensemble.ranges):
        assert tokens[..., line].max() <= vocabulary.choices_of(line)
        if line < ensemble.pitched:  # the frame holds all ranges
            assert vocabulary.lowest <= low <= high <= vocabulary.highest


@ENSEMBLES
@settings(max_examples=25, deadline=None)
@given(keys, st.integers(-6, 6), st.integers(0, 2**32 - 1))
def test_transposing_with_the_key(ensemble: Ensemble, key: int, by: int, seed: int) -> None:
    """A piece moved together with its key has the same tokens, or all an octave off."""
    vocabulary, score = Vocabulary(ensemble), random_score(ensemble, seed, 6)
    sounding = (np.arange(len(ensemble)) < ensemble.pitched) & (score != SILENT)
    one = vocabulary.to_tokens(score, np.array([key]))
    two = vocabulary.to_tokens(score + by * sounding, np.array([(key + by) % 12]))
    moves = np.unique((two - one)[sounding])
    assert moves.tolist() in ([], [-12], [0], [12])
    assert np.array_equal(one[~sounding], two[~sounding])


@pytest.mark.parametrize(("pitched", "drums"), [(2, 0), (7, 0), (3, 9)])
def test_refuses_what_no_model_can_have(pitched: int, drums: int) -> None:
    """One line with the ensemble's name and the limits."""
    lines = [Line(f"line {place}", 40, 60) for place in range(pitched)]
    lines += [Line(f"drum {place}", 40, 40, kind="drum") for place in range(drums)]
    with pytest.raises(SetupError, match=r"ensemble odd: .* 3 to 6 pitched lines .* 8 drum"):
        Vocabulary(Ensemble("odd", tuple(lines)))
