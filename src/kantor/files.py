"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def save(path: str | Path, content: Callable[[BinaryIO], object]) -> None:
    """Let `content` write to a temporary file beside `path`, then move it into place.

    What stood at `path` stays as it was if `content` fails; the temporary file is removed.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb+") as file:
            content(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def sweep(folder: str | Path) -> None:
    """Remove what `save` had begun in `folder` when its process was killed."""
    for path in Path(folder).glob(".*.*"):
        name, _, process = path.name.rpartition(".")
        if name != "." and process.isdecimal() and not _is_running(int(process)):
            path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
