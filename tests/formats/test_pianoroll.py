"""Rolls and multitracks: every conversion and its inverse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.errors import InputError
from kantor.formats.pianoroll import (
    from_multitrack,
    from_roll,
    parse_multitrack,
    to_multitrack,
    to_roll,
)
from kantor.music.score import Meter, Score, onset_floor


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Scores with rests, held and repeated notes in one to four voices."""
    steps, voices = draw(st.integers(1, 40)), draw(st.integers(1, 4))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    pitches = random.choice([-1, 0, 60, 60, 61, 127], (steps, voices))
    onsets = onset_floor(pitches) | ((random.random(pitches.shape) < 0.4) & (pitches >= 0))
    if not onsets.any():
        pitches[0], onsets[0] = 60, True
        onsets |= onset_floor(pitches)
    meter = draw(st.sampled_from([Meter(), Meter(3, 4), Meter(6, 8)]))
    return Score(pitches, onsets, meter, pickup=draw(st.sampled_from([0, 2, 4])))


@given(scores())
@settings(max_examples=60, deadline=None)
def test_rolls_lose_nothing(score: Score) -> None:
    """Pitches to roll and back, with the onsets beside, are the same."""
    roll = to_roll(score.pitches)
    assert roll.shape == (score.steps, 128, score.pitches.shape[1])
    assert roll.dtype == bool
    pitches, onsets = from_roll(roll, score.onsets)
    assert (pitches == score.pitches).all()
    assert pitches.dtype == np.int8
    assert (onsets == score.onsets).all()
    assert (from_roll(roll)[1] == onset_floor(score.pitches)).all()


def test_windows_convert_at_once() -> None:
    """Leading dimensions, such as windows, pass through; onsets begin anew in each window."""
    pitches = np.full((3, 4, 2), 60, np.int8)
    found, onsets = from_roll(to_roll(pitches))
    assert (found == pitches).all()
    assert onsets[:, 0].all()
    assert not onsets[:, 1:].any()


@given(scores())
@settings(max_examples=60, deadline=None)
def test_multitracks_lose_no_note(score: Score) -> None:
    """Notes, repeated ones apart, tempo and title survive, and so do bar lines."""
    found = from_multitrack(to_multitrack(score))
    assert (found.pitches == score.pitches).all()
    assert (found.onsets == score.onsets).all()
    assert found.tempo == score.tempo
    if len(score.bar_lines):
        assert (found.bar_lines == score.bar_lines).all()


def test_multitracks_survive_a_file(tmp_path: Path) -> None:
    """What pypianoroll saves and loads again is the same score."""
    import pypianoroll

    pitches = np.array([[60, -1], [60, 40], [60, 40], [62, 40]])
    onsets = np.array([[1, 0], [1, 1], [1, 0], [1, 1]], bool)
    pypianoroll.save(tmp_path / "score.npz", to_multitrack(Score(pitches, onsets, title="Two")))
    found = from_multitrack(pypianoroll.load(tmp_path / "score.npz"))
    assert (found.pitches == pitches).all()
    assert (found.onsets == onsets).all()
    assert found.title == "Two"


def test_plain_tracks_are_understood() -> None:
    """Tracks made elsewhere, finer and with chords, become notes in exact time."""
    from pypianoroll import BinaryTrack, Multitrack, StandardTrack

    melody, chords = np.zeros((96, 128), np.uint8), np.zeros((96, 128), bool)
    melody[0:24, 60], melody[24:48, 60], melody[48:96, 62] = 90, 70, 90
    chords[0:96, [48, 52]] = True
    track = StandardTrack(name="Lead", pianoroll=melody)
    found = from_multitrack(Multitrack(resolution=24, tracks=[track]))
    assert found.onsets[:, 0].nonzero()[0].tolist() == [0, 4, 8]
    both = Multitrack(resolution=24, tracks=[track, BinaryTrack(name="Pad", pianoroll=chords)])
    assert [len(part.notes) for part in parse_multitrack(both).parts] == [3, 2]
    with pytest.raises(InputError, match="'Pad' has chords"):
        from_multitrack(both)


def test_an_empty_multitrack_is_refused() -> None:
    """No notes, no score."""
    from pypianoroll import Multitrack, StandardTrack

    empty = StandardTrack(pianoroll=np.zeros((8, 128), np.uint8))
    with pytest.raises(InputError, match="no notes"):
        parse_multitrack(Multitrack(resolution=4, tracks=[empty]))


def test_rolls_that_are_no_scores_are_refused() -> None:
    """Two pitches in one cell, or another number of pitches, are errors."""
    roll = to_roll(np.array([[60], [62]]))
    roll[0, 64, 0] = True
    with pytest.raises(InputError, match="more than one pitch"):
        from_roll(roll)
    with pytest.raises(InputError, match="expected"):
        from_roll(roll[:, :84])
    with pytest.raises(InputError, match="onsets of shape"):
        from_roll(to_roll(np.array([[60]])), np.ones((2, 1), bool))
