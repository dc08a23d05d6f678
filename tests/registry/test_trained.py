"""A version of a real, if untrained, network: the way from its folder to an answer."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from tests.registries import PARAMS, VARIABLES, build

from kantor.errors import ModelError
from kantor.registry import lineage, load_model, register
from kantor.registry.pyfunc import example, inputs

# Keras 3.15 reads TensorFlow's variables in the way of numpy 1.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SEED = np.zeros(1, np.int64)

# Runs apart: lets only the listed packages, and what they need, be imported. The package itself
# comes from the version's files, not from where it is installed.
ALONE = """
import importlib.metadata as metadata, re, sys
from pathlib import Path
from packaging.requirements import Requirement

files = Path(sys.argv[1])
wanted, allowed = (files / "requirements.txt").read_text().split(), set()
while wanted:
    requirement = Requirement(wanted.pop())
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    if name in allowed or requirement.marker and not requirement.marker.evaluate({"extra": ""}):
        continue
    try:
        wanted += metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        continue
    allowed.add(name)
tops = {
    top
    for top, owners in metadata.packages_distributions().items()
    if top != "kantor"
    and not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & allowed
}

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in tops:
            raise ModuleNotFoundError(f"{name} is not listed")

sys.meta_path.insert(0, Refuse())
try:
    import dvc
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("nothing was refused")
import mlflow
model = mlflow.pyfunc.load_model(str(files))
import kantor
assert Path(kantor.__file__).is_relative_to(files), kantor.__file__
print(model.predict(model.input_example)["pitches"].tolist())
"""


@pytest.fixture(autouse=True)
def stand_in():
    """The real generators, and nobody's registry or repository."""
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        yield


def write_network(folder, seed):
    """A chorale network of the smallest size, untrained, as the training would leave it."""
    import keras

    from kantor.hyperparameters import ChoraleSettings
    from kantor.model import generator
    from kantor.model.presets import Chorale

    keras.utils.clear_session()  # else the layers' names count up
    keras.utils.set_random_seed(seed)
    sizes = ChoraleSettings(
        width=8, decoder=16, head=16, memory=8, reach=4, dilations=(1,), critic=8, embedding=8
    )
    generator.save(folder, Chorale(sizes).generator, {"preset": "chorale"})


@pytest.fixture(scope="module")
def root(tmp_path_factory, empty_database):
    root = build(tmp_path_factory.mktemp("trained") / "repository")
    write_network(root / "build/model", seed=3)
    (root / "mlflow.db").write_bytes(empty_database.read_bytes())
    register(root, PARAMS)
    return root


def answer(root):
    return load_model(root=root)(example(), SEED)


def test_pyfunc_and_short_way_agree_on_a_real_network(root, monkeypatch):
    """MLflow's way and ours load the same weights and compose the same notes."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
    import mlflow

    model = mlflow.pyfunc.load_model("models:/kantor-bach@champion")
    predicted = model.predict(inputs(example(), SEED))
    pitches, onsets = answer(root)
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
    assert done.stdout.strip() == str(answer(root)[0].tolist())


def test_fingerprint_is_of_the_weights(root, tmp_path):
    """Saved again the network has the same fingerprint; with other weights it has another."""
    copy = tmp_path / "repository"
    shutil.copytree(root / "reports", copy / "reports")
    prints = []
    for seed in (3, 3, 4):
        write_network(copy / "build/model", seed)
        prints.append(lineage.tags(copy, {})["fingerprint"])
    assert prints[0] == prints[1] != prints[2]


def test_damaged_network(root, tmp_path):
    """A model file that was cut off gets one line."""
    write_network(tmp_path, seed=3)
    file = tmp_path / "runtime.npz"
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ModelError, match=r"not a model of Kantor|does not load") as caught:
        load_model(str(tmp_path))
    assert "\n" not in str(caught.value)
