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
