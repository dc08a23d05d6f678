"""Loading a version: by alias, by number, from a folder, and every way in which it fails."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from kantor.errors import InputError
from kantor.music.conditioning import Conditioning
from kantor.registry import CHAMPION, RegistryError, find_root, load_model, register, versions
from kantor.registry.contract import example
from kantor.settings import Register

PARAMS = Register(model="kantor-bach", experiment="kantor")


def request_and_seeds(batch=2):
    fields = {name: np.repeat(array, batch, axis=0) for name, array in example().items()}
    fields.pop("seed")
    return Conditioning(**fields), np.arange(batch)


@pytest.fixture
def own(repository):
    """A registered repository that a test may break."""
    register(repository, PARAMS)
    return repository


@pytest.mark.parametrize(
    "uri", [CHAMPION, "champion", "@challenger", "models:/kantor-bach/1", "build/model"]
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


def test_pyfunc_and_short_way_are_the_same_model(registered, monkeypatch):
    """`mlflow.pyfunc.load_model` and ours answer alike, with and without knobs."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{registered / 'mlflow.db'}")
    import mlflow

    given, seeds = request_and_seeds()
    pyfunc = mlflow.pyfunc.load_model(CHAMPION)
    fields = {name: getattr(given, name) for name in example() if name != "seed"}
    for knobs in ({}, {"passes": 3}):
        answer = pyfunc.predict({**fields, "seed": seeds}, params=knobs)
        pitches, onsets = load_model()(given, seeds, **knobs)
        assert np.array_equal(answer["pitches"], pitches)
        assert np.array_equal(answer["onsets"], onsets)
        assert answer["pitches"].dtype == np.int8
        assert answer["onsets"].dtype == np.bool_


def test_a_knob_that_the_generator_has_not(registered, monkeypatch):
    """Asking for one is refused with those that there are."""
    monkeypatch.chdir(registered)
    with pytest.raises(InputError, match="knows no keep; there is temperature, passes"):
        load_model("build/model")(*request_and_seeds(), keep=0.1)


def test_the_critic_judges(registered, monkeypatch):
    """A model that carries its critic judges a batch; another says that it does not."""
    monkeypatch.chdir(registered)
    model = load_model("build/model")
    given, seeds = request_and_seeds(3)
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


def test_signature_example_and_requirements(registered, monkeypatch):
    """A version states its tensors, its knobs, an example that it answers, and exact packages."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{registered / 'mlflow.db'}")
    import mlflow

    model = mlflow.pyfunc.load_model(CHAMPION)
    schema = model.metadata.signature
    tensors = {spec.name: (str(spec.type), spec.shape) for spec in schema.inputs}
    assert tensors["pitches"] == ("int8", (-1, -1, 4))
    assert tensors["seed"] == ("int64", (-1,))
    assert [(knob.name, knob.default) for knob in schema.params] == [
        ("temperature", 1.0),
        ("passes", 2),
    ]
    assert model.predict(model.input_example)["pitches"].shape == (1, 32, 4)
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
def test_pyfunc_refuses_what_is_not_a_request(registered, monkeypatch, name, broken, fault):
    """Arrays of a wrong type or shape are refused, not composed from."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{registered / 'mlflow.db'}")
    import mlflow

    fields = example()
    fields[name] = broken(fields[name])
    with pytest.raises(Exception, match=fault):
        mlflow.pyfunc.load_model(CHAMPION).predict(fields)


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("models:/kantor-bach@nobody", "no version has the alias 'nobody'; there is challenger"),
        ("models:/kantor-bach/9", "kantor-bach: no version 9; there is 1"),
        ("models:/other@champion", "other: no such model .* it has kantor-bach"),
        ("runs:/abc/model", "not a model; expected an alias"),
        ("build/models", "not a model; expected an alias"),
        ("reports", "reports: reports does not load as a generator"),
    ],
)
def test_wrong_names_get_one_line(registered, monkeypatch, uri, fault):
    """What cannot be loaded is named, with what there is instead."""
    monkeypatch.chdir(registered)
    with pytest.raises(RegistryError, match=fault) as caught:
        load_model(uri)
    assert "\n" not in str(caught.value)


def test_missing_champion_names_the_remedy(own):
    """Without a champion the message says what makes one."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{own / 'mlflow.db'}")
    client.delete_registered_model_alias("kantor-bach", "champion")
    with pytest.raises(RegistryError, match=r"alias 'champion'.*`make repro`"):
        load_model(root=own)


def test_no_registry_yet(bare):
    """Before the first pass one line names the command; reading makes no database."""
    for ask in (load_model, versions):
        with pytest.raises(RegistryError, match=r"mlflow.db: no model .*`make repro`"):
            ask(root=bare)
    assert not (bare / "mlflow.db").exists()


def test_files_gone(own):
    """A version whose files were deleted says where they should be."""
    shutil.rmtree(own / "mlartifacts")
    with pytest.raises(RegistryError, match=r"kantor-bach version 1: its files are not at .*mlart"):
        load_model(root=own)


def test_a_model_of_somebody_else(own):
    """A version that is no generator of Kantor's is not loaded as one."""
    description = next(own.glob("mlartifacts/models/*/artifacts/MLmodel"))
    text = description.read_text().replace("kantor.registry.pyfunc", "mlflow.sklearn")
    description.write_text(text)
    with pytest.raises(RegistryError, match="version 1: not a generator of Kantor's"):
        load_model(root=own)


def test_database_that_is_none(bare):
    """A file that is not a database gets one line, not SQLAlchemy's page."""
    (bare / "mlflow.db").write_text("not a database, by any means\n" * 9)
    with pytest.raises(RegistryError, match=r"mlflow.db: .*file is not a database") as caught:
        load_model(root=bare)
    assert len(str(caught.value)) < 300 + len(str(bare))


def test_server_that_does_not_answer(monkeypatch):
    """A dead server is noticed in seconds, and no password is shown."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match=r"http://127.0.0.1:9: the server does not answer"):
        load_model()


def test_root_is_found_upward_or_by_name(bare, monkeypatch, tmp_path):
    """From any folder inside a repository it is found; the variable names any other."""
    monkeypatch.chdir(bare / "reports" / "training")
    assert find_root() == bare
    monkeypatch.setenv("KANTOR_HOME", str(tmp_path / "named"))
    assert find_root() == tmp_path / "named"
