"""What the pipeline changed in git is told with its cause; where nothing is changed, nothing is."""

import json
import subprocess

import pytest

from kantor.service.git_changes import told


def lock(root, iterations=120, code="a", weights="w"):
    """The lock file of a small line."""
    outs = [{"path": "build/model", "md5": weights}]
    deps = [{"path": "src/kantor/model", "md5": code}]
    params = {"params.yaml": {"train": {"iterations": iterations}}}
    train = {"cmd": "train", "deps": deps, "params": params, "outs": outs}
    read = [{"path": "build/model/weights.npz", "md5": weights}, {"path": "build", "md5": weights}]
    stages = {"train": train, "evaluate": {"cmd": "evaluate", "deps": read}}
    (root / "dvc.lock").write_text(json.dumps({"stages": stages}))


@pytest.fixture
def root(tmp_path):
    """A repository with a commit of its lock file."""
    lock(tmp_path)
    for command in ("init", "add ."):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True, capture_output=True)
    name = ("-c", "user.name=Kantor", "-c", "user.email=kantor@example.org")
    commit = ["git", *name, "commit", "--quiet", "--message", "Begin"]
    subprocess.run(commit, cwd=tmp_path, check=True)
    return tmp_path


def test_nothing_changed(root):
    """No line; nor where there is no git."""
    assert told(root) == []
    (root / "params.yaml").write_text("other files are nobody's concern here")
    assert told(root) == []
    assert told(root.parent) == []


def test_the_same_inputs_gave_other_weights(root):
    """Another processor is named as the cause, and what to commit."""
    lock(root, weights="other")
    why, then = told(root)
    assert "git shows changes in dvc.lock: " in why
    assert "another processor" in why
    assert then.endswith("git add dvc.lock && git commit")


@pytest.mark.parametrize(
    ("change", "named"),
    [({"iterations": 130}, "train.iterations"), ({"code": "b"}, "src/kantor/model")],
)
def test_what_went_in_changed(root, change, named):
    """The parameter or file is named, whatever came of it."""
    lock(root, weights="other", **change)
    (root / "params.yaml").write_text("train: {}")
    why, then = told(root)
    assert f"since the last commit {named} changed" in why
    assert then.endswith("git add dvc.lock params.yaml && git commit")


def test_a_style_was_made(root):
    """What DVC wrote of it is to be kept; a change of Bach's line is told first."""
    (root / "styles").mkdir()
    (root / "styles/dvc.lock").write_text("stages: {}")
    (line,) = told(root)
    assert line.endswith("git add styles/dvc.lock && git commit")
    lock(root, iterations=60)
    assert "iterations" in told(root)[0]
