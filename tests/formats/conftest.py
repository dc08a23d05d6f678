"""Scores to write: chords, and an ensemble other than `SATB`."""

import numpy as np
import pytest

from kantor.ensemble import Ensemble, Line
from kantor.music.score import REST, Score

LINES = (
    Line("flute", 60, 96, program=73, colour="#D55E00", pan=-0.5),
    Line("violin", 55, 90, program=40, colour="#E69F00"),
    Line("viola", 48, 79, program=41, colour="#009E73"),
    Line("cello", 36, 67, program=42, colour="#0072B2", pan=0.5),
    Line("double bass", 28, 55, program=43, colour="#CC79A7"),
    Line("kick", 36, 36, kind="drum", colour="#56B4E9"),
    Line("snare", 38, 38, kind="drum", colour="#6B717A"),
    Line("hat", 42, 42, kind="drum", colour="#8C564B"),
)


def score_of(*chords, steps=4, tempo=60, **about) -> Score:
    """A chord every `steps` steps, each with onsets of its own."""
    pitches = np.repeat(np.array(chords, np.int8), steps, axis=0)
    onsets = (np.arange(len(pitches))[:, None] % steps == 0) & (pitches != REST)
    return Score(pitches, onsets, tempo=tempo, **about)


@pytest.fixture
def band() -> Score:
    """Two bars of five pitched and three drum lines, a chord a quarter."""
    pitches = np.tile([76, 67, 60, 48, 36, 36, 38, 42], (32, 1))
    onsets = np.tile(np.arange(32)[:, None] % 4 == 0, 8)
    return Score(pitches, onsets, title="Band", ensemble=Ensemble("band", LINES, bass=4))
