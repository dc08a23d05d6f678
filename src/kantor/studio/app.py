"""The ASGI application of Studio: its page, its resources under ``/api``, its manners."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from kantor import pages as sheets
from kantor.pages import glossary
from kantor.studio import problems
from kantor.studio.composing_pool import Composing
from kantor.studio.context import ALONE, FOLDER, Links, Studio
from kantor.studio.events import Events
from kantor.studio.routes import (
    exports,
    melodies,
    models,
    notation,
    pieces,
    publications,
    reference,
    status,
    takes,
    trainings,
)
from kantor.studio.store import Store

WEB = Path(__file__).parent / "web"
PAGES = ("/", "/library", "/training")
HEALTH = "/health"
_SHEET = Path(sheets.__file__).parent / "templates/base.css"
_ROUTERS = (
    status,
    models,
    melodies,
    pieces,
    takes,
    notation,
    exports,
    publications,
    trainings,
    reference,
)
_HINTS = "<!-- modulepreload -->"
_WORDS = '<script type="application/json" id="glossary">'
_EARLY = ("preact", "htm", "@preact/")  # what the page needs before it shows anything
_INLINE = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)


class Files(StaticFiles):
    """The page's own files: asked for anew each time, answered with 304 where they are the same."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file that the browser checks before it uses its copy."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


def build(
    root: Path, links: Links = ALONE, prefect: str = "", more: list[BaseRoute] | None = None
) -> FastAPI:
    """Studio for a repository.

    Parameters
    ----------
    links
        The other pages of a running Kantor.
    prefect
        The address of Prefect's API, where trainings are flow runs; empty: they run here.
    more
        Routes besides Studio's own.
    """
    here = Studio(root, Store(root / FOLDER), Composing(root), Events(), links, prefect)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        """Work in the background for as long as the server runs."""
        here.start(asyncio.get_running_loop())
        endings = [models.watch(here), trainings.watch(app.state, here)]
        try:
            yield
        finally:
            for end in endings:
                end()
            here.close()

    app = FastAPI(
        title="Kantor Studio",
        version=version("kantor"),
        description="Pieces, takes, models, trainings and publications, as the page uses them.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    app.state.studio = here
    problems.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    for module in _ROUTERS:
        app.include_router(module.router)
    page, policy = _page()

    def front(_: Request) -> Response:
        return HTMLResponse(page, headers={"content-security-policy": policy})

    app.router.routes += [
        *(Route(path, front) for path in PAGES),
        Route("/studio", lambda _: RedirectResponse("/")),
        *(more or []),
        Route("/web/pages.css", lambda _: FileResponse(_SHEET, 200, {"cache-control": "no-cache"})),
        Mount("/web", Files(directory=WEB)),
    ]
    return app


def _preloads(imports: dict[str, str]) -> list[str]:
    """Hints for the modules of the start, so that none waits until another's imports are read."""
    own = sorted(f"/web/{file.relative_to(WEB).as_posix()}" for file in WEB.glob("js/**/*.js"))
    vendored = [path for name, path in imports.items() if name.startswith(_EARLY)]
    return [f'<link rel="modulepreload" href="{path}">' for path in (*vendored, *own)]


def _page() -> tuple[str, str]:
    """The page, and a policy that runs scripts from this server and the import map alone."""
    text = (WEB / "index.html").read_text()
    match = _INLINE.search(text)
    assert match, "index.html has an import map"
    text = text.replace(_HINTS, "\n".join(_preloads(json.loads(match[1])["imports"])))
    # Data, which no policy forbids: a script of this type is never run.
    words = json.dumps(glossary.entries(), ensure_ascii=False).replace("<", "\\u003c")
    text = text.replace(_WORDS, _WORDS + words)
    digest = base64.b64encode(hashlib.sha256(match[1].encode()).digest()).decode()
    policy = (
        f"default-src 'self'; script-src 'self' 'sha256-{digest}' 'wasm-unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
    return text, policy
