"""Who composes when: workers of one batch see of each other whether one of them does.

A worker that would compose while another one does reads and writes instead, as long as there is
something to read or to write. So the models of a batch rest as little as may be, and nobody waits.

A *sign* is a lock on a file that the workers share. Where the file system knows no locks nobody
sees anybody, and each worker goes by itself.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Sign:
    """What several processes may show at once; each sees whether another one does."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._is_shown = False

    def show(self, shown: bool) -> None:
        """Show the sign, or take it back; not shown where another one looks this very moment."""
        self._is_shown = shown
        self._lock(fcntl.LOCK_SH | fcntl.LOCK_NB if shown else fcntl.LOCK_UN)

    def is_elsewhere(self) -> bool:
        """Whether another one shows it, or looks at it this very moment."""
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


class Turns:
    """What a worker shows of itself, and sees of the others.

    Attributes
    ----------
    working, composing : Sign
        Whether it has a chunk; whether its model is at work.
    """

    def __init__(self, folder: Path) -> None:
        self.working = Sign(folder / "working")
        self.composing = Sign(folder / "composing")


@contextmanager
def turns(folder: Path) -> Iterator[Turns]:
    """The signs of a batch, which are files in `folder`, made if need be; this worker has a chunk.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ours = Turns(folder)
    try:
        ours.working.show(True)
        yield ours
    finally:
        ours.working.close()
        ours.composing.close()
