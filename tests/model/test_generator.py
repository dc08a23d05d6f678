"""A generator comes back from its folder as it was, and a piece's take is its seed's alone."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from tests.model.small import ask, small_generator

from kantor.data.corpus import Corpus
from kantor.ensemble import SATB
from kantor.errors import InputError, ModelError
from kantor.model import generator
from kantor.model.generator import Generator
from kantor.model.nets.critic import ChoraleCritic
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import REST, onset_floor
from kantor.runtime.pieces import inside
from kantor.runtime.weights import FORMAT

INFO = {"preset": "chorale", "params": {"seed": 1}}
Take = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def model() -> Generator:
    keras.utils.clear_session()  # else the layers' names count up
    return Generator(small_generator(SATB), INFO, ChoraleCritic(width=8, embedding=8))


@pytest.fixture(scope="module")
def two(corpus: Corpus) -> Conditioning:
    """Two pieces of one length and different keys."""
    return stack([ask(corpus[0].score), ask(corpus[5].score)])


@pytest.fixture(scope="module")
def takes(model: Generator, two: Conditioning) -> Take:
    return model.compose(two, [5, 6])


def same(first: Take, second: Take) -> bool:
    return all(map(np.array_equal, first, second))


def test_saved_and_loaded_composes_and_judges_the_same(
    model: Generator, takes: Take, two: Conditioning, tmp_path: Path
) -> None:
    """All that this needs is in the folder; a critic that is not given is removed from it."""
    folder = tmp_path / "new" / "model"
    generator.save(folder, model.network, INFO, model.critic)
    loaded = generator.load(folder)
    ensemble = json.loads(json.dumps(SATB.to_dict()))
    assert loaded.info == INFO | {"format": FORMAT, "ensemble": ensemble}
    assert same(loaded.compose(two, [5, 6]), takes)
    assert np.allclose(loaded.judge(two, *takes), model.judge(two, *takes), rtol=1e-5)
    generator.save(folder, model.network, INFO)
    names = ["generator.keras", "model.json", "runtime.npz"]
    assert sorted(path.name for path in folder.iterdir()) == names
    with pytest.raises(InputError, match="no critic"):
        generator.load(folder).judge(two, *takes)


def test_saving_twice_gives_the_same_bytes(model: Generator, tmp_path: Path) -> None:
    """Also when the network was loaded in between; another weight gives others."""
    generator.save(tmp_path / "first", model.network, INFO)
    keras.utils.clear_session()
    again = generator.load(tmp_path / "first").network
    generator.save(tmp_path / "second", again, dict(reversed(INFO.items())))
    again.trainable_variables[0].assign_add(np.ones(again.trainable_variables[0].shape))
    generator.save(tmp_path / "third", again, INFO)
    for name in ("generator.keras", "model.json", "runtime.npz"):
        first, second, third = (
            (tmp_path / folder / name).read_bytes() for folder in ("first", "second", "third")
        )
        assert first == second
        assert (first == third) == (name == "model.json")


@pytest.mark.parametrize("fault", ["no folder", "no network", "no JSON", "cut", "empty"])
def test_folder_without_a_model(model: Generator, tmp_path: Path, fault: str) -> None:
    """One line that names the folder and how to make a model."""
    folder = tmp_path / "model"
    if fault != "no folder":
        generator.save(folder, model.network, INFO)
    file = folder / "generator.keras"
    if fault == "no network":
        file.unlink()
    if fault == "no JSON":
        (folder / "model.json").write_text("{")
    if fault in ("cut", "empty"):
        file.write_bytes(file.read_bytes()[: 2000 * (fault == "cut")])
    with pytest.raises(ModelError, match=r"not a model of Kantor.*dvc repro") as caught:
        generator.load(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_seeds(model: Generator, takes: Take, two: Conditioning) -> None:
    """Asked again it is the same; another seed is another take of that piece alone."""
    assert same(model.compose(two, np.array([5, 6])), takes)
    pitches, _ = model.compose(two, [5, -(2**63)])
    assert np.array_equal(pitches[0], takes[0][0])
    assert not np.array_equal(pitches[1], takes[0][1])


@pytest.mark.parametrize("octaves", [-3, 2])
def test_given_notes_beyond_the_frame(model: Generator, corpus: Corpus, octaves: int) -> None:
    """A melody out of reach gets one line with the remedy; so does a piece that is no batch."""
    one = ask(corpus[0].score.transposed(12 * octaves))
    for given, fault in ((stack([one]), r"MIDI 35 to 85.*octaves"), (one, "expected a batch")):
        with pytest.raises(InputError, match=fault) as caught:
            model.compose(given, [5])
        assert "\n" not in str(caught.value)


def test_what_is_inside_a_piece() -> None:
    """All up to the last step that sounds or is asked for, rests in between; padding is outside."""
    pitches = np.full((2, 6, 4), REST, np.int8)
    pitches[0, [0, 3], 0] = 60
    mask = np.ones((2, 6, 4), bool)
    mask[1, :3, 2] = False
    given = Conditioning(
        pitches, pitches > 0, mask, np.zeros((2, 6, 2)), np.zeros((2, 6)), np.zeros(2)
    )
    assert inside(given).tolist() == [[True] * 4 + [False] * 2, [True] * 3 + [False] * 3]


def test_passes_compose_parts_again(model: Generator, two: Conditioning, takes: Take) -> None:
    """Given cells stay, some composed ones change, and every note still has its onset."""
    pitches, onsets = model.compose(two, [5, 6], passes=2)
    assert np.array_equal(pitches[two.mask], two.pitches[two.mask])
    assert np.array_equal(onsets[two.mask], two.onsets[two.mask])
    changed = (pitches != takes[0])[~two.mask]
    assert 0.05 < changed.mean() < 0.95
    for row in range(2):
        assert (onsets[row] | ~onset_floor(pitches[row]) | two.mask[row]).all()
