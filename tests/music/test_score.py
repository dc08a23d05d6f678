"""The score as arrays: conventions, bars, keys and meters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.errors import InputError
from kantor.music.score import REST, Key, Meter, Score, onset_floor


@pytest.mark.parametrize(
    ("pitches", "onsets", "change", "fault"),
    [
        ([60, 60], [1, 0], {}, "expected \\(time, line\\)"),
        ([[60], [300]], [[1], [1]], {}, "MIDI note numbers"),
        ([[60], [-2]], [[1], [1]], {}, "MIDI note numbers"),
        ([[60], [60]], [[1]], {}, "onsets of shape"),
        ([[60], [-1]], [[1], [1]], {}, "stands on a rest"),
        ([[60], [62]], [[1], [0]], {}, "no onset"),
        ([[60], [60]], [[0], [0]], {}, "no onset"),
        ([[60]], [[1]], {"pickup": 16}, "pickup"),
        ([[60]], [[1]], {"pickup": -1}, "pickup"),
        ([[60]], [[1]], {"tempo": 0.0}, "tempo"),
        ([[60]], [[1]], {"tempo": float("nan")}, "tempo"),
        ([[60]], [[1]], {"fermatas": np.zeros(3, bool)}, "fermatas of shape"),
        ([[60]], [[1]], {"bar_lines": np.array([4, 4])}, "bar lines"),
        ([[60]], [[1]], {"bar_lines": np.array([-1, 4])}, "bar lines"),
    ],
)
def test_what_contradicts_itself_is_refused(pitches, onsets, change, fault):
    """What breaks the conventions or does not fit the notes never becomes a score."""
    with pytest.raises(InputError, match=fault):
        Score(np.array(pitches), np.array(onsets, bool), **change)


def test_a_score_cannot_be_changed():
    """The arrays are read-only, and are not those of the caller."""
    pitches = np.full((4, 1), 60, np.int8)
    score = Score(pitches, np.eye(4, 1, dtype=bool))
    pitches[:] = 0
    assert score.pitches[0, 0] == 60
    with pytest.raises(ValueError, match="read-only"):
        score.pitches[0, 0] = 61


@pytest.mark.parametrize(
    ("steps", "about", "expected"),
    [
        # a quarter's pickup in 3/4 stands eight steps into a bar of twelve
        (
            20,
            {"meter": Meter(3, 4), "pickup": 4},
            {0: [8, 12], 3: [11, 12], 4: [0, 12], 19: [3, 12]},
        ),
        # where bars differ in length, each step knows the length of its own
        (32, {"bar_lines": [0, 8, 20]}, {7: [7, 8], 8: [0, 12], 20: [0, 12], 31: [11, 12]}),
    ],
)
def test_bar_positions(steps, about, expected):
    """Steps since the bar line, and the bar's length; a pickup is the end of a whole bar."""
    rests = np.full((steps, 1), REST)
    positions = Score(rests, rests != REST, **about).bar_positions
    assert {step: positions[step].tolist() for step in expected} == expected


def test_transposition_moves_notes_and_key_and_no_rest():
    """Rests stay rests, the key goes along, and the range of MIDI is not left."""
    score = Score(np.array([[60], [-1]]), np.array([[True], [False]]), key=Key(-1, "minor"))
    moved = score.transposed(2)
    assert moved.pitches.tolist() == [[62], [-1]]
    assert moved.key == Key(1, "minor")
    with pytest.raises(InputError, match="range"):
        score.transposed(68)


@pytest.mark.parametrize(
    ("key", "name", "tonic", "major_tonic"),
    [
        (Key(0), "C major", 0, 0),
        (Key(0, "minor"), "A minor", 9, 0),
        (Key(3, "minor"), "F# minor", 6, 9),
        (Key(-3), "Eb major", 3, 3),
        (Key(-1, "minor"), "D minor", 2, 5),
        (Key(6), "F# major", 6, 6),
        (Key(-6), "Gb major", 6, 6),
    ],
)
def test_key_names(key, name, tonic, major_tonic):
    """Names and pitch classes of keys are those of the circle of fifths."""
    assert (key.name, key.tonic, key.major_tonic) == (name, tonic, major_tonic)


@given(st.integers(-7, 7), st.sampled_from(["major", "minor"]), st.integers(-12, 12))
@settings(max_examples=60)
def test_a_transposed_key_has_the_transposed_tonic(fifths, mode, by):
    """Whatever its spelling, the tonic has moved by the semitones asked for."""
    key = Key(fifths, mode)
    assert key.transposed(by).tonic == (key.tonic + by) % 12


@pytest.mark.parametrize(
    ("text", "bar", "beat"),
    [
        ("4/4", 16, 4),
        ("3/4", 12, 4),
        ("6/8", 12, 6),
        ("3/8", 6, 2),
        ("2/2", 16, 8),
        ("12/8", 24, 6),
    ],
)
def test_meter_lengths(text, bar, beat):
    """Bars and beats have their lengths in sixteenths; 6/8 is felt in two."""
    meter = Meter.parse(text)
    assert (meter.bar_steps, meter.beat_steps, str(meter)) == (bar, beat, text)


@pytest.mark.parametrize("text", ["", "4", "4/4/4", "a/b", "0/4", "4/3", "65/4", "3/32"])
def test_impossible_meters_are_refused(text):
    """What is no time signature, or does not fit the grid, is an error."""
    with pytest.raises(InputError, match="meter"):
        Meter.parse(text)


def test_onset_floor():
    """A change of pitch is an onset; a rest never is."""
    assert onset_floor([[60], [60], [-1], [60]])[:, 0].tolist() == [True, False, False, True]
