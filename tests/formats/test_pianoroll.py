"""Piano rolls, and pypianoroll's multitracks both ways."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pypianoroll
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypianoroll import BinaryTrack, Multitrack, StandardTrack

from kantor.errors import InputError
from kantor.formats import pianoroll
from kantor.formats.pianoroll import parse_multitrack, to_multitrack, to_roll
from kantor.music.notes import Note, notes_of
from kantor.music.quantise import quantise
from kantor.music.score import REST, Meter, Score, onset_floor


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


def notes_in(multitrack: Multitrack) -> list[Note]:
    """The notes on the grid, tracks without notes counted as lines."""
    lines = {track.name: line for line, track in enumerate(multitrack.tracks)}
    return sorted(
        note._replace(line=lines[part.name])
        for part in parse_multitrack(multitrack).parts
        for note in quantise(part.notes)[0]
    )


def test_a_roll_is_true_where_its_pitch_sounds() -> None:
    """Leading dimensions, such as windows, pass through; a rest is no pitch."""
    pitches = np.array([[[60, REST], [127, 0]]] * 3, np.int8)
    roll = to_roll(pitches)
    assert (roll.shape, roll.dtype) == ((3, 2, 128, 2), bool)
    assert np.argwhere(roll[0]).tolist() == [[0, 60, 0], [1, 0, 1], [1, 127, 0]]


@given(scores())
@settings(max_examples=30, deadline=None)
def test_multitracks_lose_no_note(score: Score) -> None:
    """Notes, repeated ones apart, tempo, pickup and bar lines survive."""
    multitrack = to_multitrack(score)
    assert notes_in(multitrack) == notes_of(score)
    found = parse_multitrack(multitrack)
    assert found.tempo == score.tempo
    assert [line * 4 for line in found.bar_lines] == score.bar_lines.tolist()
    if len(score.bar_lines):
        assert found.pickup == Fraction(score.pickup, 4)


def test_a_file_is_one_that_pypianoroll_reads(band: Score, tmp_path: Path) -> None:
    """What is written and loaded again holds the same notes, names, programs and title."""
    pianoroll.write(band, tmp_path / "band.npz")
    found = pypianoroll.load(tmp_path / "band.npz")
    assert found.name == "Band"
    assert notes_in(found) == notes_of(band)
    assert [track.name for track in found.tracks][:2] == ["Flute", "Violin"]
    assert [track.program for track in found.tracks] == [73, 40, 41, 42, 43, 0, 0, 0]
    assert [track.is_drum for track in found.tracks] == [False] * 5 + [True] * 3


def test_plain_tracks_are_understood() -> None:
    """Tracks made elsewhere, finer and with chords, become notes in exact time."""
    melody, chords = np.zeros((96, 128), np.uint8), np.zeros((96, 128), bool)
    melody[0:24, 60], melody[24:48, 60], melody[48:96, 62] = 90, 70, 90
    chords[0:96, [48, 52]] = True
    lead = StandardTrack(name="Lead", pianoroll=melody)
    pad = BinaryTrack(name="Pad", pianoroll=chords)
    parts = parse_multitrack(Multitrack(resolution=24, tracks=[lead, pad])).parts
    assert parts[0].notes == ((0, 1, 60), (1, 2, 60), (2, 4, 62))
    assert len(parts[1].notes) == 2


@pytest.mark.parametrize(("resolution", "fault"), [(4, "no notes"), (None, "without a resolution")])
def test_an_empty_multitrack_is_refused(resolution: int | None, fault: str) -> None:
    """No notes, or none that can be timed: no score."""
    empty = StandardTrack(pianoroll=np.zeros((8, 128), np.uint8))
    multitrack = Multitrack(resolution=4, tracks=[empty])
    multitrack.resolution = resolution
    with pytest.raises(InputError, match=fault):
        parse_multitrack(multitrack)
