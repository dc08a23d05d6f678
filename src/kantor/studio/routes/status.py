"""What runs here, what happened, and the soundfont that the page plays with."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse

from kantor.studio.context import Here
from kantor.studio.soundfont import credits, page_soundfont

router = APIRouter(tags=["status"])


@router.get("/health", include_in_schema=False)
def health() -> PlainTextResponse:
    """Whether the server lives."""
    return PlainTextResponse("ok")


@router.get("/api/status")
def status(here: Here, request: Request) -> dict[str, Any]:
    """The release, the links to other pages, and how trainings are run."""
    return {
        "version": version("kantor"),
        "links": here.links.seen_from(request.url.hostname or "localhost", here.root),
        "trainings": "flow" if here.prefect else "local",
        "soundfont": credits(),
    }


@router.get("/api/events")
def events(here: Here, last_event_id: str = Header("")) -> StreamingResponse:
    """Server-sent events: `models`, `training`, `publication`."""
    last = int(last_event_id) if last_event_id.isdecimal() else None
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(here.events.stream(last), 200, headers, "text/event-stream")


@router.get("/soundfont.sf2", include_in_schema=False)
def sound(if_none_match: Annotated[str, Header()] = "") -> Response:
    """The soundfont, from where it is installed; 304 where the browser has it."""
    path = page_soundfont()
    # Samples hardly shrink, and the time would be waited for: sent as they are.
    headers = {"cache-control": "no-cache", "content-encoding": "identity"}
    response = FileResponse(path, 200, headers, "application/octet-stream", stat_result=path.stat())
    if response.headers["etag"] in if_none_match:
        return Response(status_code=304, headers={"etag": response.headers["etag"]})
    return response
