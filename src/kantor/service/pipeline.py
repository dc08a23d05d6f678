"""Bring the pipeline up to date: DVC by subprocess, one at a time, its words passed on.

Nothing here imports DVC. A pass that fails or is killed leaves what is finished finished: the
next one goes on from there.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from kantor.errors import SetupError
from kantor.service import processes
from kantor.service.blocks import check
from kantor.service.lock import handed_on, own_path

_STAGE = re.compile(r"Running stage '(?P<name>[^']+)'")
_ERROR = "ERROR:"
_EXITED = re.compile(r"^ERROR: failed to reproduce .*exited with (-?\d+)$")
_SHELL = 128  # plus the signal's number: how a shell tells that a command was killed
_RUN = "KANTOR_REPRO_RUN"
_AT_ONCE = 1 << 16  # bytes
_LOOK = 200  # milliseconds between looks at whether a command has ended
_TOLD = 2  # lines of a stage's own that tell a cause: what failed, and how it closed

Say = Callable[[str], object]


class StageFailed(RuntimeError):
    """A stage of the pipeline failed; the message is its name and the cause, in one line.

    What was there before stays as it was: models, the champion, the outputs of other stages.
    """


def changed(root: Path) -> list[str]:
    """What has changed since the last pass, a line a stage, such as ``"ingest: data"``.

    Empty if nothing would be run.

    Raises
    ------
    StageFailed
        If DVC cannot say.
    """
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    said = subprocess.run(
        command,
        cwd=root,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = json.loads(said.stdout)
    except ValueError:
        raise StageFailed(
            f"dvc status: {_cause((said.stderr or said.stdout).split(chr(10)))}"
        ) from None
    return [f"{stage}: {', '.join(_named(reasons))}" for stage, reasons in found.items()]


def _named(reasons: Sequence[object]) -> list[str]:
    """Names of what changed for a stage, from DVC's nested words."""
    names: list[str] = []
    for reason in reasons:
        if not isinstance(reason, dict):
            names.append(str(reason))
            continue
        for changes in reason.values():
            for name, how in changes.items():
                inner = f" ({', '.join(how)})" if isinstance(how, dict) else ""
                names.append(f"{name}{inner}")
    return list(dict.fromkeys(names))


def reproduce(root: Path, say: Say, force: bool = False, lock: int | None = None) -> list[str]:
    """Run every stage that something changed for, or with `force` every stage.

    Parameters
    ----------
    say
        Told each line as it comes.
    lock
        The file that `kantor.service.lock.alone` gave: DVC then holds the lock too, should this
        process be killed.

    Returns
    -------
    list of str
        Names of the stages that ran.

    Raises
    ------
    StageFailed
        With the stage and the cause; or with the fault of params.yaml, and nothing was run.
    """
    try:
        check(root)
    except SetupError as error:
        raise StageFailed(f"{error}; nothing was run") from None
    command = [sys.executable, "-m", "dvc", "repro", *(["--force"] if force else [])]
    return _stages(run_logged(command, root, say, lock))


def run_logged(command: Sequence[str], root: Path, say: Say, lock: int | None = None) -> list[str]:
    """Run a command in `root`, passing each line on as it comes.

    What the command leaves behind when it ends, such as the stage of a DVC that was killed, is
    killed: nobody waits for it, and the next run would do the same work beside it.

    Returns
    -------
    list of str
        All lines.

    Raises
    ------
    StageFailed
        If the command fails: the stage that ran last, and the last line not DVC's own, or the
        signal where it was killed.
    """
    run = uuid.uuid4().hex
    lines = []
    with subprocess.Popen(
        command,
        cwd=root,
        env=_environment() | {_RUN: run} | ({} if lock is None else handed_on(root)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=() if lock is None else (lock,),
    ) as process:
        for line in _lines(_output(process, run)):
            lines.append(line.rstrip())
            say(lines[-1])
    if process.returncode:
        raise StageFailed(_named_once(_stages(lines), lines, _fault(lines, process.returncode)))
    return lines


def _output(process: subprocess.Popen[bytes], run: str) -> Iterator[bytes]:
    """What a command prints, as it comes, until it has ended and all of that is read.

    A process that it left behind may hold the pipe open: the pipe's end is not waited for.
    """
    assert process.stdout is not None
    pipe, poll = process.stdout.fileno(), select.poll()
    poll.register(pipe, select.POLLIN)
    while process.poll() is None:
        if poll.poll(_LOOK):
            data = os.read(pipe, _AT_ONCE)
            if not data:
                return
            yield data
    processes.sweep(lambda values: values.get(_RUN) == run)
    while poll.poll(0) and (data := os.read(pipe, _AT_ONCE)):
        yield data


def _lines(output: Iterable[bytes]) -> Iterator[str]:
    """The lines of an output, without their ends."""
    utf8 = codecs.getincrementaldecoder("utf-8")("replace")
    decoder = io.IncrementalNewlineDecoder(utf8, translate=True)
    rest = ""
    for data in output:
        *whole, rest = (rest + decoder.decode(data)).split("\n")
        yield from whole
    rest += decoder.decode(b"", final=True)
    yield from rest.splitlines()


def _stages(lines: Sequence[str]) -> list[str]:
    found = (_STAGE.search(line) for line in lines)
    return [match["name"] for match in found if match]


def _fault(lines: Sequence[str], code: int) -> str:
    """Why a command failed, by what it printed and its exit code."""
    if code < 0:
        return f"the command that ran it was {_killed(-code)}"
    exits = [int(match[1]) for match in map(_EXITED.match, lines) if match]
    number = -exits[-1] if exits and exits[-1] < 0 else exits[-1] - _SHELL if exits else 0
    if number in signal.valid_signals():
        return _killed(number)
    return _cause(lines) or f"exit code {code}"


def _killed(number: int) -> str:
    """That a process was killed, by which signal, and by whom if by nobody."""
    hint = ": if nobody did that, memory ran out" if number == signal.SIGKILL else ""
    return f"killed by signal {number}{hint}"


def _cause(lines: Sequence[str]) -> str:
    """The last line that a stage said itself; DVC's own where there is none."""
    told = [line.strip() for line in lines if line.strip() and not line.startswith("> ")]
    own = [line for line in told if not line.startswith(_ERROR) and not _STAGE.search(line)]
    if not own and told:
        own = [told[-1].removeprefix(_ERROR).strip()]
    return own[-1][:300] if own else ""


def _named_once(ran: Sequence[str], lines: Sequence[str], cause: str) -> str:
    """The stage that ran last, and what it said under its own name at the end, if it did."""
    if not ran:
        return cause
    name = f"{ran[-1]}: "
    begins = max(at for at, line in enumerate(lines) if _STAGE.search(line))
    said = [line.removeprefix(name) for line in lines[begins:] if line.startswith(name)]
    last = cause.removeprefix(name)
    if said and said[-1] == last:
        last = "; ".join(said[-_TOLD:])
    return f"{name}{last}"[:600]


def _environment() -> dict[str, str]:
    quiet = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}  # as in `handed_on`
    return {**os.environ, "PATH": own_path(), **quiet}
