"""Scores to write into files, and what reading a source gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kantor import settings
from kantor.data import sources
from kantor.data.corpus import Piece, Refusal
from kantor.ensemble import SATB, Ensemble
from kantor.music.score import Key, Score, onset_floor

SPLIT = settings.Split(valid=0.2, test=0.2)


def chorale(steps: int = 36, seed: int = 0) -> Score:
    """Four voices of quarters, some repeated, after a pickup of one."""
    draw = np.random.default_rng(seed)
    lows = (70, 62, 54, 43)
    quarters = np.stack([draw.integers(low, low + 5, steps // 4) for low in lows], axis=1)
    pitches = np.repeat(quarters, 4, axis=0).astype(np.int8)
    onsets = onset_floor(pitches)
    onsets[::4] = True
    return Score(pitches, onsets, pickup=4, key=Key(-1, "minor"), tempo=90.0, title="Test")


def read(kind: str, path: Path, ensemble: Ensemble = SATB, every: int = 1) -> list[Piece | Refusal]:
    source = settings.Source.model_validate({"kind": kind, "path": path})
    tasks = sources.tasks(source, SPLIT, ensemble)[::every]
    return [item for task in tasks for item in sources.read(task)]


def pieces(items: list[Piece | Refusal]) -> list[Piece]:
    """The pieces; fails where anything is refused."""
    assert [item for item in items if isinstance(item, Refusal)] == []
    return [item for item in items if isinstance(item, Piece)]


def only(kind: str, path: Path, ensemble: Ensemble = SATB) -> Score:
    """The score of the one piece in a source."""
    (piece,) = pieces(read(kind, path, ensemble))
    return piece.score


def reason(kind: str, path: Path) -> str:
    """Why the one file of a source is refused."""
    (item,) = read(kind, path)
    assert isinstance(item, Refusal), item
    return item.reason
