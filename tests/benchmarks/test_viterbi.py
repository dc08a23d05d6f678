"""Counted chords: shares with a prior, the likeliest path, chords of beats, a setting."""

import numpy as np
import pytest
from benchmarks import viterbi

from kantor.music.score import Key, Score, onset_floor

CADENCE = [(76, 67, 60, 48), (74, 67, 59, 43), (72, 67, 64, 48)]
"""I V I in C major, a quarter each."""


def quarters(chords, key="major"):
    """Chords of a quarter each, in C major or A minor; they begin a bar."""
    pitches = np.repeat(np.array(chords, np.int8), 4, axis=0)
    return Score(pitches, onset_floor(pitches), key=Key(0, key))


def test_a_prior_weighs_as_much_as_there_are_kinds():
    """3 and 1 of 4, two kinds seen, three possible: (3 + 2/3) / 6, (1 + 2/3) / 6, (2/3) / 6."""
    found = np.exp(viterbi.logs(np.array([3.0, 1.0, 0.0]), 1 / 3))
    assert found == pytest.approx([11 / 18, 5 / 18, 2 / 18])


def test_the_likeliest_path_may_begin_unlikely():
    """1 leads at first, but only 0 may go on to what weighs most."""
    totals = [np.array([0.0, 1.0]), np.array([0.0, 0.0]), np.array([5.0, 0.0])]
    joins = [np.array([[0.0, -9.0], [-9.0, 0.0]])] * 2
    assert viterbi.likeliest(totals, joins) == [0, 0, 0]


def test_a_chord_is_that_to_which_a_suspension_resolves():
    """C G, suspended F, then E under C: the beat's chord is C E G on C, 1 + 16 + 128."""
    pitches = np.array([(72, 67, 65, 48)] * 2 + [(72, 67, 64, 48)] * 2, np.int8)
    chords, notes = viterbi.chords_of(Score(pitches, onset_floor(pitches), key=Key()))
    assert chords.tolist() == [145]
    assert notes.tolist() == [[72, 67, 64, 48]]


def test_a_chord_in_another_inversion_or_key_is_another():
    """E in the bass is degree 4; in A minor, C E G is 3, 7 and 10 above the tonic."""
    assert viterbi.chords_of(quarters([(72, 67, 60, 52)]))[0].tolist() == [4 * 4096 + 145]
    minor = 3 * 4096 + (1 << 3) + (1 << 7) + (1 << 10)
    assert viterbi.chords_of(quarters([(72, 67, 64, 48)], "minor"))[0].tolist() == [minor]


def test_a_beat_without_a_whole_chord_has_none():
    """C and G alone; and C E G while the tenor rests."""
    chords, _ = viterbi.chords_of(quarters([(72, 67, 60, 48), (76, 67, -1, 48)]))
    assert chords.tolist() == [-1, -1]


def test_the_soprano_of_the_only_setting_gets_it_back():
    """Whatever stood below the soprano before; each chord is struck with the soprano's note."""
    real = quarters(CADENCE)
    asked = quarters([(chord[0], 60, 55, 48) for chord in CADENCE])
    (found,) = viterbi.harmonise([asked], [real])
    assert found.pitches.tolist() == real.pitches.tolist()
    assert found.onsets.tolist() == [[step % 4 == 0] * 4 for step in range(12)]
