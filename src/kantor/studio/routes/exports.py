"""Routes of `/api/pieces/ID/export`: a piece or a take as a file."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from kantor.formats.staves import Layout
from kantor.studio.context import Here
from kantor.studio.document import Piece
from kantor.studio.exporting import MEDIA, Kind, name_of, removed
from kantor.studio.problems import Problem
from kantor.studio.score_pages import shown
from kantor.studio.store import Store

router = APIRouter(prefix="/api/pieces", tags=["exports"])
_PACKED = {"content-encoding": "identity"}  # packing sound and pictures once more gains nothing
_TEXT = ("mid", "musicxml", "svg")


@router.get("/{id}/export/{kind}", response_class=FileResponse)
async def export(
    here: Here, id: str, kind: Kind, take: int | None = None, layout: Layout = "open"
) -> FileResponse:
    """A file. Sound leaves out muted lines; everything else holds all of them.

    `layout` is of scores: `open` has a staff for each line, `closed` two lines on each staff.
    """
    piece = await run_in_threadpool(shown, here.store, id, take)
    number = piece.take if take is None else take
    credit = await run_in_threadpool(_credit, here.store, piece, number)
    path = await here.exporter.file(piece, kind, layout, credit)
    headers = {} if kind in _TEXT else _PACKED
    name = name_of(piece, kind, number)
    return FileResponse(
        path, 200, headers, MEDIA[kind], BackgroundTask(removed, path), filename=name
    )


def _credit(store: Store, piece: Piece, take: int | None) -> str:
    """Which model composed it, for the heading of a score."""
    if take is None:
        return ""
    try:
        model = store.take(piece.id, take).model
    except Problem:  # its file is gone
        return ""
    return f"Composed with Kantor ({model.name} {model.version})"
