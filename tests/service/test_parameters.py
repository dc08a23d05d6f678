"""A fault of params.yaml is told before a stage or a service starts, and when it comes later."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kantor.errors import SetupError
from kantor.service.parameters import SERVED, STAGES, Watch, check, check_stages, fault

ROOT = Path(__file__).parents[2]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with the stages and the parameters of this one."""
    for name in ("dvc.yaml", "params.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(root, **blocks):
    values = {name: block | blocks.get(name, {}) for name, block in PARAMS.items()}
    (root / "params.yaml").write_text(yaml.safe_dump(values))


def test_every_stage_has_its_block():
    """None is forgotten, and the repository's own parameters pass."""
    assert set(STAGES) == set(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
    check_stages(ROOT)
    check(ROOT)


@pytest.mark.parametrize("name", [*SERVED, "intake"])
def test_a_misspelt_parameter(root, name):
    """The line names file and key, whatever stage, flow or part reads it."""
    change(root, **{name: {"sed": 5}})
    for checked in (check, check_stages) if name in STAGES else (check,):
        with pytest.raises(SetupError, match=rf"^params.yaml: {name}.sed: no such parameter"):
            checked(root)


def test_the_file_is_named_from_where_one_is(root, monkeypatch):
    """In one line, also where a stage's parameters do not go together."""
    change(root, train={"batch": 63})
    (root / "build").mkdir()
    monkeypatch.chdir(root / "build")
    with pytest.raises(
        SetupError, match=r"^\.\./params.yaml: train: .*a multiple of parts"
    ) as caught:
        check_stages(root)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["stages: {ingest: {}}", None, "stages: [", "stages: []", "- a"])
def test_a_stage_that_is_not_there_needs_no_block(root, text):
    """Nor is anything said where it is not known who reads them: that is for DVC to say."""
    params = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(params.replace("\ntrain:", "\ntrian:"))
    with pytest.raises(SetupError, match="the block 'train' is missing"):
        check_stages(root)
    (root / "dvc.yaml").unlink()
    if text is not None:
        (root / "dvc.yaml").write_text(text)
    check_stages(root)


def test_a_fault_that_comes_later_is_told_once(root):
    """When the file is no longer being written; and that it is gone."""
    lines = []
    watch = Watch(root, lines.append)
    for arrivals in (-2, 2):
        change(root, serve={"arrivals": arrivals})
        os.utime(root / "params.yaml", (1000.0, 1000.0 + len(lines)))
        for _ in range(4):
            watch.look()
    first, last = lines
    assert first.startswith("params.yaml: serve.arrivals: ")
    assert first.endswith("; flows fail until it is mended")
    assert last == "params.yaml is sound again"
    (root / "params.yaml").write_text("a: [")
    assert "not YAML" in fault(root)
    (root / "params.yaml").unlink()
    assert "not found" in fault(root)


def test_no_tensorflow():
    """`make repro` looks here first: what takes seconds to import stays out of it."""
    script = "import sys, kantor.service.pipeline; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
