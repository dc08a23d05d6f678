"""The main process of each kind of pool killed alone, as the system does when memory runs out.

What it had started must end by itself; and where the pipeline had started it, DVC's run must end
and say why. Ingest reads hundreds of files in a small clone; batches and compositions use the
repository's own model (``build/model``): `make repro`.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clone import Clone, Process, small_clone
from composing import write_melodies
from trial import Trial

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "build/model"
FILES, BARS = 400, 300
LONG = 900
"""Bars of a melody that takes seconds to compose."""
SOON = 5.0
"""Seconds within which all must be gone."""
_PATIENCE = 120.0
_REPRO = """
import sys
from pathlib import Path
from kantor.service.lock import alone
from kantor.service.pipeline import StageFailed, reproduce

with alone(Path(), print) as lock:
    try:
        reproduce(Path(), lambda line: None, False, lock)
    except StageFailed as error:
        sys.exit(f"told: {error}")
"""


def trials(times: int) -> Iterator[Trial]:
    """Each kind of pool `times` times, then DVC's stage and DVC itself."""
    with tempfile.TemporaryDirectory(prefix="kantor-workers-") as scratch:
        folder = Path(scratch)
        clone = small_clone(folder / "clone")
        (clone.root / "data/scores").mkdir(exist_ok=True)
        write_melodies(clone.root / "data/scores", FILES, BARS)
        clone.run("dvc", "add", "--quiet", "data")
        (folder / "inbox").mkdir()
        melodies = list(map(str, write_melodies(folder / "inbox", 8, LONG)))
        time.sleep(2)  # what changed a moment ago is waited for
        kantor = [sys.executable, "-m", "kantor.cli"]
        model = ["--model", str(MODEL)]
        ingest = _Pool("ingest", [sys.executable, "pipelines/ingest.py"], 2)
        yield _alone(ingest, clone, folder, times)
        if not MODEL.is_dir():
            yield Trial("the same of batches", 0, "no build/model: `make repro`", 0.0, None)
            return
        out = str(folder / "out")
        batch = [*kantor, "batch", str(folder / "inbox"), "--out", out, "--takes", "9", *model]
        yield _alone(_Pool("a batch", batch, 2), clone, folder, times)
        compose = [*kantor, "compose", *melodies, "--out", str(folder / "composed"), *model]
        yield _alone(_Pool("`kantor compose`", compose, 1), clone, folder, times)
        for what, chosen in (("ingest's main process", _is_ingest), ("DVC", _is_dvc)):
            yield _told(what, chosen, clone, folder, times)


@dataclass(frozen=True)
class _Pool:
    """A command, and how many processes it has when it is at work."""

    what: str
    command: Sequence[str]
    workers: int


@dataclass
class _Seen:
    """What came of the kills."""

    longest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def note(self, seconds: float, fault: str) -> None:
        self.longest = max(self.longest, seconds)
        if fault:
            self.faults.append(fault)


def _alone(pool: _Pool, clone: Clone, folder: Path, times: int) -> Trial:
    began, seen, chance = time.monotonic(), _Seen(), random.Random(0)
    for _ in range(times):
        process = clone.start(*pool.command, said=folder / "said")
        family = _family(process, pool.workers)
        time.sleep(chance.uniform(0, 1))
        family |= _descendants(process.pid)
        process.kill()
        process.wait()
        seconds, left = _until_gone(family)
        seen.note(seconds, f"{len(left)} of {len(family)} lived on" if left else "")
        clone.kill(process)
    outcome = (
        f"{len(seen.faults)} times processes lived on: {seen.faults[0]}"
        if seen.faults
        else f"all that it had started was gone within {seen.longest:.1f} s"
    )
    what = f"the main process of {pool.what} killed alone (kill -9) while its workers work"
    return Trial(what, times, outcome, time.monotonic() - began, not seen.faults)


def _told(
    what: str, chosen: Callable[[Sequence[str]], bool], clone: Clone, folder: Path, times: int
) -> Trial:
    """Kill one process below `reproduce`, as `retrain` calls it."""
    began, seen, said = time.monotonic(), _Seen(), folder / "said"
    for _ in range(times):
        process = clone.start(sys.executable, "-c", _REPRO, said=said)
        end = time.monotonic() + _PATIENCE
        while not any(map(_is_ingest, map(_command, _descendants(process.pid)))):
            _check(process, said, end)
        family = _family(process, 5)
        victim = min(pid for pid in family if chosen(_command(pid)))  # not one just forked
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        with contextlib.suppress(Exception):
            process.wait(_PATIENCE)
        ended = time.monotonic() - killed
        _, left = _until_gone(family)
        told = said.read_text().strip()
        is_told = told.startswith("told: ingest: ") and "killed by signal 9" in told
        fault = f"{len(left)} lived on" if left else "" if is_told else f"told as {told[-200:]!r}"
        seen.note(ended, fault)
        clone.kill(process)
    outcome = (
        f"otherwise {len(seen.faults)} times, at first {seen.faults[0]}"
        if seen.faults
        else f"the run ended within {seen.longest:.1f} s, nothing lived on; {told!r}"
    )
    what = f"{what} killed alone (kill -9) in a run of the pipeline as `retrain` starts it"
    return Trial(what, times, outcome, time.monotonic() - began, not seen.faults)


def _family(process: Process, least: int) -> set[int]:
    """What a command has started, as soon as that is so much."""
    end = time.monotonic() + _PATIENCE
    while len(found := _descendants(process.pid)) < least:
        _check(process, Path(), end)
    return found


def _check(process: Process, said: Path, end: float) -> None:
    """Wait a moment for a command.

    Raises
    ------
    RuntimeError
        If it has ended, or it takes too long.
    """
    if process.poll() is not None or time.monotonic() > end:
        words = said.read_text()[-500:] if said.is_file() else ""
        raise RuntimeError(f"not killed in time: exit code {process.returncode} {words}")
    time.sleep(0.02)


def _until_gone(family: set[int]) -> tuple[float, set[int]]:
    """How long until all have ended, and who has not."""
    began = time.monotonic()
    while (left := set(filter(_lives, family))) and time.monotonic() < began + SOON:
        time.sleep(0.02)
    return time.monotonic() - began, left


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _descendants(pid: int) -> set[int]:
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found |= {child} | _descendants(child)
    return found


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def _is_ingest(command: Sequence[str]) -> bool:
    """Whether it is Python with the stage's script, not the shell that DVC starts it by."""
    return command[1:] == ["pipelines/ingest.py"]


def _is_dvc(command: Sequence[str]) -> bool:
    return command[1:3] == ["-m", "dvc"]
