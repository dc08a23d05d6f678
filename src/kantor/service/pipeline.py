"""Bring the pipeline up to date: DVC as a subprocess, one at a time, its failures explained.

A root is the repository, whose pipeline is Bach's, or the folder of a style, ``styles/NAME``.

DVC refuses a second ``dvc repro`` while one runs; what goes through here waits instead. So does
``python -m kantor.service.pipeline COMMAND``, which is what `make repro` runs: the command inherits
the lock, which is free when the command has ended, however that came about. `make style` runs it
with ``--style NAME`` for a command. A pass that fails or is killed leaves what is finished
finished: the next one goes on from there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from kantor import styles
from kantor.errors import InputError, SetupError
from kantor.locks import STATE, held
from kantor.service import cleanup
from kantor.service.failures import STAGE, StageFailed, failure, last_words
from kantor.service.parameters import check_stages
from kantor.settings import STYLES, repository

LOCK = "repro.lock"
_PAUSE = 0.2  # seconds
_OWNER = re.compile(r'"pid":\s*(\d+)')
_ENDED = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
_RUN = "KANTOR_REPRO_RUN"
_TO_STOP = 20.0  # seconds; Prefect kills a run that it cancels after thirty

Say = Callable[[str], object]


@contextmanager
def alone(root: Path, say: Say) -> Iterator[int]:
    """Hold the pipeline of the repository `root`, as by `kantor.locks.held`; its open file."""
    place = repository(root)
    with held(place / STATE / LOCK, say) as file:
        drop_stale_note(place)
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
        owners = set(map(int, _OWNER.findall(text)))
        running = (one for one in psutil.process_iter(["status"]) if one.pid in owners)
        if any(one.info["status"] not in _ENDED for one in running):
            return False
        break
    note.unlink(missing_ok=True)
    return True


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


def changed(root: Path) -> list[str]:
    """What has changed since the last pass, a line a stage, such as ``"ingest: data"``.

    Empty if nothing would be run. Raises `StageFailed` if DVC cannot say.
    """
    place = repository(root)
    status = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--json"],
        cwd=place,
        env=stage_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        stages = json.loads(status.stdout)
    except ValueError:
        cause = last_words((status.stderr or status.stdout).splitlines())
        raise StageFailed(f"dvc status: {cause}") from None
    style = root.name if place != root.absolute() else ""
    return [
        f"{stage.removeprefix(f'{STYLES}/dvc.yaml:')}: {', '.join(_changes(reasons))}"
        for stage, reasons in stages.items()
        if _style_of(stage) == style
    ]


def _style_of(stage: str) -> str:
    """The style that a stage or a pin is of, by DVC's name for it; empty for Bach's."""
    if not stage.startswith(f"{STYLES}/"):
        return ""
    return stage.partition("@")[2] or Path(stage).stem


def command_for(root: Path, *options: str) -> list[str]:
    """What brings the pipeline of `root` up to date, to be run in the repository."""
    style = (
        [f"{STYLES}/dvc.yaml:register@{root.name}"] if repository(root) != root.absolute() else []
    )
    return [sys.executable, "-m", "dvc", "repro", *options, *style]


def _changes(reasons: Sequence[str | dict[str, dict[str, object]]]) -> dict[str, None]:
    """Names of what changed for a stage, each once, from DVC's nested words."""
    names: dict[str, None] = {}
    for reason in reasons:
        changes = [{reason: ""}] if isinstance(reason, str) else reason.values()
        for name, how in (item for change in changes for item in change.items()):
            names[f"{name} ({', '.join(how)})" if isinstance(how, dict) else name] = None
    return names


def reproduce(root: Path, say: Say, force: bool = False, lock: int | None = None) -> list[str]:
    """Run every stage that something changed for, or with `force` every stage.

    With the file `lock` that `alone` gave, DVC holds the lock too, should this process be killed.
    Returns the names of the stages that ran. Raises `StageFailed` with the stage and the cause, or
    with the fault of params.yaml.
    """
    try:
        check_stages(root)
    except SetupError as error:
        raise StageFailed(f"{error}; nothing was run") from None
    command = command_for(root, *(["--force"] if force else []))
    lines = run_logged(command, repository(root), say, lock)
    return [match["name"] for match in map(STAGE.search, lines) if match]


def run_logged(command: Sequence[str], root: Path, say: Say, lock: int | None = None) -> list[str]:
    """Run a command in `root`, passing each line on as it comes; all lines.

    What it leaves behind when it ends, such as the stage of a DVC that was killed, is killed: the
    next run would do the same work beside it. An exception meanwhile, such as the cancellation of
    a flow, interrupts the stage, so that it saves what it has. Raises `StageFailed` if the command
    fails: the stage that ran last, and the last line not DVC's own, or the signal where it was
    killed; `StageStopped` if that stage was stopped.
    """
    run = uuid.uuid4().hex
    lines = []
    with subprocess.Popen(
        command,
        cwd=root,
        env=stage_environment() | {_RUN: run},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=() if lock is None else (lock,),
        text=True,
        errors="replace",
    ) as process:

        def end_leftovers() -> None:  # they may hold the pipe open
            process.wait()
            cleanup.sweep(lambda values: values.get(_RUN) == run)

        assert process.stdout is not None
        ending = threading.Thread(target=end_leftovers, daemon=True)
        ending.start()
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                say(lines[-1])
        except BaseException:
            _stop(process, run)
            raise
        ending.join()
    if process.returncode:
        raise failure(lines, process.returncode)
    return lines


def _stop(process: subprocess.Popen[str], run: str) -> None:
    """End a command: its stage has some seconds to save what it has."""
    if cleanup.interrupt_stages(lambda values: values.get(_RUN) == run):
        with suppress(subprocess.TimeoutExpired):
            process.wait(_TO_STOP)
    cleanup.sweep(lambda values: values.get(_RUN) == run)


def main(command: list[str]) -> int:
    """Become the command, holding the lock of the repository in the current folder.

    A fault of the parameters ends this before the command starts, for DVC removes what a stage made
    before it runs the stage again.
    """
    say = partial(print, file=sys.stderr, flush=True)
    try:
        root = Path()
        if command[0] == "--style":
            root = styles.folder(root, command[1])
            command = command_for(root)
        check_stages(root)
        with alone(root, say) as file:
            check_stages(root)  # somebody may have changed it in the meantime
            os.set_inheritable(file, True)
            os.execvpe(command[0], command, stage_environment())
    except InputError as error:
        say(error)
        return 1
    except SetupError as error:
        say(f"{error}; nothing was run")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
