"""The front page of a running Kantor, and the files that it links."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kantor.errors import SetupError
from kantor.service.access import Access, App, Guard, serve
from kantor.service.front_page import page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

HEALTH = "/health"
FOLDERS = ("reports", "compositions")


def app(root: Path, access: Access, prefect: int, mlflow: int) -> App:
    """The front page and the two folders, for those whom `access` admits."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, PlainTextResponse
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    def front(request: Request) -> Response:
        return HTMLResponse(page(root, request.url.hostname or "localhost", prefect, mlflow))

    def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    files = [
        Mount(f"/{name}", StaticFiles(directory=root / name, check_dir=False)) for name in FOLDERS
    ]
    inner = Starlette(routes=[Route("/", front), Route(HEALTH, health), *files])
    return Guard(inner, access, open_paths=(HEALTH,))


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--port", "--prefect", "--mlflow"):
        parser.add_argument(name, type=int, required=True)
    options = parser.parse_args(arguments)
    try:
        access = Access.from_environment()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2

    served = app(Path.cwd(), access, options.prefect, options.mlflow)
    serve(served, access.host, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
