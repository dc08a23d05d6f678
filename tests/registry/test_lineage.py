"""What made a version: hashes, git, the figures read from the reports."""

import os
import subprocess

import pytest
import yaml

from kantor.registry import lineage


def git(root, *arguments):
    who = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    command = ["git", "-C", root, "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.check_output(command, env=os.environ | who, text=True).strip()


def test_directory_hash_is_the_one_of_dvc(tmp_path):
    """The hash equals what `dvc add` of DVC 3.67.1 wrote for this folder."""
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_text("hello\n")
    (tmp_path / "b" / "c.txt").write_text("x\n")
    (tmp_path / "b.txt").write_text("y\n")
    assert lineage.directory_md5(tmp_path) == "6076be3c1c0c0b9e75bddf28a5b8aae0.dir"


LOCK = """
stages:
  ingest: {deps: [{path: data, md5: d.dir}], outs: []}
  train: {outs: [{path: build/model, md5: m.dir}]}
"""


@pytest.mark.parametrize(
    ("lock", "model", "data"),
    [
        (LOCK, "m.dir", "d.dir"),
        (LOCK, "another", "unknown"),
        (None, "m.dir", "unknown"),
        ("", "m.dir", "unknown"),
        ("stages: [1", "m.dir", "unknown"),
        ("stages: {ingest: 3}", "m.dir", "unknown"),
    ],
)
def test_data_hash_comes_from_the_lock_of_this_model(bare, lock, model, data):
    """Another model's lock does not count; one that cannot be read stops nothing."""
    if lock is not None:
        (bare / "dvc.lock").write_text(lock)
    assert lineage.data_md5(bare, model) == data


def test_commit_and_what_makes_it_dirty(bare, monkeypatch):
    """It is dirty by what shapes a model, not by what stages write; without git it is unknown."""
    unknown = (lineage.UNKNOWN, lineage.UNKNOWN)
    assert lineage.git_commit(bare) == unknown
    git(bare, "init", "-q")
    assert lineage.git_commit(bare) == unknown
    git(bare, "add", "params.yaml", "dvc.yaml")
    git(bare, "commit", "-q", "-m", "start")
    head = git(bare, "rev-parse", "HEAD")
    (bare / "dvc.lock").write_text("schema: '2.0'")
    assert lineage.git_commit(bare) == (head, "false")
    (bare / "params.yaml").write_text("register: {}")
    assert lineage.git_commit(bare) == (head, "true")
    monkeypatch.setenv("PATH", str(bare))
    assert lineage.git_commit(bare) == unknown


def test_tags(bare):
    """Each input has its part in the fingerprint; how the parameters are written has none."""
    tags = lineage.tags(bare, yaml.safe_load((bare / "params.yaml").read_text()))
    assert tags["training.budget.minutes"] == "8"
    assert tags["training.preset"] == "chorale"
    assert tags["training.last_iteration"] == "30"
    assert tags["evaluation.triad_or_seventh"] == "0.93"
    assert "training.rate" not in tags
    params = ({"a": 1, "b": {"c": [1, 2]}}, {"b": {"c": [1, 2]}, "a": 1}, {"a": 2})
    one, same, other = (lineage.tags(bare, each)["params.md5"] for each in params)
    assert one == same != other
    seen = [tags["fingerprint"], lineage.tags(bare, {})["fingerprint"]]
    for path in ("build/model/runtime.npz", "build/model/model.json", "reports/metrics.json"):
        (bare / path).write_text("{}")
        seen.append(lineage.tags(bare, {})["fingerprint"])
    assert len({*seen}) == len(seen) - 1 == 4


def test_what_is_a_number(bare):
    """Empty cells, words and NaN are left out of the curves, null and words of the figures."""
    assert list(lineage.curves(bare)) == [
        (10, {"loss": 0.5}),
        (20, {"loss": 0.25, "critic gap": 1.5}),
        (30, {"critic gap": 1.25}),
    ]
    figures = lineage.figures(lineage.evaluation(bare))
    assert figures["metrics.crossing.baseline.triads"] == 1.0
    assert "metrics.crossing.generated" not in figures
    assert "split" not in figures
