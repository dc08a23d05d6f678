"""The whole line, small: one repository in which `dvc repro` is stopped, resumed and finished.

Everything is real: DVC, the stages' scripts, TensorFlow, MLflow. Only the corpus and the networks
are small. Each step is a fixture that builds on the one before and keeps what was said.
"""

import os
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
from benchmarks import clone
from tests.data.conftest import chorale

from kantor.data.pin import materialise
from kantor.formats import midi

ROOT = Path(__file__).parents[2]
COPIED = ("src", "pipelines", "dvc.yaml", "params.yaml", ".dvc", ".dvcignore", ".gitignore")
PIECES = {"train": 6, "valid": 3, "test": 3}
TRAIN = {"batch": 4, "warmup": 12, "iterations": 12, "log_every": 2, "measure_every": 6}
SMALL = clone.SMALL | {
    "train": clone.SMALL["train"] | TRAIN,
}


def outs_of(stage):
    """The paths of what a stage of dvc.yaml writes, options left out."""
    entries = [*stage.get("outs", ()), *stage.get("metrics", ())]
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


@pytest.fixture(scope="session")
def unbuilt(tmp_path_factory):
    """A repository as a newcomer has it, with its data pinned and nothing built.

    The chorales are the smallest of each split, so that there is little to play.
    """
    line = clone.Clone(tmp_path_factory.mktemp("line") / "repository")
    line.root.mkdir()
    leave = shutil.ignore_patterns("__pycache__", "*.egg-info", "cache", "tmp", "config.local")
    for name in COPIED:
        copy = partial(shutil.copytree, ignore=leave) if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, line.root / name)
    materialise(line.root)
    chorales = line.root / "data/jsb"
    kept = {row.file for row in clone.smallest(chorales, PIECES)}
    for path in chorales.iterdir():
        if path.name not in kept:
            path.unlink()
    midi.write(chorale(quarters=33), line.root / "data/scores/own.mid")
    line.change(**SMALL)
    line.run("git", "init", "--quiet")
    line.run("dvc", "add", "--quiet", "data")
    line.run("git", "add", ".")
    name = ("-c", "user.name=Kantor", "-c", "user.email=kantor@example.org")
    line.run("git", *name, "commit", "--quiet", "--message", "Begin")
    return line


@pytest.fixture(scope="session")
def refused(unbuilt):
    """What `dvc repro` says where the data do not pass a check."""
    unbuilt.change(validate={"min_in_scale": 1.0})
    said = unbuilt.repro(code=255)
    unbuilt.change(validate={"min_in_scale": 0.6})
    return said


@pytest.fixture(scope="session")
def interrupted(unbuilt, refused):
    """What `dvc repro`, and its stage that ends later, say when terminated amid the training."""
    history = unbuilt.root / "reports/training/history.csv"
    process = subprocess.Popen(
        ("dvc", "repro"),
        cwd=unbuilt.root,
        env=unbuilt.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (history.is_file() and len(history.read_text().splitlines()) > 2):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    return said


@pytest.fixture(scope="session")
def finished(unbuilt, interrupted):
    """What `dvc repro` says when it then goes through to its end."""
    return unbuilt.repro()


@pytest.fixture(scope="session")
def line(unbuilt, finished):
    """The repository with everything built and one version registered."""
    return unbuilt
