"""What `dvc exp run -S` wrote into a file is undone, and nothing else is ever touched."""

import os
import subprocess
import time
from types import SimpleNamespace

import pytest

from kantor import experiments

COMMITTED, EDITED, WRITTEN = b"seed: 1\n", b"seed: 1\nbatch: 2  # mine\n", b"seed: -1\n"


def git(root, *command):
    done = subprocess.run(["git", *command], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def params(tmp_path, monkeypatch):
    """A file in a repository, in an experiment that began before what the test does."""
    for name, value in (("name", "Kantor"), ("email", "kantor@example.org")):
        monkeypatch.setenv(f"GIT_AUTHOR_{name.upper()}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name.upper()}", value)
    monkeypatch.setenv("DVC_EXP_NAME", "tried")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    began = SimpleNamespace(create_time=lambda: time.time() - 5)
    monkeypatch.setattr(experiments, "_command", lambda: began)
    path = tmp_path / "params.yaml"
    path.write_bytes(COMMITTED)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return path


def stash(path):
    """Take the edits aside and up again, as DVC does before it writes."""
    git(path.parent, "stash")
    git(path.parent, "stash", "pop")


def test_what_was_committed_comes_back(params):
    """Where nothing was edited; a second time there is nothing to do."""
    params.write_bytes(WRITTEN)
    assert experiments.put_back(params)
    assert params.read_bytes() == COMMITTED
    assert not experiments.put_back(params)


def test_edits_that_were_not_committed_come_back(params):
    """To the byte, also beside stashes that somebody keeps."""
    params.write_bytes(b"kept by somebody\n")
    git(params.parent, "stash")
    params.write_bytes(EDITED)
    stash(params)
    params.write_bytes(WRITTEN)
    assert experiments.put_back(params)
    assert params.read_bytes() == EDITED


def test_stashes_of_earlier_experiments_are_passed_over(params, monkeypatch):
    """What lay about when the command began is not what it took aside."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2001-01-01T00:00:00Z")
    params.write_bytes(EDITED)
    stash(params)
    params.write_bytes(WRITTEN)
    assert experiments.put_back(params)
    assert params.read_bytes() == COMMITTED


@pytest.mark.parametrize("variable", ["DVC_EXP_NAME", "DVC_ROOT"])
def test_elsewhere_nothing_is_touched(params, monkeypatch, variable):
    """Outside of an experiment, and in one that runs in a copy, which is thrown away."""
    monkeypatch.undo()
    monkeypatch.setenv("DVC_EXP_NAME", "tried")
    monkeypatch.setenv("DVC_ROOT", os.devnull)
    monkeypatch.delenv(variable)
    params.write_bytes(WRITTEN)
    assert not experiments.put_back(params)
    assert params.read_bytes() == WRITTEN
