"""A fault of params.yaml is told before a service starts, and when it comes later."""

import os
import shutil
from pathlib import Path

import pytest

from kantor.errors import SetupError
from kantor.service.parameters import SERVED, Parameters, check, fault

PARAMS = Path(__file__).resolve().parents[2] / "params.yaml"


@pytest.fixture
def root(tmp_path):
    shutil.copy(PARAMS, tmp_path)
    return tmp_path


def change(root, old, new):
    path = root / "params.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("block", [*SERVED, "intake"])
def test_every_block_is_checked(root, block):
    """Whatever stage, flow or part reads it."""
    check(root)
    change(root, f"\n{block}:" if block != "ingest" else "ingest:", f"\n{block}:\n  wrong: 1")
    with pytest.raises(SetupError, match=rf"params.yaml: {block}.wrong: no such parameter"):
        check(root)


def test_what_is_no_file_or_no_yaml(root):
    """Said in one line as well."""
    (root / "params.yaml").write_text("a: [")
    assert "not YAML" in fault(root)
    (root / "params.yaml").unlink()
    assert "not found" in fault(root)


def test_a_fault_that_comes_later_is_told_once(root):
    """When the file is no longer being written; and that it is gone."""
    told = []
    looking = Parameters(root, told.append)
    for old, new in (("arrivals: 2 ", "arrivals: -2 "), ("arrivals: -2 ", "arrivals: 2 ")):
        change(root, old, new)
        os.utime(root / "params.yaml", (1000.0, 1000.0 + len(told)))
        for _ in range(4):
            looking.look()
    first, last = told
    assert first.startswith(os.path.relpath(root / "params.yaml"))
    assert first.endswith("; flows fail until it is mended")
    assert "serve.arrivals" in first
    assert last == "params.yaml is sound again"
