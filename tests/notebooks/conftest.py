"""Repositories in which lessons run: some chorales, and a champion of small networks."""

import os
import shutil
from functools import partial

import pytest
from benchmarks import clone
from tests.pipeline.conftest import COPIED, ROOT, SMALL

from kantor.data.pin import materialise
from kantor.locks import held

PIECES = {"train": 24, "valid": 8, "test": 4}
HEARD = {f"bwv{number}.mxl" for number in ("197.10", "227.1", "253", "269")}
"""Chorales that lessons ask for by name."""


@pytest.fixture(scope="session")
def begun(tmp_path_factory):
    """Nothing is built: enough for lessons that only read chorales."""
    return _once(tmp_path_factory, "begun", _begin)


@pytest.fixture(scope="session")
def small(tmp_path_factory, begun):
    """With all that `dvc repro` makes, and nobody else's registry."""
    return _once(tmp_path_factory, "small", lambda line: begun.copied(line.root).repro())


def _once(tmp_path_factory, name, make):
    """A repository is made by whichever worker of the tests comes first."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "lessons"
    line, done = clone.Clone(shared / name), shared / f"{name} is done"
    shared.mkdir(exist_ok=True)
    with held(shared / f"{name} lock", seconds=600):
        if not done.exists():
            shutil.rmtree(line.root, ignore_errors=True)
            make(line)
            done.touch()
    return line


def _begin(line):
    line.root.mkdir()
    leave = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.ipynb", "cache", "tmp")
    for name in (*COPIED, "notebooks", "docs", "flows", "styles", "data.dvc"):
        copy = partial(shutil.copytree, ignore=leave) if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, line.root / name)
    materialise(line.root)
    chorales = line.root / "data/jsb"
    kept = HEARD | {row.file for row in clone.smallest(chorales, PIECES)}
    for path in chorales.iterdir():
        if path.name not in kept:
            path.unlink()
    train = SMALL["train"] | {"measure_every": 12, "sampling": {"particles": 1}}
    line.change(train=train, validate=SMALL["validate"])
    line.change(evaluate={"samples": 1, "pieces": 2, "bars": 4})
    line.run("git", "init", "--quiet")
    line.run("dvc", "add", "--quiet", "data")
    line.run("git", "add", ".")
    name = ("-c", "user.name=Kantor", "-c", "user.email=kantor@example.org")
    line.run("git", *name, "commit", "--quiet", "--message", "Begin")
