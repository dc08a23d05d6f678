"""Loading a version: by alias, by number, from a folder, and every way in which it fails."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.registries import client_of

from kantor.compose import composer
from kantor.errors import InputError, ModelError, SetupError
from kantor.music.conditioning import Conditioning
from kantor.registry import fetch, find_root, load_alone, load_model, may_pass, versions
from kantor.registry.pyfunc import example, inputs

CHAMPION = "models:/kantor-bach@champion"


def request_and_seeds(batch=2):
    fields = inputs(example(), np.zeros(1, np.int64))
    fields.pop("seed")
    fields = {name: np.repeat(array, batch, axis=0) for name, array in fields.items()}
    return Conditioning(**fields), np.arange(batch)


@pytest.mark.parametrize(
    "uri", [CHAMPION, "champion", "@challenger", "models:/kantor-bach/1", "1", "build/model"]
)
def test_every_way_to_name_a_model(registered, monkeypatch, uri):
    """Registry address, alias, number and folder all give a model that composes."""
    monkeypatch.chdir(registered)
    model = load_model(uri)
    given, seeds = request_and_seeds()
    pitches, onsets = model(given, seeds)
    assert pitches.shape == onsets.shape == given.pitches.shape
    assert np.array_equal(pitches[given.mask], given.pitches[given.mask])
    assert not np.array_equal(pitches[0], pitches[1])


@pytest.fixture
def pyfunc(registered, monkeypatch):
    """The champion as MLflow loads it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{registered / 'mlflow.db'}")
    import mlflow

    return mlflow.pyfunc.load_model(CHAMPION)


def test_pyfunc_and_short_way_are_the_same_model(pyfunc):
    """`mlflow.pyfunc.load_model` and ours answer alike, with sampling parameters and without."""
    given, seeds = request_and_seeds()
    for sampling in ({}, {"passes": 3}):
        answer = pyfunc.predict(inputs(given, seeds), params=sampling)
        pitches, onsets = load_model(CHAMPION)(given, seeds, **sampling)
        assert np.array_equal(answer["pitches"], pitches)
        assert np.array_equal(answer["onsets"], onsets)
        assert answer["pitches"].dtype == np.int8
        assert answer["onsets"].dtype == np.bool_


def test_signature_example_and_requirements(pyfunc):
    """A version states its tensors, its parameters, an example that it answers, its packages."""
    import mlflow

    schema = pyfunc.metadata.signature
    tensors = {spec.name: (str(spec.type), spec.shape) for spec in schema.inputs}
    assert tensors == {
        "pitches": ("int8", (-1, -1, 4)),
        "onsets": ("bool", (-1, -1, 4)),
        "mask": ("bool", (-1, -1, 4)),
        "bars": ("int16", (-1, -1, 2)),
        "fermatas": ("bool", (-1, -1)),
        "major_tonic": ("int8", (-1,)),
        "seed": ("int64", (-1,)),
    }
    assert [(spec.name, spec.default) for spec in schema.params] == [
        ("temperature", 1.0),
        ("passes", 2),
    ]
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
    monkeypatch.setattr(
        type(model.generator),
        "judge",
        lambda self, given, pitches, onsets: pitches.mean(axis=(1, 2)),
        raising=False,
    )
    worth = model.judge(given, pitches, onsets)
    assert (worth.shape, worth.dtype) == ((3,), np.float32)


@pytest.mark.parametrize(
    ("uri", "kind", "fault"),
    [
        ("nobody", InputError, "no version has the alias 'nobody'; there is challenger"),
        ("models:/kantor-bach/9", InputError, "kantor-bach: no version 9; there is 1"),
        ("models:/other@champion", InputError, "other: no such model .* it has kantor-bach"),
        ("runs:/abc/model", InputError, "not a model; expected an alias"),
        ("reports", ModelError, "reports: reports does not load as a generator"),
    ],
)
def test_wrong_names_get_one_line(registered, monkeypatch, uri, kind, fault):
    """What cannot be loaded is named, with what there is instead."""
    monkeypatch.chdir(registered)
    with pytest.raises(kind, match=fault) as caught:
        load_model(uri)
    assert "\n" not in str(caught.value)


def test_missing_champion_names_the_remedy(own):
    """Without a champion the message says what makes one."""
    client_of(own).delete_registered_model_alias("kantor-bach", "champion")
    with pytest.raises(InputError, match=r"alias 'champion'.*`make repro`"):
        load_model(root=own)


def test_no_registry_yet(bare):
    """Before the first pass one line names the command; reading makes no database."""
    for ask in (load_model, versions):
        with pytest.raises(SetupError, match=r"mlflow.db: no model .*`make repro`"):
            ask(root=bare)
    assert not (bare / "mlflow.db").exists()


def test_a_damaged_version(own):
    """One of somebody else is not loaded as ours; one without files says where they should be."""
    description = next(own.glob("mlartifacts/models/*/artifacts/MLmodel"))
    text = description.read_text().replace("kantor.registry.pyfunc", "mlflow.sklearn")
    description.write_text(text)
    with pytest.raises(ModelError, match="version 1: not a generator of Kantor's"):
        load_model(root=own)
    shutil.rmtree(own / "mlartifacts")
    with pytest.raises(SetupError, match=r"kantor-bach version 1: its files are not at .*mlart"):
        load_model(root=own)


def test_database_that_is_none(bare):
    """A file that is not a database gets one line, not SQLAlchemy's page."""
    (bare / "mlflow.db").write_text("not a database, by any means\n" * 9)
    with pytest.raises(SetupError, match=r"mlflow.db: .*file is not a database") as caught:
        load_model(root=bare)
    assert len(str(caught.value)) < 300 + len(str(bare))


def test_root_is_found_upward_or_by_name(bare, monkeypatch, tmp_path):
    """From any folder inside a repository it is found; the variable names any other."""
    monkeypatch.chdir(bare / "reports" / "training")
    assert find_root() == bare
    monkeypatch.setenv("KANTOR_HOME", str(tmp_path / "named"))
    assert find_root() == tmp_path / "named"


def test_a_fetched_model_loads_from_its_folder(registered, tmp_path):
    """By alias or by number, with the name that it has in the registry; a folder is copied."""
    source = str(registered / "build/model")
    for uri in ("champion", "models:/kantor-bach/1", source):
        folder = tmp_path / uri.rpartition("/")[2]
        folder.mkdir()
        assert fetch(folder, uri, registered) == (
            source if uri == source else "kantor-bach version 1"
        )
        assert json.loads((folder / "model.json").read_text()) == {"distance": 4}
        assert load_model(str(folder)).generator.distance == 4


def test_only_a_silent_registry_may_pass(registered, tmp_path, monkeypatch):
    """A dead server may come back; an alias that there is not will not come by waiting."""
    with pytest.raises(InputError, match="no version has the alias") as missing:
        fetch(tmp_path, "nobody", registered)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    with pytest.raises(SetupError, match=r"http://127.0.0.1:9: .* does not answer") as silent:
        fetch(tmp_path, "champion")
    assert (may_pass(missing.value), may_pass(silent.value)) == (False, True)


def test_one_of_several_keeps_to_one_core(registered, monkeypatch):
    """It starts no processes: every core has one of its own."""
    asked = []
    monkeypatch.setattr(composer, "load", lambda *how, **more: asked.append((how, more)))
    load_alone(str(registered / "build/model"))
    assert asked == [((str(registered / "build/model"),), {"processes": 1})]
