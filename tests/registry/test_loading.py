"""Loading a version: by alias, by number, from a folder, and every way in which it fails."""

import shutil
from unittest.mock import Mock

import numpy as np
import pytest
from tests.registries import PARAMS, client_of, make

from kantor.compose import composer
from kantor.errors import InputError, ModelError, SetupError
from kantor.music.conditioning import Conditioning
from kantor.registry import describe, fetch, load_alone, load_model, may_pass, register
from kantor.registry.loaded import example
from kantor.registry.versions import TALLIES, WINDOWS, kept_tables

CHAMPION = "models:/kantor-bach@champion"
SEEDS = np.arange(3)


@pytest.fixture
def given():
    """A request for three pieces."""
    arrays = vars(example()).items()
    return Conditioning(**{name: np.repeat(array, 3, axis=0) for name, array in arrays})


@pytest.mark.parametrize(
    "uri", [CHAMPION, "champion", "@challenger", "models:/kantor-bach/1", "1", "build/model"]
)
def test_every_way_to_name_a_model(registered, monkeypatch, tmp_path, given, uri):
    """Each gives a model that composes, and whose files can be copied."""
    monkeypatch.chdir(registered)
    model = load_model(uri)
    assert model.source == (uri if "build" in uri else "kantor-bach version 1")
    pitches, onsets = model(given, SEEDS)
    assert pitches.shape == onsets.shape == given.pitches.shape
    assert np.array_equal(pitches[given.mask], given.pitches[given.mask])
    assert not np.array_equal(pitches[0], pitches[1])
    assert fetch(tmp_path, uri) == model.source
    assert load_model(str(tmp_path)).generator.distance == 4


def test_what_a_model_does_not_know(registered, monkeypatch, given):
    """A sampling parameter is refused with those that there are; so is a judgement."""
    monkeypatch.chdir(registered)
    model = load_model("build/model")
    with pytest.raises(InputError, match="knows no keep; there is temperature, passes"):
        model(given, SEEDS, keep=0.1)
    pitches, onsets = model(given, SEEDS)
    with pytest.raises(InputError, match="build/model: carries no critic"):
        model.judge(given, pitches, onsets)
    judge = lambda self, given, pitches, onsets: pitches.mean(axis=(1, 2))  # noqa: E731
    monkeypatch.setattr(type(model.generator), "judge", judge, raising=False)
    worth = model.judge(given, pitches, onsets)
    assert (worth.shape, worth.dtype) == ((3,), np.float32)


@pytest.mark.parametrize(
    ("uri", "kind", "fault"),
    [
        ("nobody", InputError, r"no version nobody; there is challenger \(version 1\)"),
        ("models:/kantor-bach/9", InputError, "kantor-bach: no version 9; there is challenger"),
        ("models:/other@champion", InputError, "other: no such model .* it has kantor-bach"),
        ("runs:/abc/model", InputError, "not a model; expected an alias"),
        ("models:/x", InputError, "expected .* models:/kantor-bach@champion"),
        ("reports", ModelError, "reports: reports does not load as a generator"),
    ],
)
def test_wrong_names_get_one_line(registered, monkeypatch, uri, kind, fault):
    """What cannot be loaded is named, with what there is instead; waiting does not help."""
    monkeypatch.chdir(registered)
    with pytest.raises(kind, match=fault) as caught:
        load_model(uri)
    assert "\n" not in str(caught.value)
    assert not may_pass(caught.value)


def test_a_version_without_its_files_or_alias(own):
    """One line says where the files should be, or what makes a champion."""
    shutil.rmtree(next(own.glob("mlartifacts/models/*/artifacts/data/model")))
    with pytest.raises(SetupError, match=r"kantor-bach version 1: no generator .* is at .*mlart"):
        load_model(root=own)
    client_of(own).delete_registered_model_alias("kantor-bach", "champion")
    with pytest.raises(InputError, match=r"no version champion.*`make repro`"):
        load_model(root=own)


def test_one_of_several_keeps_to_one_core(registered, monkeypatch):
    """It starts no processes: every core has one of its own."""
    load = Mock()
    monkeypatch.setattr(composer, "load", load)
    load_alone(str(registered / "build/model"))
    load.assert_called_once_with(registered / "build/model", 1)


@pytest.mark.usefixtures("network_stand_in")
def test_the_tables_are_kept(repository, monkeypatch):
    """A version whose run does not keep one, or is gone for good, gives none."""
    register(repository, PARAMS)
    (repository / "reports/windows.csv").unlink()
    make(repository, 2)
    text = "side,piece\n"
    assert kept_tables(1, root=repository) == (1, {WINDOWS: text, TALLIES: text})
    assert kept_tables("challenger", root=repository) == (2, {TALLIES: text})
    run = client_of(repository).get_model_version("kantor-bach", "1").run_id
    assert describe(1, root=repository)["run"] == run
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

    gone = MlflowException("no run", error_code=RESOURCE_DOES_NOT_EXIST)
    monkeypatch.setattr(MlflowClient, "list_artifacts", Mock(side_effect=gone))
    assert kept_tables(1, root=repository) == (1, {})
