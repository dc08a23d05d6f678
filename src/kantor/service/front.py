"""The front page of a running Kantor, and the files that it links."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import deque
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
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
SHOWN = 100  # batches, and files, at most
_TIMED = 2_000  # files of a folder whose times are looked up
_FOLDERS = 200  # that are looked into, at most
_LEDGER, _PAGE = "ledger.sqlite", "index.html"  # of a folder of batches, and of each batch
_MUSIC = {".html", ".csv", ".mid", ".musicxml", ".mxl", ".wav", ".mp3", ".flac", ".png", ".svg"}


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


@dataclass(frozen=True)
class Composed:
    """The newest of what was composed.

    Attributes
    ----------
    batches : list of (float, Path)
        Pages of batches, the newest first, each behind its time in seconds since 1970.
    files : list of (float, Path)
        Other music, likewise.
    more : bool
        Whether there is more than that.
    """

    batches: list[tuple[float, Path]]
    files: list[tuple[float, Path]]
    more: bool


def composed(top: Path) -> Composed:
    """The newest batches, and the newest files of the folders that changed last.

    The files of a batch are reached through its page; they are not listed.
    """
    batches: list[tuple[float, Path]] = []
    files: list[tuple[float, Path]] = []
    folders, seen = deque([top]), 0
    while folders and seen < _FOLDERS and len(files) <= SHOWN:
        folder, seen = folders.popleft(), seen + 1
        within, music = _split(folder)
        files += music
        if (folder / _LEDGER).is_file():
            batches += _pages([path for _, path in within])
        else:
            folders.extend(path for _, path in sorted(within, reverse=True))
    more = bool(folders) or max(len(batches), len(files)) > SHOWN
    return Composed(nlargest(SHOWN, batches), nlargest(SHOWN, files), more)


def _split(folder: Path) -> tuple[list[tuple[float, Path]], list[tuple[float, Path]]]:
    """Folders and the newest files in a folder, each behind its time; nothing that is hidden.

    Of files beyond a few thousand the times are not looked up: the last by name are taken.
    """
    try:
        with os.scandir(folder) as every:
            entries = [one for one in every if one.name[0] != "."]
    except OSError:  # there is none, or it is gone meanwhile
        return [], []
    files = [one for one in entries if one.name[one.name.rfind(".") :] in _MUSIC]
    others = entries if len(files) < len(entries) else []
    folders = [(_time(one), Path(one.path)) for one in others if one.is_dir(follow_symlinks=False)]
    when = _time if len(files) <= _TIMED else lambda _: 1.0
    newest = nlargest(SHOWN + 1, ((when(one), one.name) for one in files))
    music = ((time, folder / name) for time, name in newest)
    return folders, [(time, path) for time, path in music if path.is_file()]


def _pages(folders: list[Path]) -> list[tuple[float, Path]]:
    """The pages of the batches among some folders, those of the highest numbers."""
    pages = (folder / _PAGE for folder in sorted(folders, reverse=True))
    newest = islice((page for page in pages if page.is_file()), SHOWN + 1)
    return [(page.stat().st_mtime, page) for page in newest]


def _time(entry: os.DirEntry[str]) -> float:
    """When it last changed; 0 for what is gone."""
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return 0.0


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
