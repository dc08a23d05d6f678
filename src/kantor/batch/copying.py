"""Copy the results of batches to an object store as well; the folder on this machine stays.

Only what the store lacks, or has in another size, is sent. Compositions come first and each batch's
manifest and page after them, so that what a manifest in the store names is there.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from kantor.files import save
from kantor.intake.store import failures

NOTE = ".copied"
_AT_ONCE = 200  # files handed to the store's library, which sends many at a time

_log = logging.getLogger(__name__)


def copy(out: Path, url: str) -> int:
    """Copy what is in the folder of results `out` and not below `url`; how many files those were.

    A note in the folder says what was copied last, so that nothing new costs nothing.

    Raises
    ------
    Unreachable
        If the store is unknown, does not answer, or refuses; what is copied by then stays.
    """
    from fsspec.core import url_to_fs

    batches = sorted((folder.name for folder in out.glob("batch-*")), key=lambda n: (len(n), n))
    note = out / NOTE
    done = json.dumps([url, *batches[-1:]])
    if note.is_file() and note.read_text() == done:
        return 0
    with failures(url, gone=True):
        system, root = url_to_fs(url)
        count = _send(system, root, out, _missing(system, root, out, batches))
    save(note, lambda stream: stream.write(done.encode()))
    return count


def _missing(system: Any, root: str, out: Path, batches: list[str]) -> list[str]:
    """The files to be sent, relative to `out`, those that name others last."""
    there = {
        key[len(root) :].lstrip("/"): details.get("size")
        for key, details in system.find(root, detail=True).items()
    }
    missing = []
    for name in ("files", "quarantine", *batches):
        for path in sorted((out / name).rglob("*")):
            relative = path.relative_to(out).as_posix()
            if path.is_file() and there.get(relative) != path.stat().st_size:
                missing.append(relative)
    return missing


def _send(system: Any, root: str, out: Path, names: list[str]) -> int:
    for first in range(0, len(names), _AT_ONCE):
        some = names[first : first + _AT_ONCE]
        system.put([str(out / name) for name in some], [f"{root}/{name}" for name in some])
        _log.info("%d of %d files copied", first + len(some), len(names))
    return len(names)
