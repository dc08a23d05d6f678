"""Routes of `/api/pieces/ID`: the engraved score, and the names of its chords."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from kantor.formats.staves import Layout
from kantor.studio.context import Here
from kantor.studio.score_pages import NARROWEST, WIDEST, ChordName, Page, chord_names, shown

router = APIRouter(prefix="/api/pieces", tags=["notation"])


@router.get("/{id}/notation", response_model=Page)
async def notation(
    here: Here,
    id: str,
    take: int | None = None,
    page: Annotated[int, Query(ge=0)] = 0,
    width: Annotated[int, Query(ge=NARROWEST, le=WIDEST)] = 1000,
    layout: Layout = "open",
    if_none_match: str = Header(""),
) -> Response:
    """A part of the score as SVG, so many pixels wide; long pieces have several parts.

    Note heads have ids `n-LINE-START-END`, bars `m-START-END`, all in steps of the piece.
    """
    piece = await run_in_threadpool(shown, here.store, id, take)
    made = await here.engraver.page(piece, page, width, layout)
    headers = {"etag": f'"{made.key}"', "cache-control": "no-cache"}
    if made.key in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(made.model_dump_json(), 200, headers, "application/json")


@router.get("/{id}/chords")
def chords(here: Here, id: str, take: int | None = None) -> list[ChordName]:
    """The names of the chords, each at the step where it begins."""
    return chord_names(shown(here.store, id, take))
