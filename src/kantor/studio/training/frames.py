"""The fixed melody as the model composed it at each measurement: to see and to hear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kantor.data import corpus
from kantor.errors import InputError
from kantor.music.notes import spans_of
from kantor.music.score import Score
from kantor.music.swing import swing_changes
from kantor.studio.model_preview import heard, strengths
from kantor.training.film import frame_path, iterations, read_frame

CHECKPOINTS = Path("build/checkpoints")
KEPT = Path("reports/training/frames.npz")


def folder(root: Path) -> Path | None:
    """Where the training that began last keeps its frames."""
    locks = (root / CHECKPOINTS).glob("*/lock")
    newest = max(locks, key=lambda lock: lock.stat().st_mtime, default=None)
    return newest and newest.parent


def listed(root: Path, last: int) -> list[int]:
    """The iterations up to `last` of which there is a frame."""
    place = folder(root)
    if place is not None and (found := iterations(place)):
        return [one for one in found if one <= last]
    return [int(piece.id) for piece in _kept(root)]


def score(root: Path, iteration: int) -> Score:
    """The take of an iteration; `InputError` where there is none."""
    place = folder(root)
    if place is not None and frame_path(place, iteration).is_file():
        return read_frame(place, iteration)
    found = next((one.score for one in _kept(root) if one.id == str(iteration)), None)
    if found is None:
        raise InputError(
            f"iteration {iteration}: nothing was composed at it; choose another on the slider"
        )
    return found


def hearing(take: Score) -> dict[str, Any]:
    """A take as the page draws and plays it."""
    return {
        "steps": take.steps,
        "tempo": take.tempo,
        "tempi": [],
        "swing": swing_changes(take),
        "bar_lines": take.bar_lines.tolist(),
        "lines": [
            {
                "name": line.name,
                "colour": line.colour,
                **heard(line, 0.8, spans_of(take, index), struck),
            }
            for index, (line, struck) in enumerate(
                zip(take.ensemble.lines, strengths(take.ensemble, take.steps).T, strict=True)
            )
        ],
    }


def _kept(root: Path) -> tuple[corpus.Piece, ...]:
    return corpus.load(root / KEPT) if (root / KEPT).is_file() else ()
