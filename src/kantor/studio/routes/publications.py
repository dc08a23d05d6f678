"""Routes of ``/api/pieces/ID/publications`` and ``/api/soundcloud``: sharing a piece."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kantor import publishing, settings
from kantor.errors import SetupError, one_line
from kantor.intake.store import without_secret
from kantor.pages import template
from kantor.publishing import Publication, Target, gallery
from kantor.publishing.gallery import GalleryTarget
from kantor.publishing.page import PageTarget
from kantor.publishing.soundcloud import (
    ATTRIBUTION,
    LICENSES,
    License,
    Sharing,
    SoundCloudTarget,
    Upload,
)
from kantor.publishing.tokens import CLIENT_ID, CLIENT_SECRET, Account, Settings
from kantor.registry.listing import told_of_data, trained_on
from kantor.service.access import Access
from kantor.studio.context import Here, Studio
from kantor.studio.document import ModelReference, Piece, PieceId, Strict
from kantor.studio.problems import Problem
from kantor.studio.publication_jobs import FILE, Record, Records, TargetName, publication_of
from kantor.studio.score_pages import shown

router = APIRouter(prefix="/api", tags=["publications"])
CALLBACK = "/api/soundcloud/callback"
_OWN_DATA = "scores of the people who trained it, under their own licences"


class Order(Strict):
    """Where to publish a piece, and how."""

    target: TargetName
    take: int | None = None  # None: the piece as it is
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    gallery: Annotated[str, StringConstraints(max_length=500)] = ""  # empty: the default one
    sharing: Sharing = "private"
    license: License = "all-rights-reserved"


class Credit(Strict):
    """A line of what a publication says of its making: ``Model``, ``kantor-bach 3, …``."""

    word: str
    text: str


class SoundCloudState(Strict):
    """Whether SoundCloud can be used, and how to make it so."""

    is_set_up: bool
    is_logged_in: bool
    redirect: str  # to be registered at SoundCloud
    variables: list[str]
    licenses: list[str]
    attribution: str


class Places(Strict):
    """Where a piece can be published."""

    gallery: str
    gallery_is_fixed: bool  # the dialog may not name another one
    soundcloud: SoundCloudState


@router.get("/publishing")
def places(here: Here, request: Request) -> Places:
    """Where pieces can be published from here."""
    app = Settings.from_environment()
    account = _account(here, request) if app else None
    return Places(
        gallery=without_secret(_gallery()),
        gallery_is_fixed=bool(Access.from_environment().token),
        soundcloud=SoundCloudState(
            is_set_up=account is not None,
            is_logged_in=account is not None and account.is_logged_in(),
            redirect=_redirect(request),
            variables=[CLIENT_ID, CLIENT_SECRET],
            licenses=list(LICENSES),
            attribution=ATTRIBUTION,
        ),
    )


@router.get("/pieces/{id}/publications")
def listed(here: Here, id: PieceId) -> Records:
    """What is published of a piece, and what is under way."""
    return Records(publications=[*here.publishing.running(id), *here.publishing.kept(id)])


@router.get("/pieces/{id}/credits")
def credits_of(here: Here, id: PieceId, take: int | None = None) -> list[Credit]:
    """What a publication of the piece, or of a take, would say of its making."""
    publication = _publication(here, shown(here.store, id, take), take, "")
    return [Credit(word=word, text=text) for word, text in publication.credits()]


@router.post("/pieces/{id}/publications", status_code=201)
async def publish(
    here: Here, id: PieceId, order: Order, request: Request, response: Response
) -> Record:
    """Publish a piece: 201 with where it is, or 202 while it is under way.

    How it goes on comes as the event `publication`.
    """
    piece = await run_in_threadpool(shown, here.store, id, order.take)
    publication = await run_in_threadpool(_publication, here, piece, order.take, order.description)
    target = await run_in_threadpool(_target, here, request, piece, order)
    place = without_secret(_address(order.gallery)) if order.target == "gallery" else ""
    record = await here.publishing.begin(piece, publication, target, place)
    response.status_code = 201 if record.state == "done" else 202
    return record


@router.delete("/pieces/{id}/publications/{record}", status_code=204)
def withdraw(here: Here, id: PieceId, record: str) -> None:
    """Take a piece out of a gallery, or delete its page; a track is deleted on SoundCloud."""
    known = next((one for one in here.publishing.kept(id) if one.id == record), None)
    if known is None:
        raise Problem(404, "no such publication")
    if known.target == "page":
        (here.store.folder(id) / FILE).unlink(missing_ok=True)
    elif known.target == "gallery":
        address = _address(known.place)
        GalleryTarget(address, here.root, _public(address)).remove(id)
    here.publishing.drop(id, known)


@router.get("/soundcloud/login", response_class=RedirectResponse)
def login(here: Here, request: Request) -> RedirectResponse:
    """Go to SoundCloud, where a person allows Kantor to upload."""
    return RedirectResponse(_account(here, request).begin(_redirect(request)), 303)


@router.get("/soundcloud/callback", response_class=HTMLResponse)
def callback(
    here: Here, request: Request, state: str = "", code: str = "", error: str = ""
) -> HTMLResponse:
    """Where SoundCloud sends the person back to."""
    try:
        _account(here, request).finish(state, code, error)
        fault = ""
    except SetupError as problem:
        fault = one_line(str(problem), 400)
    here.events.publish("publication", {"login": not fault, "detail": fault})
    text = template("kantor.studio", "soundcloud.html.j2").render(fault=fault)
    return HTMLResponse(text, 400 if fault else 200)


@router.delete("/soundcloud/login", status_code=204)
def logout(here: Here, request: Request) -> None:
    """Forget the login on this machine."""
    _account(here, request).forget()


def _publication(here: Studio, piece: Piece, take: int | None, description: str) -> Publication:
    """A piece, or one of its takes, with the model that composed what is heard."""
    number = piece.take if take is None else take
    if number is None:
        return publication_of(piece, "", "", description)
    kept = here.store.take(piece.id, number)
    model, drums = kept.model, kept.drums
    name, data = f"{model.name} {model.version}", _data(here.root, model)
    if drums:
        name += f", drums by {drums.name} {drums.version}"
        data += f"; drums: {_data(here.root, drums)}"
    return publication_of(piece, name, data, description)


def _data(root: Path, model: ModelReference) -> str:
    """What a model is trained on; empty where neither registry nor parameters say it."""
    if of_style := told_of_data(root, model.name, model.version):
        return of_style
    kinds = trained_on(root, model.name, model.version)
    if not kinds:
        with suppress(SetupError):
            sources = settings.load(settings.Ingest, "ingest", root / "params.yaml").sources
            kinds = {source.kind for source in sources}
    own = bool(kinds - {"jsb", "published"})
    told = [publishing.CHORALES] * bool(kinds & {"jsb", "published"}) + [_OWN_DATA] * own
    return "; ".join(told)


def _target(here: Studio, request: Request, piece: Piece, order: Order) -> Target:
    if order.target == "page":
        return PageTarget(here.store.folder(piece.id) / FILE)
    if order.target == "soundcloud":
        return SoundCloudTarget(_account(here, request), Upload(order.sharing, order.license))
    address = _address(order.gallery)
    if address != _gallery() and Access.from_environment().token:
        raise Problem(
            403, f"others can reach this Studio, so its gallery is fixed; set {gallery.ADDRESS}"
        )
    return GalleryTarget(address, here.root, _public(address))


def _gallery() -> str:
    return os.environ.get(gallery.ADDRESS, "").strip() or gallery.DEFAULT


def _address(named: str) -> str:
    """The address of a gallery; the default one may be named without its secret."""
    named, own = named.strip(), _gallery()
    return own if named in ("", without_secret(own)) else named


def _public(address: str) -> str:
    return os.environ.get(gallery.PUBLIC, "").strip() if address == _gallery() else ""


def _account(here: Studio, request: Request) -> Account:
    """The account at SoundCloud; logins under way are kept with the application.

    Raises
    ------
    SetupError
        If no app is named.
    """
    app = Settings.from_environment()
    if app is None:
        raise SetupError(f"SoundCloud: set {CLIENT_ID} and {CLIENT_SECRET}, then start again")
    state = request.app.state
    known: Account | None = getattr(state, "soundcloud", None)
    if known is None or known.settings != app:
        known = state.soundcloud = Account(app, here.root)
    return known


def _redirect(request: Request) -> str:
    """The address of `callback` as it must be registered at SoundCloud."""
    url = request.url
    host = "localhost" if url.hostname in ("127.0.0.1", "::1") else url.hostname
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{host}{port}{CALLBACK}"
