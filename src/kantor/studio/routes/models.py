"""Which models there are: every version, by a look into the registry's database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from kantor.errors import ModelError
from kantor.registry.database import file_of
from kantor.registry.loaded import ensemble_of
from kantor.studio import model_preview
from kantor.studio.catalogue import KEPT_SECONDS, Offer
from kantor.studio.context import Here, Studio
from kantor.studio.problems import Problem

router = APIRouter(prefix="/api", tags=["models"])

SECONDS = 1.0
"""Between two looks at the registry's file."""


@router.get("/models")
def models(here: Here) -> list[dict[str, Any]]:
    """Every version of every registered model: champions first, then the newest.

    `reason` says why one cannot be used; `parameters` are those of sampling that it knows.
    """
    return [offer.document() for offer in here.composing.catalogue.offers()]


@router.get("/models/{name}/{version}/sample")
async def sample(name: str, version: int, here: Here, request: Request) -> dict[str, Any]:
    """Eight bars of a known melody with what a version composes to it, to be heard."""
    composing = here.composing
    try:
        offer = await run_in_threadpool(composing.catalogue.find, name, version)
    except ModelError as error:
        raise Problem(404, str(error)) from None
    kept = composing.samples
    key = (name, version, offer.listed.created)
    if key not in kept:
        offer = await run_in_threadpool(_whole, composing.catalogue.folder, offer)
        job = composing.job(model_preview.melody(offer.ensemble), offer)
        composed = await composing.compose(job, request.is_disconnected)
        kept[key] = model_preview.hearing(offer.ensemble, composed[0].notes)
    return kept[key]


def _whole(folder: Callable[[Offer], Any], offer: Offer) -> Offer:
    """The version with its ensemble as its own files describe it."""
    return replace(offer, ensemble=ensemble_of(folder(offer)))


def watch(here: Studio) -> Callable[[], None]:
    """Tell open pages when a version or an alias changes; returns what ends that."""
    ended = threading.Event()
    thread = threading.Thread(target=_look, args=(here, ended), daemon=True, name="models")
    thread.start()

    def end() -> None:
        ended.set()
        thread.join(5)

    return end


def _look(here: Studio, ended: threading.Event) -> None:
    """Look whether the registry's file was written, and then whether its versions changed."""
    catalogue = here.composing.catalogue
    touched, known = _touched(here), catalogue.signature()
    while not ended.wait(SECONDS if file_of(here.root) is not None else KEPT_SECONDS):
        now = _touched(here)
        if now is not None and now == touched:
            continue
        touched, seen = now, catalogue.signature()
        if seen is not None and seen != known:
            known = seen
            here.events.publish("models", {})


def _touched(here: Studio) -> tuple[int, ...] | None:
    """When the registry's file and its log were written last; None where it is on a server."""
    file = file_of(here.root)
    if file is None:
        return None
    times = []
    for path in (file, file.with_name(f"{file.name}-wal")):
        try:
            times.append(path.stat().st_mtime_ns)
        except OSError:
            times.append(0)
    return tuple(times)
