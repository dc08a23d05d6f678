"""Where scores come from: one small module a kind, each with the same two functions.

Conventions
-----------
``tasks(path, split)`` lists the work without reading any score, in an order that depends on the
files' names alone; ``read(task)`` does one piece of it, in whichever process, and returns what it
found: pieces, refusals, or both. A file that cannot be used is a refusal and never an error; only
a source that is not there at all raises `InputError`.
"""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, cast

from kantor import settings
from kantor.data.corpus import Piece, Refusal
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError

Found = list[Piece | Refusal]


@dataclass(frozen=True)
class Task:
    """One file to read.

    Attributes
    ----------
    kind
        The kind of source, which is also the name of the module that reads the file.
    path
        The file.
    id
        Of the piece in it, or what the ids of its pieces begin with.
    split
        ``train``, ``valid`` or ``test``; empty where the file itself says.
    transposition
        Semitones by which to move the score.
    repeats
        Whether to play repeats.
    ensemble
        The lines that the score must have.
    """

    kind: str
    path: Path
    id: str
    split: str = ""
    transposition: int = 0
    repeats: bool = False
    ensemble: Ensemble = SATB


class Kind(Protocol):
    """What each module of this package offers."""

    def tasks(self, path: Path, split: settings.Split) -> list[Task]: ...

    def read(self, task: Task) -> Found: ...


def tasks(source: settings.Source, split: settings.Split, ensemble: Ensemble = SATB) -> list[Task]:
    """The files of `source`, ordered by name, each to be read as a score of `ensemble`.

    Raises
    ------
    InputError
        If the source's path does not exist or does not suit its kind.
    """
    found = _kind(source.kind).tasks(source.path, split)
    return [replace(task, ensemble=ensemble) for task in found]


def read(task: Task) -> Found:
    """Read one file; what cannot be used comes back as a refusal with its reason."""
    try:
        return _kind(task.kind).read(task)
    except InputError as error:
        return [Refusal(str(task.path), _without_path(str(error), task.path))]
    except OSError as error:
        return [Refusal(str(task.path), error.strerror or str(error))]
    except Exception as error:
        # A file may be anything, and one that meets a fault of ours must not cost the others.
        return [Refusal(str(task.path), f"unforeseen {type(error).__name__}: {_line(error)}")]


def drawn_split(id: str, split: settings.Split) -> str:
    """The split of a piece whose source has none: drawn from its id and the seed.

    Each piece is drawn for itself, so that adding files moves none from one split to another.
    """
    digest = hashlib.sha256(f"{split.seed}:{id}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < split.test:
        return "test"
    return "valid" if share < split.test + split.valid else "train"


def _kind(name: str) -> Kind:
    return cast(Kind, importlib.import_module(f"{__name__}.{name}"))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _without_path(message: str, path: Path) -> str:
    for start in (f"{path}: ", f"{path.name}: "):
        message = message.removeprefix(start)
    return message
