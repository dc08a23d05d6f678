"""Rolls and multitracks lose no note."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.music.rolls import pitches_of, to_multitrack

from kantor.music.notes import notes_of
from kantor.music.roll import recording_of, to_roll
from kantor.music.score import Meter, Score, ScoreError, onset_floor


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


def lines_of(score: Score) -> list[list[tuple[F, F, int]]]:
    """The notes of each voice that has any, in quarters."""
    notes = sorted(notes_of(score))
    lines = [
        [(F(note.start, 4), F(note.end, 4), note.pitch) for note in notes if note.voice == voice]
        for voice in range(score.pitches.shape[1])
    ]
    return [line for line in lines if line]


@given(scores())
@settings(max_examples=60, deadline=None)
def test_rolls_lose_no_pitch(score: Score) -> None:
    """Each cell of a roll has one pitch or none."""
    roll = to_roll(score.pitches)
    assert roll.shape == (score.steps, 128, score.pitches.shape[1])
    assert roll.dtype == bool
    assert (pitches_of(roll) == score.pitches).all()


def test_windows_convert_at_once() -> None:
    """Leading dimensions, such as windows, pass through."""
    pitches = np.random.default_rng(0).integers(-1, 128, (3, 4, 2))
    assert (pitches_of(to_roll(pitches)) == pitches).all()


@given(scores())
@settings(max_examples=60, deadline=None)
def test_multitracks_lose_no_note(score: Score) -> None:
    """Notes, repeated ones apart, and tempo are read, and so are bar lines."""
    found = recording_of(to_multitrack(score))
    assert [[tuple(note) for note in part.notes] for part in found.parts] == lines_of(score)
    assert found.tempo == score.tempo
    if len(score.bar_lines):
        lines = score.bar_lines[score.bar_lines < score.steps]
        assert [line * 4 for line in found.bar_lines] == lines.tolist()


def test_multitracks_survive_a_file(tmp_path: Path) -> None:
    """What pypianoroll saves and loads again has the same notes."""
    import pypianoroll

    pitches = np.array([[60, -1], [60, 40], [60, 40], [62, 40]])
    onsets = np.array([[1, 0], [1, 1], [1, 0], [1, 1]], bool)
    score = Score(pitches, onsets, title="Two")
    pypianoroll.save(tmp_path / "score.npz", to_multitrack(score))
    found = recording_of(pypianoroll.load(tmp_path / "score.npz"))
    assert [[tuple(note) for note in part.notes] for part in found.parts] == lines_of(score)
    assert found.title == "Two"


def test_plain_tracks_are_understood() -> None:
    """Tracks made elsewhere, finer and with chords, become notes in exact time."""
    from pypianoroll import BinaryTrack, Multitrack, StandardTrack

    melody, chords = np.zeros((96, 128), np.uint8), np.zeros((96, 128), bool)
    melody[0:24, 60], melody[24:48, 60], melody[48:96, 62] = 90, 70, 90
    chords[0:96, [48, 52]] = True
    track = StandardTrack(name="Lead", pianoroll=melody)
    both = Multitrack(resolution=24, tracks=[track, BinaryTrack(name="Pad", pianoroll=chords)])
    lead, pad = recording_of(both).parts
    assert [tuple(note) for note in lead.notes] == [(0, 1, 60), (1, 2, 60), (2, 4, 62)]
    assert [tuple(note) for note in pad.notes] == [(0, 4, 48), (0, 4, 52)]


def test_an_empty_multitrack_is_refused() -> None:
    """No notes, no score."""
    from pypianoroll import Multitrack, StandardTrack

    empty = StandardTrack(pianoroll=np.zeros((8, 128), np.uint8))
    with pytest.raises(ScoreError, match="no notes"):
        recording_of(Multitrack(resolution=4, tracks=[empty]))
