"""A tune as files."""

from __future__ import annotations

import numpy as np
import pytest
from tests.intake.archives import zipped

from kantor.formats import midi, musicxml
from kantor.music.score import Key, Score

CONTAINER = b'<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'


@pytest.fixture(scope="session")
def tune():
    """Five quarters of melody as a MIDI file."""
    return midi.to_bytes(_score())


@pytest.fixture(scope="session")
def packed_score():
    """The same as packed MusicXML."""
    text = musicxml.to_bytes(_score())
    return zipped(("META-INF/container.xml", CONTAINER), ("score.xml", text))


def _score():
    pitches = np.repeat(np.array([60, 62, 64, 65, 67]), 4)[:, None]
    return Score(pitches, np.arange(20)[:, None] % 4 == 0, key=Key(0), title="Tune")
