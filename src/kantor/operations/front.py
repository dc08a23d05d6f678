"""The front page of a running Kantor: where everything is, what was composed, the reports."""

from __future__ import annotations

import argparse
import html
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from kantor.access import Access, AccessError, App, Guard, serve

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

HEALTH = "/health"
FOLDERS = ("reports", "compositions")
_SHOWN = 100
_MUSIC = {".html", ".csv", ".mid", ".musicxml", ".mxl", ".wav", ".mp3", ".flac", ".png", ".svg"}
_PAGES = (
    ("reports/report.html", "What the model does: figures, plots, things to hear"),
    ("reports/validation.html", "Whether the data are sound"),
    ("reports/comparison.html", "Challenger and champion side by side"),
)
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#222}
h1{font-weight:600;margin-bottom:0}h2{font-size:1.1rem;margin-top:2rem}
a{color:#1c5f8a}ul{padding-left:1.2rem}li small{color:#666}p.note{color:#666}
li{overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{background:#181a1b;color:#ddd}a{color:#7fbbe6}
li small,p.note{color:#aaa}}
"""


def page(root: Path, name: str, prefect: int, mlflow: int) -> str:
    """The front page as HTML.

    Parameters
    ----------
    root
        The repository.
    name
        This machine as the person who asks calls it, without a port.
    prefect, mlflow
        Ports of the other two servers.
    """
    pages = [(path, told) for path, told in _PAGES if (root / path).is_file()]
    reports = [_item(f"/{path}", path, told) for path, told in pages]
    found = [path.relative_to(root).as_posix() for path in _composed(root)]
    composed = [_item(f"/{quote(path)}", path.partition("/")[2], "") for path in found[:_SHOWN]]
    more = f"<p class=note>and {len(found) - _SHOWN} more</p>" if len(found) > _SHOWN else ""
    servers = [
        _item(f"http://{name}:{prefect}", "Prefect", "flows: what ran, what will, what waits"),
        _item(f"http://{name}:{mlflow}", "MLflow", "models: versions, aliases, figures"),
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Kantor</title>"
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
        "<h1>Kantor</h1><p class=note>Give it a melody; it adds the other voices.</p>"
        f"<h2>Running</h2>{_list(servers, '')}"
        f"<h2>Reports</h2>{_list(reports, 'None yet: <code>make repro</code> writes them.')}"
        f"<h2>Compositions</h2>{_list(composed, 'None yet.')}{more}</html>"
    )


def _item(link: str, text: str, told: str) -> str:
    note = f" <small>{html.escape(told)}</small>" if told else ""
    return f'<li><a href="{html.escape(link)}">{html.escape(text)}</a>{note}'


def _list(items: list[str], empty: str) -> str:
    return f"<ul>{''.join(items)}</ul>" if items else f"<p class=note>{empty}</p>"


def _composed(root: Path) -> list[Path]:
    """Music and pages in ``compositions/``, pages of batches first, then the newest."""

    def files() -> Iterator[tuple[bool, float, Path]]:
        """Each file behind what it is sorted by."""
        for path in (root / "compositions").rglob("*"):
            hidden = any(part.startswith(".") for part in path.parts[-2:])
            if path.suffix in _MUSIC and not hidden and path.is_file():
                yield path.suffix != ".html", -path.stat().st_mtime, path

    return [path for *_, path in sorted(files())]


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
    except AccessError as error:
        print(error, file=sys.stderr)
        return 2

    served = app(Path.cwd(), access, options.prefect, options.mlflow)
    serve(served, access.host, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
