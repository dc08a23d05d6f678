"""Routes of `/api/samples`: melodies to begin with."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from kantor.studio.file_reading import FileOptions
from kantor.studio.model_preview import heard
from kantor.studio.samples import Sample, sample_piece, samples

router = APIRouter(prefix="/api", tags=["melodies"])


@router.get("/samples")
def listed() -> list[Sample]:
    """The sample melodies."""
    return list(samples())


@router.get("/samples/{id}/hearing")
def hearing(id: str) -> dict[str, Any]:
    """What a sample melody sounds like, for the page's synthesizer."""
    piece, _ = sample_piece(id, FileOptions())
    return {
        "title": piece.title,
        "steps": piece.steps,
        "tempo": piece.tempo,
        "tempi": piece.tempi,
        "lines": [heard(line, line.volume, line.notes) for line in piece.lines],
    }
