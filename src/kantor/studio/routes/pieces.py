"""Routes of `/api/pieces` and `/api/bin`: what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, StringConstraints, model_validator
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from kantor.intake import read_limits
from kantor.studio import isolated_call
from kantor.studio.context import Here
from kantor.studio.document import Piece, Strict
from kantor.studio.file_reading import FileOptions
from kantor.studio.piece_checks import piece_sent
from kantor.studio.problems import Problem
from kantor.studio.recordings import RECORDING, Recording, recording_files, recording_piece
from kantor.studio.request_checks import Body, Revision, checked
from kantor.studio.request_checks import body as sent
from kantor.studio.samples import sample_piece
from kantor.studio.starts import FormOrder, form_piece, longer
from kantor.studio.summaries import PieceSummary
from kantor.studio.uploads import again, file_options, too_large, uploaded


async def told(here: Here, request: Request) -> AsyncIterator[None]:
    """Tell open pages, after a request that changed something: the event `pieces`."""
    yield
    if request.method != "GET":
        here.events.publish("pieces", {})


router = APIRouter(prefix="/api", tags=["pieces"], dependencies=[Depends(told)])
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


BYTES = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def described(kind: type[Strict]) -> dict[str, Any]:
    """What the reference says of a body that a route reads itself."""
    content = {"application/json": {"schema": kind.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


class Order(Strict):
    """What a new piece is made from: exactly one of sample, form and recording."""

    sample: Annotated[str, StringConstraints(max_length=60)] | None = None
    form: FormOrder | None = None
    recording: Recording | None = None
    given: Annotated[str, StringConstraints(max_length=200)] | None = None
    """The line that the melody is for; None: the one that leads."""

    @model_validator(mode="after")
    def _one(self) -> Order:
        if sum(one is not None for one in (self.sample, self.form, self.recording)) != 1:
            raise ValueError("name exactly one of sample, form and recording")
        return self


class Reading(Strict):
    """How the kept source is to be read again."""

    options: FileOptions = FileOptions()


class Saved(Strict):
    """What saving gave."""

    revision: int
    changed: str


class Renaming(Strict):
    """A new title."""

    title: Title


class Continuation(Strict):
    """How many bars follow."""

    bars: Annotated[int, Field(ge=1, le=64)] = 4


@router.get("/pieces")
def listed(here: Here, search: Annotated[str, Query(max_length=200)] = "") -> list[PieceSummary]:
    """Every piece whose title has `search` in it, the last changed first."""
    return here.store.listed(search)


@router.post("/pieces", status_code=201, openapi_extra=described(Order))
def create(here: Here, body: Body) -> Piece:
    """Make a piece: of a sample, of a form, or of a recording."""
    order = checked(Order, body)
    options = FileOptions(given=order.given)
    if order.form:
        return here.store.create(form_piece(order.form))
    if order.recording:
        piece = isolated_call.call("the take", recording_piece, order.recording, options)
        return here.store.create(piece, recording_files(order.recording))
    return here.store.create(*sample_piece(order.sample or "", options))


@router.post("/pieces/file", status_code=201, openapi_extra=BYTES)
async def upload(
    here: Here,
    request: Request,
    options: Annotated[FileOptions, Depends(file_options)],
    name: Annotated[str, Query(min_length=1, max_length=500)],
) -> Piece:
    """Make a piece of a MIDI, MusicXML or ABC file; one that cannot be used is kept aside."""
    limits = read_limits(here.root / "params.yaml")
    try:
        data = await sent(request, limits.file_bytes)
    except Problem:
        raise await run_in_threadpool(too_large, name, limits, here.store.root) from None
    made = await run_in_threadpool(uploaded, name, data, options, limits, here.store.root)
    return await run_in_threadpool(here.store.create, *made)


@router.post("/pieces/{id}/source")
def read_again(here: Here, id: str, revision: Revision, order: Reading) -> Piece:
    """Read what the piece was made from again, with other options; its notes are replaced."""
    piece = here.store.get(id, revision)
    limits = read_limits(here.root / "params.yaml")
    return here.store.save(again(piece, here.store.folder(id), order.options, limits), revision)


@router.get("/pieces/{id}")
def read(here: Here, id: str, response: Response) -> Piece:
    """A piece; its ETag is the revision."""
    piece = here.store.get(id)
    response.headers["etag"] = f'"{piece.revision}"'
    return piece


@router.get("/pieces/{id}/recording")
def recorded(here: Here, id: str) -> Recording:
    """What was played, as it came, of a piece that was recorded; 404 for others."""
    file = here.store.folder(id) / RECORDING
    if not file.is_file():
        raise Problem(404, "the piece was not recorded: there is no raw take")
    return Recording.model_validate_json(file.read_bytes())


@router.put("/pieces/{id}", openapi_extra=described(Piece))
def save(here: Here, id: str, revision: Revision, body: Body, response: Response) -> Saved:
    """Keep a piece that was changed from the revision in If-Match; 412 if there is a newer one."""
    here.store.folder(id)
    piece = piece_sent(body)
    if (piece.id, piece.revision) != (id, revision):
        raise Problem(422, "id and revision of the piece are not those of the address and If-Match")
    kept = here.store.save(piece, revision)
    response.headers["etag"] = f'"{kept.revision}"'
    return Saved(revision=kept.revision, changed=kept.changed)


@router.patch("/pieces/{id}")
def rename(here: Here, id: str, renaming: Renaming) -> Piece:
    """Give a piece another title."""
    return here.store.rename(id, renaming.title)


@router.post("/pieces/{id}/duplicate", status_code=201)
def duplicate(here: Here, id: str) -> Piece:
    """Copy a piece, with its takes and what it was made from."""
    return here.store.duplicate(id)


@router.post("/pieces/{id}/continuation")
def lengthen(here: Here, id: str, revision: Revision, more: Continuation) -> Piece:
    """Add bars to the end, empty but for the last note of the bass."""
    return here.store.save(longer(here.store.get(id, revision), more.bars), revision)


@router.delete("/pieces/{id}", status_code=204)
def remove(here: Here, id: str) -> None:
    """Put a piece into the bin."""
    here.store.remove(id)


@router.get("/bin")
def binned(here: Here) -> list[PieceSummary]:
    """The pieces in the bin."""
    return here.store.binned()


@router.post("/bin/{id}/restore")
def restore(here: Here, id: str) -> Piece:
    """Take a piece out of the bin."""
    return here.store.restore(id)


@router.delete("/bin/{id}", status_code=204)
def erase(here: Here, id: str) -> None:
    """Delete a piece in the bin for good."""
    here.store.erase(id)
