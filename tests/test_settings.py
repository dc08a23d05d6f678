"""Faults of params.yaml are told in one line that names file, key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantor import settings
from kantor.errors import SetupError
from kantor.service.parameters import Retrain
from kantor.settings import Ingest

GOOD = """
ingest:
  sources: [{kind: jsb, path: data/jsb}]
  windows: {steps: 32, hop_bars: 1}
"""


@pytest.fixture
def params(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize(
    ("said", "instead", "told"),
    [
        ("sources", "source", "ingest.source: no such parameter; sources may be meant"),
        ("hop_bars", "hop_bar", "ingest.windows.hop_bar: no such parameter; hop_bars may be"),
        ("windows:", "zzz:", "ingest.zzz: no such parameter"),
        ("steps: 32", "steps: many", "ingest.windows.steps: Input should be a valid integer"),
        ("[{kind", "[kind", "not YAML: .* in line 3"),
        ("ingest:", "digest:", "the block 'ingest' is missing"),
    ],
)
def test_a_fault_is_one_line(params: Path, said: str, instead: str, told: str) -> None:
    """It names the file, the key, and for a misspelt key the one that may be meant."""
    params.write_text(GOOD.replace(said, instead))
    with pytest.raises(SetupError, match=f"^{params}: {told}") as caught:
        settings.load(Ingest, "ingest", params)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ("{soprano: [82, 59]}", r"ensemble\.ranges: line soprano: 82 to 59 is not a range"),
        ("{sopran: [59, 82]}", r"ensemble\.ranges: no line 'sopran'; the lines are soprano, "),
        ("{soprano: [59]}", r"ensemble\.ranges\.soprano.*"),
        ("{soprano: [59, high]}", r"ensemble\.ranges\.soprano.*integer"),
    ],
)
def test_a_wrong_range_is_one_line(params: Path, ranges: str, expected: str) -> None:
    """It names the file, the key and the fault."""
    params.write_text(f"ensemble: {{ranges: {ranges}}}")
    with pytest.raises(SetupError, match=f"^{params}: {expected}") as caught:
        settings.load_ensemble(params)
    assert "\n" not in str(caught.value)


def test_ranges_of_ones_own(params: Path) -> None:
    """Those that are named change, the others stay."""
    params.write_text("ensemble: {ranges: {alto: [50, 70]}}")
    assert settings.load_ensemble(params).ranges == ((59, 82), (50, 70), (45, 70), (35, 67))


def test_a_good_block_is_read(params: Path) -> None:
    """What is not said has its default; a block that is not there is an error."""
    assert settings.load(Ingest, "ingest", params).windows.steps == 32
    with pytest.raises(SetupError, match="the block 'retrain' is missing"):
        settings.load(Retrain, "retrain", params)


@pytest.mark.parametrize("content", [None, "a list"])
def test_no_mapping_is_refused(tmp_path: Path, content: str | None) -> None:
    """A missing file and one that holds something else are told apart."""
    path = tmp_path / "params.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SetupError, match="not found" if content is None else "a mapping"):
        settings.read_params(path)
