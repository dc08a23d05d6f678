"""One at a time on this machine: a lock that is a file, and who finds it taken waits.

The kernel lets go of it when its holder has ended, however it ended, and so has every process
that it was handed on to.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from kantor.files import private_folder

STATE = Path(".kantor")
_PAUSE = 0.2


class Busy(RuntimeError):
    """Another process holds the lock, and it was not had in the time given."""


@contextmanager
def held(
    path: Path,
    say: Callable[[str], object] = print,
    seconds: float | None = None,
    what: str = "the pipeline is run",
) -> Iterator[int]:
    """Hold the lock at `path`, made if need be; wait `seconds` for it, or as long as it takes.

    When there is something to wait for, `say` gets one line: who holds the lock, and `what` that
    process does.

    Yields
    ------
    int
        The open file, to be passed on to a process that shall hold the lock as well.

    Raises
    ------
    Busy
        If it was not had in time; the message names the holder.
    """
    if path.parent.name == STATE.name:
        private_folder(path.parent)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _take(file.fileno(), path, say, seconds, what)
        with suppress(OSError):  # on a full disk the holder has no name
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"process {os.getpid()}".encode())
        yield file.fileno()


def holder(path: Path) -> str:
    """Who holds the lock at `path`, such as ``"process 123"``; empty where nobody does.

    It looks by sharing the lock for a moment: take it with some patience where this may look.
    """
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return ""
    except BlockingIOError:
        with suppress(OSError):
            return path.read_text() or "another process"
        return "another process"
    except OSError:
        return ""


def _take(
    file: int, path: Path, say: Callable[[str], object], seconds: float | None, what: str
) -> None:
    start = time.monotonic()
    for attempt in count():
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = path.read_text() or "another process"
        if seconds is not None and time.monotonic() - start >= seconds:
            raise Busy(f"{path}: held by {holder}")
        if attempt == 1:  # by now who has just taken it has written who that is
            say(f"waiting: {what} by {holder}")
        time.sleep(_PAUSE)
