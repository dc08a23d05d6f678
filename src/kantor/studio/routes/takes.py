"""Takes of a piece: what models composed for it, and asking for more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from kantor.studio.composing_queue import Job
from kantor.studio.composing_worker import Composed
from kantor.studio.context import Here, Studio
from kantor.studio.document import (
    ModelReference,
    Piece,
    PieceId,
    Region,
    Strict,
    Take,
    now,
)
from kantor.studio.request_checks import Revision
from kantor.studio.scores import request_of

router = APIRouter(prefix="/api", tags=["takes"])


class Wish(Strict):
    """What is asked for; what is left out is as the piece has it."""

    takes: Annotated[int, Field(ge=1, le=8)] = 3
    region: Region | None = None  # None: all that is neither given nor locked
    seed: Annotated[int, Field(ge=0, lt=2**53)] | None = None  # None: the next unused one
    temperature: Annotated[float, Field(ge=0.1, le=3)] | None = None  # None: the model's own
    plainness: Annotated[float, Field(ge=0, le=1)] | None = None
    candidates: Annotated[int, Field(ge=1, le=16)] | None = None
    model: ModelReference | None = None  # None: the champion


@router.get("/pieces/{id}/takes")
def takes(id: PieceId, here: Here) -> list[Take]:
    """All takes of a piece, the oldest first."""
    return here.store.takes(id)


@router.post("/pieces/{id}/takes", status_code=201)
async def compose(
    id: PieceId,
    wish: Wish,
    here: Here,
    request: Request,
    revision: Revision,
) -> list[Take]:
    """Compose for the piece as it is kept; the takes are kept beside it.

    They follow from the piece, the wish, the model and the seed alone. A client that goes away
    gets none.
    """
    piece, job = await run_in_threadpool(_job, here, id, wish, revision)
    composed = await here.composing.compose(job, request.is_disconnected)
    return await run_in_threadpool(_kept, here, piece, wish, job, composed)


def _job(here: Studio, id: str, wish: Wish, revision: int) -> tuple[Piece, Job]:
    """The piece, and what is asked of the composing processes for it."""
    piece = here.store.get(id, revision)
    request = request_of(piece, wish.region)
    composing, reference = here.composing, wish.model or piece.model
    offer = composing.catalogue.choose(reference, request.score.ensemble.names)
    job = composing.job(
        request,
        offer,
        composing.seeds.take(id, lambda: (take.seed for take in here.store.takes(id)), wish.seed),
        wish.takes,
        wish.candidates or piece.candidates,
        wish.temperature or piece.temperature,
        piece.plainness if wish.plainness is None else wish.plainness,
    )
    return piece, job


def _kept(here: Studio, piece: Piece, wish: Wish, job: Job, composed: list[Composed]) -> list[Take]:
    """Keep what was composed as takes of the piece."""
    model, lender = (_reference(source) for source in (job.how.source, job.how.lender))
    moment = now()
    return here.store.add_takes(
        piece.id,
        [
            Take(
                number=index + 1,  # the store numbers them
                made=moment,
                model=model,
                drums=lender,
                seed=job.seed,
                index=index,
                temperature=job.how.temperature,
                plainness=job.how.plainness,
                candidates=job.how.candidates,
                region=wish.region,
                revision=piece.revision,
                steps=piece.steps,
                notes=one.notes,
                critic=one.critic,
                character=one.character,
            )
            for index, one in enumerate(composed)
        ],
    )


def _reference(source: str) -> ModelReference | None:
    """The version that is called so, such as ``kantor-bach version 3``; None for nothing."""
    name, _, version = source.rpartition(" version ")
    return ModelReference(name=name, version=int(version)) if name else None
