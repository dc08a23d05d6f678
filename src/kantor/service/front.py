"""The page that says what runs, and the files that it links: reports and compositions."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from contextlib import suppress
from heapq import nlargest
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from kantor import styles
from kantor.locks import STATE
from kantor.pages import template
from kantor.registry.addresses import model_page
from kantor.service.health import STATES, read_states
from kantor.service.parameters import UNTIL_MENDED, fault
from kantor.settings import STYLES

PAGE = "/service"
FOLDERS = ("reports", "compositions")
_REPORTS = (
    ("reports/report.html", "Report", "what the model can do: figures, plots, things to hear"),
    ("reports/validation.html", "Checks", "whether the data are in order"),
    ("reports/comparison.html", "Comparison", "challenger and champion side by side"),
)
_PARTS = {
    "prefect": ("Prefect", "what ran, what will run, what waits for a person"),
    "mlflow": ("MLflow", "the versions of the model and their figures"),
    "front": ("Studio and this page", ""),
    "flows": ("The flows", "the process that composes, watches and retrains"),
}
_WORDS = {
    "starting": "Starting since {}.",
    "running": "Running since {}.",
    "silent": "Not answering since {}.",
    "down": "Down since {}; it will be started again.",
}
SHOWN = 100  # batches, and files, at most
_FOLDERS = 200  # that are looked into, at most
_TIMED = 2_000  # files of a folder whose times are looked up, at most
_BATCH = re.compile(r"[-\d]+_[-\d]+_(.+)_(\d+)")  # the folder of a batch
_LEDGER, _PAGE = "ledger.sqlite", "index.html"  # of a folder of batches, and of each batch
_MUSIC = {".html", ".csv", ".mid", ".musicxml", ".mxl", ".wav", ".mp3", ".flac", ".png", ".svg"}

Timed = tuple[float, Path]
"""A path behind the time of its last change, in seconds since 1970."""


def page(root: Path, name: str, prefect: int, mlflow: int) -> str:
    """The page as HTML: what is running, the reports, what was composed.

    `name` is this machine as the browser calls it; `prefect` and `mlflow` are ports.
    """
    models = model_page(f"http://{name}:{mlflow}", root)
    servers = {"prefect": f"http://{name}:{prefect}", "mlflow": models}
    states = {one.name: one for one in read_states(root / STATE / STATES)}
    newest = composed(root / "compositions")
    return template("kantor.service", "front.html.j2").render(
        fault=fault(root),
        until_mended=UNTIL_MENDED,
        parts=[(servers.get(part), *words, states.get(part)) for part, words in _PARTS.items()],
        reports=[one for one in (*_REPORTS, *_of_styles(root)) if (root / one[0]).is_file()],
        batches=[(path.relative_to(root), _title(path), time) for time, path in newest.batches],
        files=[path.relative_to(root) for _, path in newest.files],
        more=newest.more,
        words=_WORDS,
        moment=lambda seconds: time.strftime("%-d %B, %H:%M", time.localtime(seconds)),
        zone=time.strftime("%Z"),
    )


def _of_styles(root: Path) -> list[tuple[str, str, str]]:
    """The report of each style beside Bach's."""
    titles = {name: name.replace("_", " ").capitalize() for name in styles.names(root)}
    return [
        (f"{STYLES}/{name}/reports/report.html", f"Report, {title}", "the model of this style")
        for name, title in titles.items()
    ]


def _title(page: Path) -> str:
    """What a batch is called: ``2026-12-03_03-00_inbox_0012`` is number 12, from the inbox."""
    match = _BATCH.fullmatch(page.parent.name)
    return f"Batch {int(match[2])}: {match[1].replace('_', ' ')}" if match else page.parent.name


class Composed(NamedTuple):
    """The newest of what was composed, the newest first, and whether there is more than that."""

    batches: list[Timed]
    files: list[Timed]
    more: bool


def composed(top: Path) -> Composed:
    """The pages of the newest batches, and the newest other files of the folders changed last."""
    batches: list[Timed] = []
    files: list[Timed] = []
    folders, seen = deque([top]), 0
    while folders and seen < _FOLDERS and len(files) <= SHOWN:
        folder, seen = folders.popleft(), seen + 1
        inner, music = _listed(folder)
        files += music
        if (folder / _LEDGER).is_file():
            pages = (path / _PAGE for path in sorted((path for _, path in inner), reverse=True))
            newest = islice((page for page in pages if page.is_file()), SHOWN + 1)
            batches += [(page.stat().st_mtime, page) for page in newest]
        else:
            folders.extend(path for _, path in sorted(inner, reverse=True))
    more = bool(folders) or max(len(batches), len(files)) > SHOWN
    return Composed(nlargest(SHOWN, batches), nlargest(SHOWN, files), more)


def _listed(folder: Path) -> tuple[list[Timed], list[Timed]]:
    """The folders and the newest music in a folder, each behind its time; nothing hidden.

    Of files beyond a few thousand the times are not looked up: the last by name are taken.
    """
    folders: list[Timed] = []
    music: list[os.DirEntry[str]] = []
    with suppress(OSError), os.scandir(folder) as entries:  # there is none, or it is gone meanwhile
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append((_time(entry), Path(entry.path)))
            elif entry.name[entry.name.rfind(".") :] in _MUSIC and entry.is_file():
                music.append(entry)
    when = _time if len(music) <= _TIMED else lambda _: 1.0
    newest = nlargest(SHOWN + 1, ((when(entry), entry.path) for entry in music))
    return folders, [(time, Path(path)) for time, path in newest if time]


def _time(entry: os.DirEntry[str]) -> float:
    """When it last changed; 0 for what is gone."""
    try:
        return entry.stat().st_mtime
    except OSError:
        return 0.0


class _Files(StaticFiles):
    """Files of which only pages may run scripts: an upload that is XML may hold one as well."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, in a sandbox unless it is a page."""
        response = await super().get_response(path, scope)
        if not response.headers.get("content-type", "").startswith("text/html"):
            response.headers["content-security-policy"] = "sandbox"
        return response


def routes(root: Path, prefect: int, mlflow: int) -> list[BaseRoute]:
    """The page, at `PAGE`, the two folders, made if missing, and the reports of styles.

    `prefect` and `mlflow` are ports.
    """

    def answer(request: Request) -> Response:
        return HTMLResponse(page(root, request.url.hostname or "localhost", prefect, mlflow))

    for name in FOLDERS:
        (root / name).mkdir(exist_ok=True)
    folders = {name: _Files(directory=root / name) for name in FOLDERS}
    for name in styles.names(root):  # its folder may come later
        place = f"{STYLES}/{name}/reports"
        folders[place] = _Files(directory=root / place, check_dir=False)
    return [Route(PAGE, answer), *(Mount(f"/{name}", app) for name, app in folders.items())]
