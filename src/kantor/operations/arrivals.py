"""Notice what arrives in a folder within seconds, without a run of a flow each time one looks."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

NOTHING = hashlib.sha256().hexdigest()


class Arrivals:
    """Looks at a folder now and then.

    Something has arrived when the folder differs from what it was when that was last said, and is
    the same in two looks: what is still being copied is waited for. The first look says so of
    whatever it finds, for it may have come while nobody looked.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._said = self._before = NOTHING

    def look(self) -> bool:
        """Whether something has arrived since this was last True."""
        now = state(self.folder)
        settled, self._before = now == self._before, now
        if not settled or now == self._said:
            return False
        self._said = now
        return now != NOTHING


def state(folder: Path) -> str:
    """A digest of the names, sizes and times of all files in a folder; of none where there is none.

    Hidden files are passed over, links not followed.
    """
    digest = hashlib.sha256()
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.startswith("."):
                continue
            try:
                found = (Path(path) / name).lstat()
            except OSError:  # gone meanwhile
                continue
            line = f"{path}/{name} {found.st_size} {found.st_mtime_ns}\n"
            digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()
