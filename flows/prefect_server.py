"""Prefect's server as ``prefect server start`` runs it, behind `kantor.service.guard.Guard`.

Prefect by itself lets every web page use its API. The guard alone checks the token, where there is
one: Prefect's own login knows neither bearer tokens nor cookies.

Of Prefect's two sets of pages it hands out the older. The newer, below ``/v2``, asks a host of
Amplitude for its configuration whenever it is opened, whatever is set, and its page of a run has no
form for a person's answer. In a new browser the older has no colours, and one sees through its
forms, until something names its theme: here the page that starts it does.
"""

from __future__ import annotations

import argparse
import os
import sys

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from kantor import settings
from kantor.service.access import Access
from kantor.service.guard import serve

NEWER = "/v2"
BLANK = ("/docs", "/redoc", "/api/docs", "/api/redoc")  # empty without scripts from the web
_BASE = "/PREFECT_UI_SERVE_BASE_REPLACE_PLACEHOLDER"  # what Prefect replaces in its pages
_THEME = """<script>document.documentElement.classList.add(
matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")</script>
"""


def _app(access: Access, port: int) -> ASGIApp:
    settings.quiet()  # before Prefect reads its settings
    os.environ["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] = f"http://{access.name}:{port}"
    os.environ["PREFECT_SERVER_UI_API_URL"] = "/api"

    import prefect
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    csrf = get_current_settings().server.api.csrf_protection_enabled
    start = (prefect.__ui_static_path__ / "index.html").read_text("utf-8").replace(_BASE, "")
    start = start.replace("</head>", f"{_THEME}</head>", 1)
    return older_pages(create_app(final=True), start, csrf)


def older_pages(app: ASGIApp, start: str, csrf: bool = False) -> ASGIApp:
    """Prefect's app `app` with its older pages alone, which do not offer to switch.

    `start` is the page that draws all others; `csrf` is what Prefect's settings say of it: the
    pages ask.
    """
    pages = {"default_ui": "v1", "available_uis": ["v1"], "v1_base_url": "/", "v2_base_url": None}
    about = {"api_url": "/api", "csrf_enabled": csrf, "auth": None, "flags": [], **pages}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "") if scope["type"] == "http" else ""
        if path == "/ui-settings":
            await JSONResponse(about)(scope, receive, send)
        elif path == NEWER or path.startswith(f"{NEWER}/"):
            older = f"/{path.removeprefix(NEWER).lstrip('/')}"
            await RedirectResponse(older)(scope, receive, send)
        elif path in BLANK:
            await PlainTextResponse("no such page\n", 404)(scope, receive, send)
        elif _is_page(scope, path):
            await HTMLResponse(start)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return answer


def _is_page(scope: Scope, path: str) -> bool:
    """Whether a browser asks for a page, and not a program for an answer or a page for a file."""
    wanted = Headers(scope=scope).get("accept", "") if path and scope["method"] == "GET" else ""
    return "text/html" in wanted and not path.startswith("/api/")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=4200)
    port = parser.parse_args().port
    sys.exit(serve(lambda access: _app(access, port), port, "/api/health"))
