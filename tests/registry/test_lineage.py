"""What made a version: hashes, git, the figures read from the reports."""

import os
import subprocess

import pytest
import yaml

from kantor.errors import SetupError
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
  ingest: {deps: [{path: data, md5: d.dir}], outs: [{path: build/windows.npz, md5: WINDOWS}]}
  train: {outs: [{path: build/model, md5: MODEL}]}
"""


@pytest.mark.parametrize("made", [lineage.MODEL, lineage.WINDOWS])
@pytest.mark.parametrize(
    ("lock", "changed", "data"),
    [
        (LOCK, False, "d.dir"),
        (LOCK, True, "unknown"),
        (None, False, "unknown"),
        ("", False, "unknown"),
        ("stages: [1", False, "unknown"),
        ("stages: {ingest: 3}", False, "unknown"),
    ],
)
def test_data_hash_comes_from_the_lock_of_what_was_made(bare, made, lock, changed, data):
    """Another model's lock does not count; one that cannot be read stops nothing."""
    (bare / lineage.WINDOWS).write_bytes(b"windows")
    hashes = {"WINDOWS": lineage.file_md5(bare / lineage.WINDOWS)}
    hashes["MODEL"] = lineage.directory_md5(bare / lineage.MODEL)
    if lock is not None:
        for name, md5 in hashes.items():
            lock = lock.replace(name, "another" if changed else md5)
        (bare / "dvc.lock").write_text(lock)
    assert lineage.data_md5(bare, made) == data


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
    """Each input has its part in the fingerprint; there are at most ten tags, one may be added."""
    (bare / "reports/training/health.json").write_text('{"stopped_by": "time"}')
    tags = lineage.tags(bare)
    assert tags["training.stopped_by"] == "time"
    assert tags["data.sources"] == "jsb, folder"
    assert len(tags) + len(("ensemble", "ensemble.lines", "retired")) <= 10
    seen = [tags["fingerprint"]]
    for path in ("build/model/runtime.npz", "build/model/model.json", "reports/metrics.json"):
        (bare / path).write_text('{"another": 1}')
        seen.append(lineage.tags(bare)["fingerprint"])
    assert len({*seen}) == 4


@pytest.mark.parametrize("preset", ["chorale", "long", "unet"])
def test_parameters_of_a_run_are_those_that_shaped_it(bare, preset):
    """Those of the chosen preset, at most sixty with the evaluation's; none of how Kantor runs."""
    values = yaml.safe_load((bare / "params.yaml").read_text())
    values["train"]["preset"] = preset
    (bare / "params.yaml").write_text(yaml.safe_dump(values))
    params = lineage.params_of(bare, "ensemble", "ingest", "train", "evaluate")
    assert len(params) <= 60
    assert params["ingest.sources"] == "jsb data/jsb, folder data/scores"
    assert params["ensemble.ranges.soprano"] == "[59, 82]"
    long = values["train"]["long"]
    assert (params["train.warmup"] == str(long["warmup"])) == (preset == "long")
    assert ("train.chorale.width" in params) == (preset != "unet")
    assert not [name for name in params if name.startswith(("train.long", "train.health"))]


def test_what_could_not_be_counted_is_no_figure(bare):
    """Null is left out of the headline; where there is none, one line says what makes one."""
    (bare / lineage.METRICS).write_text('{"headline": {"overlap": 0.5, "crossing": null}}')
    assert lineage.headline(bare) == {"overlap": 0.5}
    (bare / lineage.METRICS).write_text("[]")
    with pytest.raises(SetupError, match=r"metrics.json: not an evaluation; run `dvc repro"):
        lineage.headline(bare)
