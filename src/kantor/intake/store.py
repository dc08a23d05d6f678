"""Walk what fsspec reaches by a URL: a bucket, memory, another machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from kantor.intake import names
from kantor.intake.entry import Entry, Unusable
from kantor.music.recording import one_line
from kantor.music.score import ScoreError


def is_url(location: str) -> bool:
    """Whether `location` is for fsspec rather than a path."""
    return re.match(r"[A-Za-z0-9+.-]{2,}(://|::)", location) is not None


def local_path(location: str) -> Path | None:
    """The path that a ``file:`` URL names, None for other URLs."""
    match = re.match(r"(file|local)://(/.*)", location, re.DOTALL)
    return Path(match[2]) if match else None


def entries(url: str) -> Iterator[Entry | Unusable]:
    """The files below `url`, or the file `url`, sorted by name, hidden ones left out.

    Raises
    ------
    ScoreError
        If the URL is unknown, needs a package that is not installed, or names nothing.
    OSError
        If the store cannot be reached.
    """
    from fsspec.core import url_to_fs

    try:
        system, root = url_to_fs(url)
    except (ImportError, ValueError) as error:
        reason = one_line(str(error), 200)
        raise ScoreError(f"{without_secret(url)}: {reason}") from None
    system.invalidate_cache()
    found: dict[str, dict[str, Any]] = system.find(root, detail=True)
    if not found and not system.exists(root):
        raise ScoreError(f"{without_secret(url)}: nothing there; name a folder, a file or a URL")
    for key in sorted(found):
        name = key[len(root) :].lstrip("/") if key != root else key.rpartition("/")[2]
        if names.is_junk(name):
            continue
        fault = names.fault(name)
        if fault:
            yield Unusable(name, fault)
        else:
            yield _entry(system, key, name, found[key].get("size"))


def without_secret(url: str) -> str:
    """The URL as one line, without a user's name and password."""
    return one_line(re.sub(r"://[^/@]*@", "://", url), 1000)


def _entry(system: Any, key: str, name: str, size: int | None) -> Entry:
    def unchanged(file: BinaryIO) -> bool:
        return size is None or file.seek(0, 2) == size

    return Entry(name, partial(system.open, key, "rb"), unchanged, is_remote=True)
