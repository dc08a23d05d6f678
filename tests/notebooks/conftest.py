"""A repository in which lessons run: all chorales, and a champion of small networks."""

import os
import shutil
from functools import partial

import pytest
from benchmarks import clone
from tests.pipeline.conftest import COPIED, ROOT, SMALL

from kantor.data.pin import materialise
from kantor.locks import held


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """It is built once, whichever worker of the tests comes first; nobody else's registry."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "lessons"
    line, done = clone.Clone(shared / "repository"), shared / "done"
    shared.mkdir(exist_ok=True)
    with held(shared / "lock", seconds=600):
        if not done.exists():
            _built(line)
            done.touch()
    return line


def _built(line):
    shutil.rmtree(line.root, ignore_errors=True)
    line.root.mkdir()
    leave = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.ipynb", "cache", "tmp")
    for name in (*COPIED, "notebooks", "docs", "flows", "styles", "data.dvc"):
        copy = partial(shutil.copytree, ignore=leave) if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, line.root / name)
    materialise(line.root)
    line.change(**SMALL | {"evaluate": {"samples": 1, "pieces": 6}})
    line.run("git", "init", "--quiet")
    line.run("git", "add", ".")
    name = ("-c", "user.name=Kantor", "-c", "user.email=kantor@example.org")
    line.run("git", *name, "commit", "--quiet", "--message", "Begin")
    line.repro()
