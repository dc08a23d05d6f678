"""Where scores come from, by kind: `jsb`, `folder`, `multitracks`, `published`.

Conventions
-----------
`tasks` lists the work without reading any score, in an order that depends on the files' names
alone. `read` does one piece of it, in whichever process. A file that cannot be used is a refusal
and never an error; only a source that is not there at all raises `InputError`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kantor import settings
from kantor.data.corpus import Piece, Refusal
from kantor.data.sources import files, published
from kantor.data.sources.task import Found, Task
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, one_line

_TASKS = {
    "jsb": files.jsb_tasks,
    "folder": files.folder_tasks,
    "multitracks": files.multitrack_tasks,
    "published": published.tasks,
}
_READERS = {
    "jsb": files.read_jsb,
    "folder": files.read_any,
    "multitracks": files.read_multitrack,
}


def tasks(source: settings.Source, split: settings.Split, ensemble: Ensemble = SATB) -> list[Task]:
    """The files of `source`, ordered by name, each to be read as a score of `ensemble`.

    Raises
    ------
    InputError
        If the source's path does not exist or does not suit its kind.
    """
    listed = _TASKS[source.kind](source.path, split)
    return [replace(task, ensemble=ensemble) for task in listed]


def read(task: Task) -> Found:
    """Read one file; what cannot be used comes back as a refusal with its reason."""
    try:
        if task.kind == "published":
            return published.read(task)
        score = _READERS[task.kind](task)
        return [Piece(task.id, task.split, task.kind, task.transposition, score)]
    except InputError as error:
        reason = _without_path(str(error), task.path)
    except OSError as error:
        reason = error.strerror or str(error)
    except Exception as error:
        # A file may be anything, and one that meets a fault of ours must not cost the others.
        reason = f"unforeseen {type(error).__name__}: {one_line(str(error))}"
    return [Refusal(str(task.path), reason)]


def _without_path(message: str, path: Path) -> str:
    for start in (f"{path}: ", f"{path.name}: "):
        message = message.removeprefix(start)
    return message
