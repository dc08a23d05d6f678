"""Copy the results of batches to an object store as well; the folder on this machine stays."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from kantor.batch.placing import MUSIC
from kantor.files import save
from kantor.intake.store import failures

NOTE = ".copied"
_AT_ONCE = 200  # files handed to the store's library, which sends many at a time

_log = logging.getLogger(__name__)


def copy(out: Path, url: str) -> int:
    """Send what the store at `url` lacks of the results in `out`; how many files those were.

    Files of another size there are sent too. Of each batch its music comes first, then its manifest
    and its page, so that what a manifest in the store names is there. A note in `out` says what
    was copied last, so that nothing new costs nothing.

    Raises
    ------
    Unreachable
        If the store is unknown, does not answer, or refuses; what is copied by then stays.
    """
    from fsspec.core import url_to_fs

    batches = sorted(path.parent.name for path in out.glob("*/manifest.csv"))
    music = [f"{batch}/{MUSIC}" for batch in batches]
    note = out / NOTE
    done = json.dumps([url, *batches[-1:]])
    if note.is_file() and note.read_text() == done:
        return 0
    with failures(url, gone=True):
        system, root = url_to_fs(url)
        there = {
            key[len(root) :].lstrip("/"): details.get("size")
            for key, details in system.find(root, detail=True).items()
        }
        missing = [
            name
            for folder in ("quarantine", *music, *batches)
            for path in sorted((out / folder).glob("*"))
            if path.is_file()
            and there.get(name := path.relative_to(out).as_posix()) != path.stat().st_size
        ]
        for first in range(0, len(missing), _AT_ONCE):
            some = missing[first : first + _AT_ONCE]
            system.put([str(out / name) for name in some], [f"{root}/{name}" for name in some])
            _log.info("%d of %d files copied", first + len(some), len(missing))
    save(note, lambda stream: stream.write(done.encode()))
    return len(missing)
