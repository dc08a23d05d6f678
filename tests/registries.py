"""Repositories with something to register, their registries, and a stand-in for the network.

The registry, its database and its files are real. Only the network is replaced, by a rule that
loads in no time: what is tested is everything around it. What takes seconds to register is
registered once and copied.
"""

import json
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml

from kantor.registry import lineage, register, versions
from kantor.registry.database import relocate
from kantor.settings import Promote, Register, quiet

PARAMS = Register(model="kantor-bach", experiment="kantor")
CURVES = "iteration,phase,likelihood,seconds\n10,start,0.5,1\n20,start,0.25,2\n30,end,nan,3\n"
ENTRY = {"generated": 0.93, "real": 0.95, "baseline": {"triads": 1.0, "random": 0.1}}
FIGURES = {
    "split": "valid",
    "headline": {"triad_or_seventh": 0.93, "crossing": None, "metrics": 30, "metrics_in_range": 22},
    "metrics": {"triad_or_seventh": ENTRY, "crossing": ENTRY | {"generated": None}},
    "part_writing": {"beat_parallels": ENTRY},
    "phrase_ends": {"count": {"generated": 9, "baseline": {"block": 9}}, "root_position": ENTRY},
    "by_meter": {"3/4": {"pieces": 7, "real": {"crossing": 0.03}}},
    "other_givens": {},
}
GUARDED = {"crossing": 0.02, "triad_or_seventh": 0.02, "beat_parallels": 0.01}
RULE = {"mode": "auto", "margin": 0.005, "guarded": GUARDED, "resamples": 200, "confidence": 0.9}
OWN = yaml.safe_load((Path(__file__).parents[1] / "params.yaml").read_text())
BLOCKS = {name: OWN[name] for name in ("ensemble", "ingest", "train", "evaluate")} | {
    "register": {"model": "kantor-bach", "experiment": "kantor"},
    "promote": RULE,
}
VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "KANTOR_HOME")


class Rule:
    """Composes parallel lines at a distance, which the seed changes."""

    def __init__(self, distance):
        self.distance = distance

    def compose(self, given, seeds, temperature: float = 1.0, passes: int = 2):
        lines = np.arange(given.pitches.shape[-1])
        first = given.pitches[:, :, :1].astype(int)
        lower = first - self.distance * lines - seeds[:, None, None] % 3 - (passes - 2)
        pitches = np.where(given.mask, given.pitches, np.where(first < 0, -1, lower))
        onsets = np.where(given.mask, given.onsets, given.onsets[:, :, :1])
        return pitches.astype(np.int8), onsets


@contextmanager
def rule_as_network():
    """The rule in place of `kantor.model.generator`, and nobody's registry or repository.

    The package above it is replaced too: it would import TensorFlow.
    """
    package, module = ModuleType("kantor.model"), ModuleType("kantor.model.generator")
    package.generator = module
    module.load = lambda folder: Rule(
        json.loads((Path(folder) / "model.json").read_text())["distance"]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, package.__name__, package)
        patch.setitem(sys.modules, module.__name__, module)
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def network_stand_in():
    """`rule_as_network` for one test."""
    with rule_as_network():
        yield


def change(root, distance):
    """Build another model."""
    (root / "build/model/model.json").write_text(json.dumps({"distance": distance}))


def build(root):
    """Write what the pipeline has built before its last stage."""
    for folder in ("build/model", "reports/training", "reports/samples"):
        (root / folder).mkdir(parents=True)
    change(root, 4)
    (root / "reports/metrics.json").write_text(json.dumps(FIGURES))
    (root / "reports/report.html").write_text("<p>A report</p>")
    for name in ("windows", "tallies"):
        (root / f"reports/{name}.csv").write_text("side,piece\n")
    (root / "reports/training/history.csv").write_text(CURVES)
    (root / "reports/samples/one.mid").write_bytes(b"MThd")
    (root / "params.yaml").write_text(yaml.safe_dump(BLOCKS))
    (root / "dvc.yaml").write_text("stages: {}\n")
    return root


def small_chorale(folder):
    """Write a chorale network of the smallest size, as training writes its model."""
    from kantor.hyperparameters import ChoraleSettings
    from kantor.model import generator
    from kantor.model.presets import Chorale

    folder.mkdir(parents=True, exist_ok=True)
    sizes = ChoraleSettings(
        width=8, decoder=16, head=16, memory=8, reach=4, dilations=(1,), critic=8, embedding=8
    )
    generator.save(folder, Chorale(sizes).generator, {"preset": "chorale"})


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A database with MLflow's tables, which take a while to make."""
    quiet()
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_registered_models()
    return path


@pytest.fixture
def bare(tmp_path):
    """A repository before its last stage, without a registry."""
    return build(tmp_path / "repository")


@pytest.fixture
def repository(bare, empty_database):
    """The same with an empty registry."""
    shutil.copy(empty_database, bare / "mlflow.db")
    return bare


@pytest.fixture(scope="session")
def registered(tmp_path_factory, empty_database):
    """A repository with one version, which is champion and challenger; only to be read."""
    root = build(tmp_path_factory.mktemp("registered") / "repository")
    shutil.copy(empty_database, root / "mlflow.db")
    with rule_as_network():
        register(root, PARAMS)
    return root


@pytest.fixture
def own(registered, tmp_path):
    """A copy of that repository, files and all, which a test may change or break."""
    return copied(registered, tmp_path / "own")


def copied(source, root):
    """A copy of a repository whose registry knows where its files are now."""
    shutil.copytree(source, root)
    relocate(root)
    for copy in root.glob("mlflow.db.*Z"):
        copy.unlink()
    return root


@pytest.fixture
def rule():
    """The rule of promotion that the figures of `three` pass."""
    return Promote(**RULE)


@pytest.fixture(scope="session")
def three(tmp_path_factory, empty_database):
    """A repository with three versions of known data: the champion, another one, the challenger."""
    root = build(tmp_path_factory.mktemp("three") / "repository")
    shutil.copy(empty_database, root / "mlflow.db")
    for name in ("windows", "tallies"):
        (root / f"reports/{name}.csv").unlink()
    with rule_as_network(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(lineage, "data_md5", lambda *_: "0123.dir")
        for number in (1, 2, 3):
            make(root, number)
    return root


def make(root, number):
    """Build and register a model and an evaluation of its own."""
    change(root, 3 + number)
    chords, crossing = {"generated": 0.93, "real": 0.95}, {"generated": 0.03, "real": 0.03}
    metrics = {"triad_or_seventh": chords, "crossing": crossing}
    headline = {"overlap": 0.89 + number / 100}
    figures = {"split": "valid", "headline": headline, "metrics": metrics}
    figures["part_writing"] = {"beat_parallels": {"generated": 0.06, "real": 0.02}}
    (root / "reports/metrics.json").write_text(json.dumps(figures))
    return register(root, PARAMS)


@pytest.fixture
def moving(three, tmp_path):
    """A copy of its registry, whose aliases a test may move; the files stay where they are."""
    root = tmp_path / "moving"
    shutil.copytree(three / "build", root / "build")
    for name in ("params.yaml", "dvc.yaml", "mlflow.db"):
        shutil.copy(three / name, root)
    return root


def client_of(root):
    """MLflow's own client, by which its page moves an alias."""
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{root / 'mlflow.db'}")


@pytest.fixture
def client(moving):
    """MLflow's own client of the registry that may be moved."""
    return client_of(moving)


def aliases(root):
    """Each alias and the version that it stands on."""
    return {alias: row["version"] for row in versions(root=root) for alias in row["aliases"]}
