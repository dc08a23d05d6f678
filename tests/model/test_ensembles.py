"""A model of another ensemble than SATB trains, composes and writes MIDI, and is kept."""

from pathlib import Path

import keras
import numpy as np
import pytest
from tests.ensembles import BAND, tune
from tests.model.small import ask, smallest

from kantor import runtime
from kantor.data import windows
from kantor.data.corpus import Piece
from kantor.formats import midi, reading
from kantor.model import generator
from kantor.model.generator import Generator
from kantor.model.presets import Chorale
from kantor.model.train import loop
from kantor.music.conditioning import stack
from kantor.music.score import Score
from kantor.settings import Windows

pytestmark = pytest.mark.filterwarnings("ignore:Even though the .tf.config:UserWarning")
STEPS = 8


@pytest.fixture(scope="module")
def folder(eager: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's folder after an iteration by likelihood and one against the critic."""
    splits = ("train", "train", "train", "valid")
    corpus = tuple(
        Piece(f"tune/{row}", split, "made", 0, tune(row)) for row, split in enumerate(splits)
    )
    cut = windows.cut(corpus, Windows(steps=STEPS), BAND)
    root = tmp_path_factory.mktemp("band")
    folders = loop.Folders(*(root / name for name in ("model", "reports", "checkpoints")))
    loop.train(smallest(iterations=1), corpus, cut, "", folders, lambda line: None, BAND)
    return folders.model


@pytest.fixture(scope="module")
def trained(folder: Path) -> Generator:
    return generator.load(folder)


def test_every_weight_learns(trained: Generator) -> None:
    """Of all heads, drums' among them; and what the critic makes of a step."""
    settings = smallest()
    keras.utils.set_random_seed(settings.seed)
    untrained = Chorale(settings.chorale, STEPS, BAND)
    pairs = zip(untrained.generator.weights, trained.network.weights, strict=True)
    assert [after.path for before, after in pairs if np.array_equal(before, after)] == []
    assert not np.array_equal(untrained.critic.seen.kernel, trained.critic.seen.kernel)


def test_composes_and_writes_midi(folder: Path, trained: Generator, tmp_path: Path) -> None:
    """From its folder, with and without TensorFlow; the file has the ensemble's lines."""
    light, score = runtime.load(folder), tune(7)
    assert light.ensemble == trained.ensemble == BAND
    given = stack([ask(score, (BAND.leads,))])
    pitches, onsets = light.compose(given, [1])
    assert all(map(np.array_equal, (pitches, onsets), trained.compose(given, [1])))
    assert np.array_equal(pitches[given.mask], given.pitches[given.mask])
    assert np.isfinite(light.judge(given, pitches, onsets)).all()
    take = Score(pitches[0], onsets[0], key=score.key, ensemble=BAND)
    midi.write(take, tmp_path / "take.mid")
    names = [part.name.lower() for part in reading.read(tmp_path / "take.mid").parts]
    assert set(BAND.names[: BAND.pitched]) <= set(names)
