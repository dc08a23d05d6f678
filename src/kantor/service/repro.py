"""What `make repro` runs: ``python -m kantor.service.repro COMMAND``, one at a time in a folder.

DVC refuses a second ``dvc repro`` while one runs; what goes through here waits instead. The command
inherits the lock, which is free when the command has ended, however that came about.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from kantor.errors import SetupError
from kantor.locks import STATE, held
from kantor.service.parameters import check_stages

LOCK = "repro.lock"
_PAUSE = 0.2  # seconds
_OWNER = re.compile(r'"pid":\s*(\d+)')


@contextmanager
def alone(root: Path, say: Callable[[str], object]) -> Iterator[int]:
    """Hold the pipeline of the repository `root`, as by `kantor.locks.held`; its open file."""
    with held(root / STATE / LOCK, say) as file:
        drop_stale_note(root)
        yield file


def drop_stale_note(root: Path) -> bool:
    """Remove DVC's own note of who reads and writes what, where nobody does; whether it was.

    DVC 3.67 writes it in place: torn by a full disk or a kill, it would stop every later run. So
    would one that names a killed process which its parent has not waited for.
    """
    note = root / ".dvc" / "tmp" / "rwlock"
    for pause in (_PAUSE, 0.0):  # another program may be just writing it
        try:
            text = note.read_text()
            json.loads(text)
        except OSError:
            return False
        except ValueError:
            time.sleep(pause)
            continue
        if any(_runs(int(pid)) for pid in _OWNER.findall(text)):
            return False
        break
    note.unlink(missing_ok=True)
    return True


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD))
    except psutil.NoSuchProcess:
        return False


def stage_environment() -> dict[str, str]:
    """This environment, as stages need it: ``python`` is the one that runs here."""
    folders = (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    return {
        **os.environ,
        "PATH": os.pathsep.join(folders),
        "PYTHONUNBUFFERED": "1",
        # Python 3.11 keeps a compiled file that a full disk tore, and fails on it ever after.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def main(arguments: list[str]) -> int:
    """Become the command, holding the lock of the repository in the current folder.

    A fault of params.yaml ends this before the command starts, for DVC removes what a stage made
    before it runs the stage again.
    """
    if not arguments:
        _say("usage: python -m kantor.service.repro COMMAND …")
        return 2
    try:
        check_stages(Path())
        with alone(Path(), _say) as file:
            check_stages(Path())  # somebody may have changed it in the meantime
            os.set_inheritable(file, True)
            os.execvpe(arguments[0], arguments, stage_environment())
    except SetupError as error:
        _say(f"{error}; nothing was run")
        return 1
    except KeyboardInterrupt:
        return 130
    except FileNotFoundError:
        _say(f"{arguments[0]}: not found")
        return 127


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
