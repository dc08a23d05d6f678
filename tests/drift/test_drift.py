"""Melodies that came in: measured, logged, compared with the training's, and watched."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor import settings
from kantor.data.corpus import Piece, save
from kantor.drift import compare, features, last, record, training, watch
from kantor.drift.drift_report import STATE, distance
from kantor.drift.melody_features import COLUMNS, INTERVALS, PITCH_CLASSES
from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

LIMITS = settings.load(settings.Drift, "drift", Path(__file__).parents[2] / "params.yaml")


def melody(pitches, steps=4, **described):
    notes = [Note(steps * i, steps * (i + 1), int(pitch)) for i, pitch in enumerate(pitches)]
    return Score(*arrays_of(notes, steps * len(pitches), 1), **described)


def row(pitch):
    return features(melody([pitch]))


def test_counts_of_a_small_melody():
    """Range, density, key, meter and both histograms of four quarters, by hand."""
    row = features(melody([60, 64, 64, 48], meter=Meter(3, 4), key=Key(1, "major")))
    assert (row["notes"], row["lowest"], row["highest"], row["range"]) == (4, 48, 64, 16)
    assert (row["density"], row["key"], row["meter"]) == (1, "G major", "3/4")
    assert (row["pitch_class_0"], row["pitch_class_4"], row["pitch_class_7"]) == (0.5, 0.5, 0)
    leaps = {name: row[name] for name in INTERVALS if row[name]}
    third = pytest.approx(1 / 3, abs=1e-6)
    # The leap of sixteen semitones down is counted with the octaves.
    assert leaps == {"interval_+4": third, "interval_+0": third, "interval_-12": third}


@pytest.mark.parametrize("leads", [0, 3])
def test_only_the_leading_line_counts(leads):
    """Whichever leads; a melody that cannot be measured is an error, not a row of zeros."""
    pitches, onsets = arrays_of([Note(0, 4, 60), Note(4, 8, 62), Note(0, 8, 40, 3)], 8)
    score = Score(pitches, onsets, ensemble=replace(SATB, leads=leads))
    assert features(score) == features(score.line(leads))
    with pytest.raises(InputError, match="no note sounds"):
        features(replace(score, ensemble=replace(SATB, leads=1)))


@given(st.lists(st.integers(0, 127), min_size=2, max_size=40))
def test_histograms_are_shares(pitches):
    """Whatever the notes, each histogram sums to 1 and every column is there."""
    row = features(melody(pitches))
    assert tuple(row) == COLUMNS
    for names in (PITCH_CLASSES, INTERVALS):
        assert sum(row[name] for name in names) == pytest.approx(1, abs=1e-4)


def test_what_is_recorded_is_read(tmp_path):
    """Rows come back as they were, in order; an empty batch writes no file."""
    folder = tmp_path / "log"
    assert record(folder, []) is None
    assert list(last(folder, 5).columns) == list(COLUMNS)
    assert not folder.exists()
    record(folder, [row(60), row(61)])
    record(folder, [row(62)])
    assert last(folder, 10).to_dict("records") == [row(60), row(61), row(62)]
    assert list(last(folder, 2)["lowest"]) == [61, 62]


def test_many_write_at_once_and_the_log_is_bounded(tmp_path):
    """Nothing is lost between writers; the oldest parts go, and no other file does."""
    (tmp_path / "notes.csv").write_text("mine")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pitch: record(tmp_path, [row(pitch)]), range(40, 80)))
    assert sorted(last(tmp_path, 1000)["lowest"]) == list(range(40, 80))
    for pitch in range(50, 70):
        record(tmp_path, [row(pitch), row(pitch)], keep=5)
    assert len(list(tmp_path.iterdir())) == 3 + 1
    assert list(last(tmp_path, 5)["lowest"]) == [67, 68, 68, 69, 69]
    assert (tmp_path / "notes.csv").read_text() == "mine"


def rows(seed, count=120, low=60, length=4, meter="4/4"):
    """Features of `count` melodies of 24 notes that wander above the pitch `low`."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-2, 3, (count, 24)).cumsum(axis=1)
    described = {"meter": Meter.parse(meter), "key": Key(0, "major")}
    wandering = low + 9 + np.clip(steps, -9, 9)
    return pd.DataFrame([features(melody(one, length, **described)) for one in wandering])


@pytest.fixture(scope="module")
def known():
    return rows(0)


@pytest.mark.parametrize(
    ("described", "beyond", "refused"),
    [
        ({}, set(), set()),
        ({"low": 72}, {"range"}, {"lowest", "highest"}),
        ({"length": 2}, {"density"}, {"density"}),
        ({"meter": "3/4"}, {"meter"}, {"meter"}),
    ],
)
def test_what_changed_is_named(known, described, beyond, refused):
    """By distance and by great_expectations; melodies alike pass, and a handful says nothing."""
    report = compare(rows(1, **described), known, LIMITS)
    failed = {one.name for one in report.outcomes if not one.success}
    assert set(report.distances) == set(LIMITS.thresholds)
    assert beyond <= set(report.beyond)
    assert refused <= failed
    assert all(name in report.line for name in beyond)
    assert all(f"| {name} |" in report.markdown for name in LIMITS.thresholds)
    if not described:
        assert (report.beyond, failed) == ([], set())
        assert "like the training's" in report.line
        few = compare(known[: LIMITS.least - 1], known, LIMITS)
        assert (few.distances, few.beyond) == ({}, [])
        assert "too few" in few.line


def test_distances_by_hand():
    """Half of the names moved is a half; numbers that are all higher are at 1."""
    first = pd.DataFrame({"meter": ["4/4", "4/4"], "density": [1.0, 2.0]})
    second = pd.DataFrame({"meter": ["4/4", "3/4"], "density": [3.0, 4.0]})
    assert distance("meter", first, second) == 0.5
    assert distance("density", first, second) == 1
    assert distance("density", first, first) == 0


def test_training_is_what_was_trained_on(tmp_path):
    """Only training pieces, each once, in their own key."""
    score = melody([60, 62, 64, 65])
    pieces = [
        Piece("a", "train", "jsb", 0, score),
        Piece("a+2", "train", "jsb", 2, score.transposed(2)),
        Piece("b", "valid", "jsb", 0, score),
    ]
    save(pieces, tmp_path / "scores.npz")
    assert training(tmp_path / "scores.npz").to_dict("records") == [features(score)]


@pytest.mark.parametrize(
    ("checks", "requests"),
    [
        ("drift alike drift drift", "0001"),
        ("drift drift drift drift alike drift drift", "0100001"),
        ("drift old old old drift", "00001"),
        ("drift damage drift drift", "0001"),
    ],
)
def test_retraining_is_requested_when_drift_stays(tmp_path, checks, requests):
    """Once, until drift had gone; checks without anything new since say nothing."""
    asked = ""
    for check in checks.split():
        if check == "damage":
            (tmp_path / STATE).write_text('{"newest": "x"')
        elif check != "old":
            record(tmp_path, [row(60)])
        drifting = check in ("drift", "old")
        asked += "0" if check == "damage" else str(int(watch(tmp_path, drifting, 2, str)))
    assert asked == requests


def test_a_request_that_failed_is_repeated(tmp_path):
    """A server that is away costs no retraining, and the same cause has the same key."""
    retrain = Mock(side_effect=[ConnectionError, ConnectionError, None])
    for fails in (False, True, True, False, False):
        record(tmp_path, [row(60)])
        with pytest.raises(ConnectionError) if fails else nullcontext():
            watch(tmp_path, True, 2, retrain)
    assert retrain.call_args_list == [retrain.call_args] * 3
