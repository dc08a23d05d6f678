"""Scores to write into files, what reading a source gives, the raw scores, and the stages."""

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kantor import settings
from kantor.data import sources
from kantor.data.corpus import Piece, Refusal
from kantor.data.pin import materialise
from kantor.music.score import Key, Score, onset_floor

# The white keys that each voice sings; no two voices share any.
NOTES = ((67, 69, 71, 72, 74), (60, 62, 64, 65), (53, 55, 57, 59), (43, 45, 47, 48, 50, 52))


def chorale(seed: int = 0, quarters: int = 9) -> Score:
    """Four voices of quarters, some repeated, after a pickup of one."""
    draw = np.random.default_rng(seed)
    drawn = np.stack([draw.choice(notes, quarters) for notes in NOTES], axis=1)
    pitches = np.repeat(drawn, 4, axis=0).astype(np.int8)
    onsets = onset_floor(pitches)
    onsets[::4] = True
    return Score(pitches, onsets, pickup=4, key=Key(-1, "minor"), tempo=90.0, title="Test")


def read(kind: str, path: Path, every: int = 1) -> list[Piece | Refusal]:
    """What one in so many files of a source holds."""
    source = settings.Source.model_validate({"kind": kind, "path": path})
    return [item for task in sources.tasks(source)[::every] for item in sources.read(task)]


def pieces(items: list[Piece | Refusal]) -> list[Piece]:
    """The pieces; fails where anything is refused."""
    assert [item for item in items if isinstance(item, Refusal)] == []
    return [item for item in items if isinstance(item, Piece)]


def only(kind: str, path: Path) -> Score:
    """The score of the one piece in a source."""
    (piece,) = pieces(read(kind, path))
    return piece.score


def reason(kind: str, path: Path) -> str:
    """Why the one file of a source is refused."""
    (item,) = read(kind, path)
    assert isinstance(item, Refusal), item
    return item.reason


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `data/` as `kantor data` builds it."""
    root = tmp_path_factory.mktemp("raw")
    materialise(root)
    return root / "data"


@pytest.fixture
def run_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], int]:
    """Run the script of a stage in `tmp_path` with the parameters given; its exit code."""

    def run(name: str, params: str) -> int:
        (tmp_path / "params.yaml").write_text(f"ensemble: {{ranges: {{}}}}\n{params}")
        monkeypatch.chdir(tmp_path)
        script = Path(__file__).parents[2] / "pipelines" / f"{name}.py"
        return int(runpy.run_path(str(script))["main"]())

    return run
