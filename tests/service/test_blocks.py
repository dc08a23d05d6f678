"""A fault of params.yaml is told before a stage runs, whichever stage it is for."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kantor.errors import SetupError
from kantor.service.blocks import BLOCKS, check

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
    assert set(BLOCKS) == set(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
    check(ROOT)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_misspelt_parameter(root, name):
    """The line names file and key."""
    change(root, **{name: {"sed": 5}})
    with pytest.raises(SetupError, match=rf"^params.yaml: {name}.sed: no such parameter"):
        check(root)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"train": {"itrations": 5}}, "train.itrations: no such parameter; iterations may be mea"),
        ({"train": {"batch": 0}}, "train.batch: Input should be greater than or equal to 1"),
        ({"train": {"batch": 63}}, "train: .*batch must be a multiple of parts"),
        ({"train": {"chorale": {"widht": 1}}}, "train.chorale.widht: .*; width may be meant"),
        ({"evaluate": {"split": "train"}}, "evaluate.split: Input should be 'valid' or 'test'"),
    ],
)
def test_an_impossible_parameter(root, monkeypatch, block, told):
    """What pydantic finds is told, by the path from where one is."""
    change(root, **block)
    (root / "build").mkdir()
    monkeypatch.chdir(root / "build")
    with pytest.raises(SetupError, match=rf"^\.\./params.yaml: {told}") as caught:
        check(root)
    assert "\n" not in str(caught.value)


def test_a_block_under_another_name(root):
    """It is missing for the stage that reads it; one that has no such stage does not need it."""
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace("\ntrain:", "\ntrian:"))
    with pytest.raises(SetupError, match="the block 'train' is missing"):
        check(root)
    (root / "dvc.yaml").write_text("stages: {ingest: {cmd: echo}}")
    check(root)


@pytest.mark.parametrize("text", [None, "stages: [", "stages: []", "- a"])
def test_faults_of_dvc_s_own_file_are_dvc_s(root, text):
    """Nothing is said of parameters where it is not known who reads them."""
    (root / "params.yaml").unlink()
    (root / "dvc.yaml").unlink()
    if text is not None:
        (root / "dvc.yaml").write_text(text)
    check(root)


def test_no_tensorflow():
    """It is a part of every `dvc repro`: what takes seconds to import stays out of it."""
    script = "import sys, kantor.service.blocks; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
