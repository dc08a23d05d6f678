"""A version of a real, if untrained, network: the way from its folder to an answer."""

import os
import subprocess
import sys

import numpy as np
import pytest
from tests.registries import PARAMS, VARIABLES, build

from kantor.registry import load_model, register
from kantor.registry.pyfunc import example, inputs

# Keras 3.15 reads TensorFlow's variables in the way of numpy 1.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SEED = np.zeros(1, np.int64)

# Runs apart, without what Kantor uses elsewhere and a version does not list. The package itself
# comes from the version's files, not from where it is installed.
ALONE = """
import sys
from pathlib import Path

for name in ("dvc", "great_expectations", "music21", "prefect", "pretty_midi", "pypianoroll",
             "soundfile", "symusic", "typer"):
    sys.modules[name] = None
import mlflow
model = mlflow.pyfunc.load_model(sys.argv[1])
import kantor
assert Path(kantor.__file__).is_relative_to(sys.argv[1]), kantor.__file__
print(model.predict(model.input_example)["pitches"].tolist())
"""


@pytest.fixture(autouse=True)
def stand_in():
    """The real generators, and nobody's registry or repository."""
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory, empty_database):
    """A repository with a chorale network of the smallest size, registered."""
    import keras

    from kantor.hyperparameters import ChoraleSettings
    from kantor.model import generator
    from kantor.model.presets import Chorale

    root = build(tmp_path_factory.mktemp("trained") / "repository")
    keras.utils.set_random_seed(3)
    sizes = ChoraleSettings(
        width=8, decoder=16, head=16, memory=8, reach=4, dilations=(1,), critic=8, embedding=8
    )
    generator.save(root / "build/model", Chorale(sizes).generator, {"preset": "chorale"})
    (root / "mlflow.db").write_bytes(empty_database.read_bytes())
    register(root, PARAMS)
    return root


def test_pyfunc_and_short_way_agree(root, monkeypatch):
    """MLflow's way and ours compose the same notes, with sampling parameters and without."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
    import mlflow

    model = mlflow.pyfunc.load_model("models:/kantor-bach@champion")
    for sampling in ({}, {"temperature": 5.0}):
        predicted = model.predict(inputs(example(), SEED), params=sampling)
        pitches, onsets = load_model(root=root)(example(), SEED, **sampling)
        assert (predicted["pitches"].dtype, predicted["onsets"].dtype) == (np.int8, np.bool_)
        assert np.array_equal(predicted["pitches"], pitches)
        assert np.array_equal(predicted["onsets"], onsets)
        assert np.array_equal(pitches[0, :, 0], example().pitches[0, :, 0])


@pytest.mark.long
def test_version_needs_only_what_it_lists(root):
    """With the listed packages and the version's own files alone it composes the same notes."""
    (description,) = root.glob("mlartifacts/models/*/artifacts/MLmodel")
    assert not list(description.parent.rglob("*.pyc"))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, description.parent],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        cwd=description.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == str(load_model(root=root)(example(), SEED)[0].tolist())
