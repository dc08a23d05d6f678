"""A repository with something to register, its registry, and a stand-in for the trained network.

The registry, its database and its files are real. Only the network is replaced, by a rule which
loads in no time: what is tested here is everything around it.
"""

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import kantor.model
from kantor.registry import lineage, register
from kantor.settings import Promote, Register, quiet

CURVES = "iteration,loss,critic gap,note\n10,0.5,,start\n20,0.25,1.5,\n30,nan,1.25,end\n"
ENTRY = {"generated": 0.93, "real": 0.95, "baseline": {"triads": 1.0, "random": 0.1}}
FIGURES = {
    "split": "valid",
    "headline": {"triad_or_seventh": 0.93, "metrics": 30, "metrics_in_range": 22},
    "metrics": {"triad_or_seventh": ENTRY, "crossing": ENTRY | {"generated": None}},
    "phrase_ends": {"count": {"generated": 9, "baseline": {"block": 9}}, "root_position": ENTRY},
    "by_meter": {"3/4": {"pieces": 7, "real": {"crossing": 0.03}}},
    "other_givens": {},
}
PARAMS = """
train: {preset: chorale, budget: {minutes: 8}, rate: 0.001}
register: {model: kantor-bach, experiment: kantor}
"""


class Rule:
    """Composes parallel voices at a distance, which the seed changes."""

    def __init__(self, distance):
        self.distance = distance

    def compose(self, given, seeds, temperature: float = 1.0, passes: int = 2):
        soprano = given.pitches[:, :, :1].astype(int)
        lower = soprano - self.distance * np.arange(4) - seeds[:, None, None] % 3 - (passes - 2)
        pitches = np.where(given.mask, given.pitches, np.where(soprano < 0, -1, lower))
        onsets = np.where(given.mask, given.onsets, given.onsets[:, :, :1])
        return pitches.astype(np.int8), onsets


def load_rule(folder):
    """Read the distance from ``model.json``; the archive is there to be hashed."""
    return Rule(json.loads((Path(folder) / "model.json").read_text())["distance"])


@pytest.fixture(scope="module", autouse=True)
def surroundings():
    """The rule in place of `kantor.model.generator`, and nobody's registry or repository."""
    module = ModuleType("kantor.model.generator")
    module.load = load_rule
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        patch.setattr(kantor.model, "generator", module, raising=False)
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "KANTOR_HOME"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A database with MLflow's tables, which take a while to make."""
    quiet()
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_registered_models()
    return path


def build(root):
    """Write what the pipeline has built before its last stage."""
    for folder in ("build/model", "reports/training", "reports/samples"):
        (root / folder).mkdir(parents=True)
    (root / "build/model/model.json").write_text('{"distance": 4}')
    (root / "reports/metrics.json").write_text(json.dumps(FIGURES))
    (root / "reports/report.html").write_text("<p>A report</p>")
    (root / "reports/training/history.csv").write_text(CURVES)
    (root / "reports/samples/one.mid").write_bytes(b"MThd")
    (root / "params.yaml").write_text(PARAMS)
    (root / "dvc.yaml").write_text("stages: {}\n")
    return root


@pytest.fixture(scope="session")
def builder():
    """The function that writes such a repository, for those who need another network in it."""
    return build


@pytest.fixture
def bare(tmp_path):
    """A repository before its last stage, without a registry."""
    return build(tmp_path / "repository")


@pytest.fixture
def repository(bare, empty_database):
    """The same with an empty registry."""
    shutil.copy(empty_database, bare / "mlflow.db")
    return bare


@pytest.fixture(scope="module")
def registered(surroundings, tmp_path_factory, empty_database):
    """A repository with one version, which is champion and challenger; only to be read."""
    root = build(tmp_path_factory.mktemp("registered") / "repository")
    shutil.copy(empty_database, root / "mlflow.db")
    register(root, Register(model="kantor-bach", experiment="kantor"))
    return root


RULE = {
    "mode": "auto",
    "margin": 0.005,
    "guarded": {"crossing": 0.02, "triad_or_seventh": 0.02},
    "resamples": 200,
    "confidence": 0.9,
}


@pytest.fixture
def rule():
    """The rule of promotion that the figures of `many` pass."""
    return Promote(**RULE)


def evaluated(overlap):
    """An evaluation, as far as a gate looks at it."""
    chords = {"generated": 0.93, "real": 0.95}
    crossing = {"generated": 0.03, "real": 0.03}
    return {
        "headline": {"overlap": overlap},
        "metrics": {"triad_or_seventh": chords, "crossing": crossing},
    }


@pytest.fixture(scope="module")
def many(surroundings, tmp_path_factory, empty_database):
    """A repository with three versions, as if DVC had made them of known data."""
    root = build(tmp_path_factory.mktemp("many") / "repository")
    shutil.copy(empty_database, root / "mlflow.db")
    rule = json.dumps({"promote": RULE})[1:-1]
    (root / "params.yaml").write_text(f"{PARAMS}{rule}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lineage, "data_md5", lambda _: "0123.dir")
        for number in (1, 2, 3):
            (root / "build/model/model.json").write_text(json.dumps({"distance": 3 + number}))
            (root / "reports/metrics.json").write_text(json.dumps(evaluated(0.89 + number / 100)))
            register(root, Register(model="kantor-bach", experiment="kantor"))
    return root


@pytest.fixture
def moving(many, tmp_path):
    """A copy of its registry, whose aliases a test may move; the files stay where they are."""
    root = tmp_path / "moving"
    shutil.copytree(many / "build", root / "build")
    for name in ("params.yaml", "dvc.yaml", "mlflow.db"):
        shutil.copy(many / name, root)
    return root


@pytest.fixture
def client(moving):
    """MLflow's own client, by which its page moves an alias."""
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{moving / 'mlflow.db'}")
