"""Loading a version: by alias, by number, from a folder, and every way in which it fails."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.registries import client_of

from kantor.compose import composer
from kantor.errors import InputError, ModelError, SetupError
from kantor.music.conditioning import Conditioning
from kantor.registry import describe, fetch, load_alone, load_model, may_pass
from kantor.registry.pyfunc import example, inputs
from kantor.registry.versions import kept_windows

CHAMPION = "models:/kantor-bach@champion"


def request_and_seeds(batch=2):
    fields = {name: np.repeat(array, batch, axis=0) for name, array in vars(example()).items()}
    return Conditioning(**fields), np.arange(batch)


@pytest.mark.parametrize(
    "uri", [CHAMPION, "champion", "@challenger", "models:/kantor-bach/1", "1", "build/model"]
)
def test_every_way_to_name_a_model(registered, monkeypatch, tmp_path, uri):
    """Registry address, alias, number and folder all give a model that composes.

    Its files, fetched, load from where they were copied to.
    """
    monkeypatch.chdir(registered)
    model = load_model(uri)
    assert model.source == (uri if "build" in uri else "kantor-bach version 1")
    given, seeds = request_and_seeds()
    pitches, onsets = model(given, seeds)
    assert pitches.shape == onsets.shape == given.pitches.shape
    assert np.array_equal(pitches[given.mask], given.pitches[given.mask])
    assert not np.array_equal(pitches[0], pitches[1])
    assert fetch(tmp_path, uri) == model.source
    assert load_model(str(tmp_path)).generator.distance == 4


@pytest.fixture
def pyfunc(registered, monkeypatch):
    """The champion as MLflow loads it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{registered / 'mlflow.db'}")
    import mlflow

    return mlflow.pyfunc.load_model(CHAMPION)


def test_signature_example_and_requirements(pyfunc):
    """A version states its tensors, its parameters, an example that it answers, its packages."""
    import mlflow

    schema = pyfunc.metadata.signature
    tensors = [f"{spec.name} {spec.type} {spec.shape}" for spec in schema.inputs]
    assert tensors == [
        "pitches int8 (-1, -1, 4)",
        "onsets bool (-1, -1, 4)",
        "mask bool (-1, -1, 4)",
        "bars int16 (-1, -1, 2)",
        "fermatas bool (-1, -1)",
        "major_tonic int8 (-1,)",
        "seed int64 (-1,)",
    ]
    params = {spec.name: spec.default for spec in schema.params}
    assert params == {"temperature": 1.0, "passes": 2}
    assert pyfunc.predict(pyfunc.input_example)["pitches"].shape == (1, 32, 4)
    needs = mlflow.pyfunc.get_model_dependencies(CHAMPION, format="pip")
    lines = Path(needs).read_text().split()
    assert all("==" in line for line in lines)
    assert {line.split("==")[0] for line in lines} >= {"mlflow", "tensorflow", "keras", "numpy"}


@pytest.mark.parametrize(
    ("name", "broken", "fault"),
    [
        ("pitches", lambda a: a.astype(np.int64), "Expected|dtype"),
        ("mask", lambda a: a[..., :3], "hape"),
        ("bars", lambda a: a[:, :-1], "given bars of shape"),
    ],
)
def test_pyfunc_refuses_what_is_not_a_request(pyfunc, name, broken, fault):
    """Arrays of a wrong type or shape are refused, not composed from."""
    fields = inputs(example(), np.zeros(1, np.int64))
    fields[name] = broken(fields[name])
    with pytest.raises(Exception, match=fault):
        pyfunc.predict(fields)


def test_what_a_model_does_not_know(registered, monkeypatch):
    """A sampling parameter is refused with those that there are; so is a judgement."""
    monkeypatch.chdir(registered)
    model = load_model("build/model")
    given, seeds = request_and_seeds(3)
    with pytest.raises(InputError, match="knows no keep; there is temperature, passes"):
        model(given, seeds, keep=0.1)
    pitches, onsets = model(given, seeds)
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
    """One line says where the files should be, also for one that somebody else registered; without
    a champion, what makes one.
    """
    shutil.rmtree(next(own.glob("mlartifacts/models/*/artifacts/data/model")))
    with pytest.raises(SetupError, match=r"kantor-bach version 1: no generator .* is at .*mlart"):
        load_model(root=own)
    client_of(own).delete_registered_model_alias("kantor-bach", "champion")
    with pytest.raises(InputError, match=r"no version champion.*`make repro`"):
        load_model(root=own)


def test_one_of_several_keeps_to_one_core(registered, monkeypatch):
    """It starts no processes: every core has one of its own."""
    asked = []
    monkeypatch.setattr(composer, "load", lambda *given: asked.append(given))
    load_alone(str(registered / "build/model"))
    assert asked == [(registered / "build/model", 1)]


def test_the_table_of_windows_is_kept(moving, client, monkeypatch):
    """A version whose run keeps the table gives it; one whose run does not, or is gone for good,
    gives none.
    """
    run = client.get_model_version("kantor-bach", "3").run_id
    client.log_text(run, "side,piece\n", "windows.csv")
    assert kept_windows("challenger", root=moving) == (3, "side,piece\n")
    assert kept_windows(1, root=moving) == (1, None)
    assert describe("challenger", root=moving)["run"] == run
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

    def gone(*_):
        raise MlflowException("no run", error_code=RESOURCE_DOES_NOT_EXIST)

    monkeypatch.setattr(MlflowClient, "list_artifacts", gone)
    assert kept_windows(2, root=moving) == (2, None)
