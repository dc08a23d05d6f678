"""One at a time in a repository, with waiting: ``python -m kantor.operations.lock COMMAND``.

DVC refuses a second ``dvc repro`` while one runs; what goes through this lock waits for it. The
kernel lets go of the lock when its holder has ended, however it ended, and so has the command
that it was handed on to.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

STATE = Path(".kantor")
NAME = "repro.lock"
_PAUSE = 0.2


class Busy(RuntimeError):
    """Another process holds the lock, and it was not had in the time given."""


@contextmanager
def held(
    path: Path, say: Callable[[str], object] = print, seconds: float | None = None
) -> Iterator[int]:
    """Hold the lock at `path`, made if need be; wait for it, saying so once.

    Parameters
    ----------
    path
        The lock's file.
    say
        Told who holds it, when there is something to wait for.
    seconds
        How long to wait; None for as long as it takes.

    Yields
    ------
    int
        The open file, to be passed on to a process that shall hold the lock as well.

    Raises
    ------
    Busy
        If it was not had in time; the message names the holder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _take(file.fileno(), path, say, seconds)
        with suppress(OSError):  # on a full disk the holder has no name
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"process {os.getpid()}".encode())
        yield file.fileno()


def _take(file: int, path: Path, say: Callable[[str], object], seconds: float | None) -> None:
    start, told = time.monotonic(), False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = path.read_text() or "another process"
        if seconds is not None and time.monotonic() - start >= seconds:
            raise Busy(f"{path}: held by {holder}")
        if not told:
            say(f"waiting: the pipeline is run by {holder}")
            told = True
        time.sleep(_PAUSE)


def drop_stale(root: Path) -> bool:
    """Remove DVC's own note of who reads and writes what, where nobody does; whether it was.

    DVC 3.67 writes it in place: torn by a full disk or a kill, it would stop every later run. So
    would one that names a killed process whose parent has not asked after it yet.
    """
    note = root / ".dvc" / "tmp" / "rwlock"
    for pause in (_PAUSE, 0.0):  # another program may be just writing it
        try:
            if any(map(_runs, _named(json.loads(note.read_text())))):
                return False
            break
        except OSError:
            return False
        except ValueError:
            time.sleep(pause)
    note.unlink(missing_ok=True)
    return True


def _named(note: Any) -> Iterator[int]:
    """The processes in DVC's note: ``{"read": {path: [who, …]}, "write": {path: who}}``."""
    for paths in note.values():
        for who in paths.values():
            yield from (int(one["pid"]) for one in (who if isinstance(who, list) else [who]))


def _runs(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # without /proc DVC may judge
    return status.rpartition(")")[2].split()[0] not in "ZX"


def _warn(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Become the command, holding the lock of the repository in the current folder."""
    if not arguments:
        _warn("usage: python -m kantor.operations.lock COMMAND …")
        return 2
    try:
        with held(STATE / NAME, _warn) as file:
            drop_stale(Path())
            os.set_inheritable(file, True)
            # Python 3.11 keeps a compiled file that a full disk tore, and fails on it ever after.
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            os.execvp(arguments[0], arguments)
    except KeyboardInterrupt:
        return 130
    except FileNotFoundError:
        _warn(f"{arguments[0]}: not found")
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
