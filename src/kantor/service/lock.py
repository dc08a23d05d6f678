"""One at a time in a repository, with waiting: ``python -m kantor.service.lock COMMAND``.

DVC refuses a second ``dvc repro`` while one runs; what goes through this lock waits for it. The
lock is handed on to the command, and free when that has ended, however it ended. What the command
starts in its turn is told that it need not wait.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kantor.locks import STATE, held

NAME = "repro.lock"
_INHERITED = "KANTOR_REPRO_LOCK"
_PAUSE = 0.2


@contextmanager
def alone(root: Path, say: Callable[[str], object], seconds: float | None = None) -> Iterator[int]:
    """Hold the pipeline of the repository `root`, waiting for whoever runs it.

    See `kantor.locks.held`.
    """
    with held(root / STATE / NAME, say, seconds) as file:
        drop_stale(root)
        yield file


def handed_on(root: Path) -> dict[str, str]:
    """The environment of what is started under the lock of the repository `root`."""
    return {
        _INHERITED: str(_file(root)),
        # Python 3.11 keeps a compiled file that a full disk tore, and fails on it ever after.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def own_path() -> str:
    """A `PATH` on which ``python``, as the stages say, is the one that runs here."""
    return os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))


def inherited(root: Path) -> bool:
    """Whether this process was started under the lock of the repository `root`."""
    return os.environ.get(_INHERITED) == str(_file(root))


def _file(root: Path) -> Path:
    return (root / STATE / NAME).resolve()


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


def warn(text: str) -> None:
    """Say it on stderr at once."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Become the command, holding the lock of the repository in the current folder."""
    if not arguments:
        warn("usage: python -m kantor.service.lock COMMAND …")
        return 2
    try:
        with alone(Path(), warn) as file:
            os.set_inheritable(file, True)
            os.environ.update(handed_on(Path()))
            os.execvp(arguments[0], arguments)
    except KeyboardInterrupt:
        return 130
    except FileNotFoundError:
        warn(f"{arguments[0]}: not found")
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
