"""Flags that the workers of a batch show one another: whether one of them composes.

A worker that would compose while another one does reads and writes instead, as long as there is
something to read or to write. So the models of a batch rest as little as may be, and nobody waits.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Flag:
    """A lock on a file that several processes may show at once; it goes with its process.

    Where the file system knows no locks nobody sees anybody, and each worker goes by itself.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._is_shown = False

    def show(self, shown: bool) -> None:
        """Show the flag, or take it back; not shown where another one looks this very moment."""
        self._is_shown = shown
        self._lock(fcntl.LOCK_SH | fcntl.LOCK_NB if shown else fcntl.LOCK_UN)

    def is_elsewhere(self) -> bool:
        """Whether another process shows it, or looks at it this very moment."""
        free = self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.show(self._is_shown)
        return not free

    def close(self) -> None:
        """Take it back for good."""
        os.close(self._file)

    def _lock(self, kind: int) -> bool:
        try:
            fcntl.flock(self._file, kind)
        except BlockingIOError:
            return False
        except OSError:  # there are no locks here
            return True
        return True


@contextmanager
def flags(folder: Path) -> Iterator[tuple[Flag, Flag]]:
    """Whether a worker has a chunk, which is shown already, and whether its model is at work.

    Raises
    ------
    OSError
        If the disk refuses the files in `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    working, composing = Flag(folder / "working"), Flag(folder / "composing")
    try:
        working.show(True)
        yield working, composing
    finally:
        working.close()
        composing.close()
