"""The front page of a running Kantor, and the files that it links."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from kantor.locks import STATE
from kantor.pages import template
from kantor.service import state
from kantor.service.composed import composed
from kantor.service.guard import serve
from kantor.service.parameters import UNTIL_MENDED, fault

HEALTH = "/health"
FOLDERS = ("reports", "compositions")
_REPORTS = (
    ("reports/report.html", "Report", "what the model can do: figures, plots, things to hear"),
    ("reports/validation.html", "Checks", "whether the data are in order"),
    ("reports/comparison.html", "Comparison", "challenger and champion side by side"),
)
_PARTS = {
    "prefect": ("Prefect", "what ran, what will run, what waits for a person"),
    "mlflow": ("MLflow", "the versions of the model and their figures"),
    "front": ("This page", ""),
    "flows": ("The flows", "the process that composes, watches and retrains"),
}
_WORDS = {
    "starting": "Starting since {}.",
    "running": "Running since {}.",
    "silent": "Not answering since {}.",
    "down": "Down since {}; it will be started again.",
}


def page(root: Path, name: str, prefect: int, mlflow: int) -> str:
    """The front page as HTML: what is running, the reports, what was composed.

    Parameters
    ----------
    root
        The repository.
    name
        This machine as the person's browser calls it, without a port.
    prefect, mlflow
        Ports of the other two servers.
    """
    servers = {"prefect": f"http://{name}:{prefect}", "mlflow": f"http://{name}:{mlflow}"}
    states = {one.name: one for one in state.read(root / STATE / state.FILE)}
    newest = composed(root / "compositions")
    below = root / "compositions"
    return template("kantor.service", "front.html.j2").render(
        fault=fault(root),
        until_mended=UNTIL_MENDED,
        parts=[(servers.get(part), *words, states.get(part)) for part, words in _PARTS.items()],
        reports=[(f"/{one[0]}", *one[1:]) for one in _REPORTS if (root / one[0]).is_file()],
        batches=[(_link(root, path), _batch(path), seconds) for seconds, path in newest.batches],
        files=[(_link(root, path), path.relative_to(below)) for _, path in newest.files],
        more=newest.more,
        words=_WORDS,
        moment=_moment,
        zone=time.strftime("%Z"),
    )


def _batch(page: Path) -> str:
    """What a batch is called: ``batch-0012`` is number 12."""
    word, _, number = page.parent.name.partition("-")
    return f"Batch {int(number)}" if word == "batch" and number.isdecimal() else page.parent.name


def _link(root: Path, path: Path) -> str:
    return f"/{quote(path.relative_to(root).as_posix())}"


def _moment(seconds: float) -> str:
    return time.strftime("%-d %B, %H:%M", time.localtime(seconds))


def site(root: Path, prefect: int, mlflow: int) -> Starlette:
    """The front page and the two folders; a `kantor.service.guard.Guard` stands before them."""

    def front(request: Request) -> Response:
        return HTMLResponse(page(root, request.url.hostname or "localhost", prefect, mlflow))

    def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    files = [
        Mount(f"/{name}", StaticFiles(directory=root / name, check_dir=False)) for name in FOLDERS
    ]
    return Starlette(routes=[Route("/", front), Route(HEALTH, health), *files])


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--port", "--prefect", "--mlflow"):
        parser.add_argument(name, type=int, required=True)
    options = parser.parse_args(arguments)
    return serve(lambda _: site(Path.cwd(), options.prefect, options.mlflow), options.port, HEALTH)


if __name__ == "__main__":
    sys.exit(main())
