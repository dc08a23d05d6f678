"""Melodies like the training's are told from others, feature by feature."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kantor import settings
from kantor.data.corpus import Piece, save
from kantor.drift import compare, features, training
from kantor.drift.comparing import distance
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

LIMITS = settings.load(settings.Drift, "drift", Path(__file__).parents[2] / "params.yaml")


def melody(rng, low=60, length=4, meter="4/4"):
    pitches = low + np.clip(np.cumsum(rng.integers(-2, 3, 24)), -9, 9) + 9
    notes = [Note(length * i, length * (i + 1), int(p)) for i, p in enumerate(pitches)]
    meter = Meter.parse(meter)
    return Score(*arrays_of(notes, length * 24, voices=1), meter=meter, key=Key(0, "major"))


def rows(seed, count=120, **described):
    rng = np.random.default_rng(seed)
    return pd.DataFrame([features(melody(rng, **described)) for _ in range(count)])


@pytest.fixture(scope="module")
def known():
    return rows(0)


def test_more_of_the_same_does_not_drift(known):
    """Other melodies of one kind are within every threshold, and all expectations hold."""
    found = compare(rows(1), known, LIMITS)
    assert found.beyond == []
    assert set(found.distances) == set(LIMITS.thresholds)
    assert [one.name for one in found.outcomes if not one.success] == []
    assert "like the training's" in found.line


@pytest.mark.parametrize(
    ("described", "beyond", "refused"),
    [
        ({"low": 72}, {"range"}, {"lowest", "highest"}),
        ({"length": 2}, {"density"}, {"density"}),
        ({"meter": "3/4"}, {"meter"}, {"meter"}),
    ],
)
def test_what_changed_is_named(known, described, beyond, refused):
    """The feature that moved is beyond its threshold, and great_expectations refuses it."""
    found = compare(rows(1, **described), known, LIMITS)
    assert beyond <= set(found.beyond)
    assert refused <= {one.name for one in found.outcomes if not one.success}
    assert all(name in found.line for name in beyond)


def test_too_few_melodies_are_not_judged(known):
    """A handful of melodies says nothing."""
    found = compare(rows(1, count=LIMITS.least - 1), known, LIMITS)
    assert not found.distances
    assert not found.beyond
    assert "too few" in found.line


def test_distances_by_hand():
    """Half of the names moved is a half; numbers that are all higher are at 1."""
    first = pd.DataFrame({"meter": ["4/4", "4/4"], "density": [1.0, 2.0]})
    second = pd.DataFrame({"meter": ["4/4", "3/4"], "density": [3.0, 4.0]})
    assert distance("meter", first, second) == 0.5
    assert distance("density", first, second) == 1
    assert distance("density", first, first) == 0


def test_training_is_what_was_trained_on(tmp_path):
    """Only training pieces, each once, in their own key."""
    rng = np.random.default_rng(0)
    score = melody(rng)
    pieces = [
        Piece("a", "train", "jsb", 0, score),
        Piece("a+2", "train", "jsb", 2, score.transposed(2)),
        Piece("b", "valid", "jsb", 0, score),
    ]
    save(pieces, tmp_path / "scores.npz")
    assert training(tmp_path / "scores.npz").to_dict("records") == [features(score)]
