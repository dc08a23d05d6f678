"""A melody's features are what a person would count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.drift import features
from kantor.drift.features import COLUMNS, INTERVALS, PITCH_CLASSES
from kantor.errors import InputError
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score


def melody(pitches, steps=4, **described):
    notes = [Note(steps * i, steps * (i + 1), pitch) for i, pitch in enumerate(pitches)]
    return Score(*arrays_of(notes, steps * len(pitches), voices=1), **described)


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


def test_only_the_first_voice_counts():
    """The voices that were composed do not change a melody's features."""
    four = Score(*arrays_of([Note(0, 4, 60), Note(4, 8, 62), Note(0, 8, 40, 3)], 8))
    assert features(four) == features(four.line(0))


def test_a_silent_melody_is_refused():
    """What cannot be measured is an error, not a row of zeros."""
    with pytest.raises(InputError, match="no note sounds"):
        features(Score(np.full((8, 1), -1), np.zeros((8, 1), bool)))


@given(st.lists(st.integers(0, 127), min_size=2, max_size=40))
def test_histograms_are_shares(pitches):
    """Whatever the notes, each histogram sums to 1 and every column is there."""
    row = features(melody(pitches))
    assert tuple(row) == COLUMNS
    for names in (PITCH_CLASSES, INTERVALS):
        assert sum(row[name] for name in names) == pytest.approx(1, abs=1e-4)
