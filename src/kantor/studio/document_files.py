"""Documents of `kantor.studio.document` on the disk, each written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from kantor.files import save
from kantor.studio.document import Event, Strict
from kantor.studio.problems import Problem

MOST_EVENTS = 1_000  # lines of a piece's history that are kept
_Document = TypeVar("_Document", bound=Strict)


def missing() -> Problem:
    """What is answered where there is no such piece."""
    return Problem(404, "no such piece: it may be in the bin, or deleted")


def read(path: Path, kind: type[_Document]) -> _Document:
    """Read a document.

    Raises
    ------
    Problem
        404 if there is none, 500 with one line that names the file if it is damaged.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise missing() from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        what = f"{where}: {first['msg']}" if where else first["msg"]
        name = f"{path.parent.name}/{path.name}"
        raise Problem(500, f"{name} is damaged ({what}); put a copy back") from None


def write(path: Path, document: Strict) -> None:
    """Write a document as JSON."""
    write_bytes(path, document.model_dump_json().encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file."""
    save(path, lambda file: file.write(data))


def joined(before: Sequence[Event], after: Sequence[Event]) -> list[Event]:
    """All lines of two histories, each once, the oldest first; the newest of too many."""
    lines = {(event.at, event.what): event for event in (*before, *after)}
    return sorted(lines.values(), key=lambda event: event.at)[-MOST_EVENTS:]
