"""The command line in this process, and a model by rule in place of the registry's."""

import numpy as np
import pytest
from typer.testing import CliRunner

import kantor.registry
from kantor import cli
from kantor.errors import InputError
from kantor.formats import midi, musicxml
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score
from kantor.registry.loaded import Scope

NOTES = (72, 67, 60, 48)


class Model:
    """Composes quarters: each voice one pitch, which the seed moves; likes the high ones best."""

    def __init__(self):
        self.uris, self.calls = [], []

    def __call__(self, given, seeds, **sampling):
        self.calls.append((len(seeds), sampling))
        if "passes" in sampling:
            raise InputError("build/model: knows no passes; there is temperature")
        own = np.array(NOTES, np.int8) - (np.asarray(seeds)[:, None, None] % 5).astype(np.int8)
        pitches = np.where(given.mask, given.pitches, own)
        before = np.pad(pitches, ((0, 0), (1, 0), (0, 0)), constant_values=-1)[:, :-1]
        beats = np.arange(given.steps)[:, None] % 4 == 0
        return pitches, np.where(given.mask, given.onsets, (pitches != before) | beats)

    def judge(self, given, pitches, onsets):
        return pitches[:, 0, 0].astype(np.float32)


@pytest.fixture(autouse=True)
def model(monkeypatch):
    """The model that every URI leads to; it keeps the URIs and what is asked of it."""
    model = Model()
    monkeypatch.setattr(
        kantor.registry, "load_model", lambda uri, root=None: model.uris.append(uri) or model
    )
    monkeypatch.setattr(kantor.registry, "scope_of", lambda uri, root=None: Scope())
    return model


@pytest.fixture
def run():
    """Run `kantor` with these words."""
    return lambda *words: CliRunner().invoke(cli.app, [str(word) for word in words])


def chorale(voices=(0, 1, 2, 3)):
    """Voices in quarters, four bars and a pickup; the tenor rests in bar 2."""
    notes = [
        Note(start, start + 4, NOTES[voice] - 1 + start // 4 % 3, line)
        for line, voice in enumerate(voices)
        for start in range(0, 64, 4)
        if not (voice == 2 and 20 <= start < 36)
    ]
    arrays = arrays_of(notes, 64, lines=len(voices))
    return Score(*arrays, Meter(), pickup=4, key=Key(), title="four")


@pytest.fixture
def piece(tmp_path):
    """A file of four voices."""
    musicxml.write(chorale(), tmp_path / "four.musicxml")
    return tmp_path / "four.musicxml"


@pytest.fixture
def tune(tmp_path):
    """A file of its soprano alone."""
    midi.write(chorale([0]), tmp_path / "tune.mid")
    return tmp_path / "tune.mid"
