"""Keep a few processes running: start, watch, start again, end all of them together."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kantor.errors import SetupError
from kantor.service import cleanup, health, logs
from kantor.service.health import Health, State

_PAUSE = 0.2  # seconds from one look to the next while parts start
_ROUND = 1.0  # the same, once all parts are ready
_ENDING = 10.0  # seconds in which the parts must end before they are killed
_STEADY = 5.0  # seconds after which a process that became ready counts as one that runs
_LONGEST_PAUSE = 30.0  # seconds
_LAST_WORDS = 1.0  # seconds for which the end of a log is waited for


@dataclass(eq=False)
class Part:
    """A process to keep running; its log is ``name.log``.

    The `command` holds no secret: everyone can read it. While the part works an address `health`
    answers, or it touches a file `sign` every second; where it has neither, its being alive must
    do. `needs` names a part that must be ready before this one starts.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    health: str = ""
    sign: Path | None = None
    needs: str = ""

    def __post_init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = self.starts = 0
        self.started = self.next_start = 0.0
        self.fault = ""  # why it ended the last time
        self._fault_at, self._killed_for = 0.0, ""
        self._health: Health | None = None
        self._state = State(self.name, "starting", time.time())

    def start(self, logs_folder: Path, cwd: Path) -> None:
        """Start the process, in a session of its own: Ctrl-C is for the one that watches."""
        self.log = logs_folder / f"{self.name}.log"
        self._log_begin = self.log.stat().st_size if self.log.exists() else 0
        self.started, self._killed_for = time.monotonic(), ""
        self.starts += 1
        self._health = Health(self.health, self.sign)
        environment = {**os.environ, **self.environment}
        self.process = subprocess.Popen(
            self.command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=cleanup.end_with_parent,
        )
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self._writer = subprocess.Popen(
                [sys.executable, "-I", "-S", logs.__file__, str(self.log)],
                env=environment,
                stdin=output,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether the process runs and has answered."""
        return self.alive and self._health is not None and self._health.ready

    def look(self) -> str:
        """Why it ended, if it has; one that hangs, or has lost the writer of its log, is killed."""
        if self.process is None or self._health is None:
            return ""
        if not self.alive:
            return self._ended(self.process.returncode, self._health.ready)
        fault = "lost its log" if self._writer.poll() is not None else self._health.fault
        if fault:
            self._killed_for = f"{fault} and was killed"
            self.process.kill()
        return ""

    def _ended(self, code: int, was_ready: bool) -> str:
        """Count an end; why it was. The more often it did not come to run, the longer the pause."""
        if was_ready and time.monotonic() - self.started > _STEADY:
            self.failures = 0
        self.failures += 1
        pause = min(_LONGEST_PAUSE, 0.5 * 2.0 ** (self.failures - 1))
        self.next_start = time.monotonic() + pause
        self.end(0)
        self.process = None
        how = f"exit code {code}): " if code >= 0 else f"signal {-code}); its log ends: "
        last_words = logs.last_words(self.log, self._log_begin)
        self.fault, self._fault_at = self._killed_for or f"ended ({how}{last_words}", time.time()
        return self.fault

    @property
    def state(self) -> State:
        """How it is now."""
        if not self.alive and self.starts:
            what = "down"
        elif self._health is None or not self._health.ready:
            what = "starting"
        else:
            what = "silent" if self._health.misses else "running"
        since = self._state.since if what == self._state.what else time.time()
        restarts = max(0, self.starts - 1)
        self._state = State(self.name, what, since, restarts, self.fault, self._fault_at)
        return self._state

    def end(self, seconds: float) -> None:
        """Wait some seconds for the process to end, then kill it; its log is written till then."""
        if self.process is None or self._health is None:
            return
        self._health.stop()
        for process, patience in ((self.process, seconds), (self._writer, _LAST_WORDS)):
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, patience))
            process.kill()
            process.wait()


class Supervisor:
    """Keeps `parts` running in the folder `cwd`, started in the order given, until `stop`.

    It writes their logs and, whenever that changes, how they are, into `folder`. `say` gets one
    line for whatever a person should know.
    """

    def __init__(
        self, parts: Sequence[Part], folder: Path, cwd: Path, say: Callable[[str], object] = print
    ) -> None:
        self.parts, self.folder, self.cwd, self.say = parts, folder, cwd, say
        self.stopping = threading.Event()
        self._written: list[State] = []
        self._said: dict[str, str] = {}  # faults of parts that do not run yet again

    def stop(self, *_: object) -> None:
        """End `run`; may be called from a signal handler, twice as well."""
        self.stopping.set()

    def run(self, ready: Callable[[], object], also: Callable[[], object] = lambda: None) -> None:
        """Start all parts, call `ready` when they are, and keep them running until `stop`.

        From then on `also` is called every second. Raises `SetupError` if a part does not become
        ready the first time. What is ready once is started again whenever it ends or hangs.
        """
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        try:
            if self._first_start():
                ready()
            while not self.stopping.is_set():
                self._look_after()
                also()
                self.stopping.wait(_ROUND)
        finally:
            for part in reversed(self.parts):
                if part.process is not None:
                    part.process.terminate()
            ends = time.monotonic() + _ENDING
            for part in reversed(self.parts):
                part.end(ends - time.monotonic())

    def _first_start(self) -> bool:
        ends = time.monotonic() + health.PATIENCE
        while not self.stopping.is_set():
            self._look_after()
            late = [part for part in self.parts if not part.ready]
            if not late:
                return True
            for part in late:
                if part.failures >= 2:
                    raise SetupError(f"{part.name} {part.fault}; see {part.log}")
            if time.monotonic() > ends:
                names = ", ".join(part.name for part in late)
                raise SetupError(f"{names}: not ready after {health.PATIENCE:.0f} s")
            self.stopping.wait(_PAUSE)
        return False

    def _look_after(self) -> None:
        """One round: start what is due; see what ended, what hangs and what became ready."""
        ready = {part.name for part in self.parts if part.ready}
        for part in self.parts:
            if fault := part.look():
                if self._said.get(part.name) != fault:  # the same cause again is said once
                    self.say(f"{part.name} {fault}; starting it again")
                self._said[part.name] = fault
            due = part.process is None and time.monotonic() >= part.next_start
            if due and (not part.needs or part.needs in ready):
                part.start(self.folder / "logs", self.cwd)
            if part.ready and self._said.pop(part.name, ""):
                self.say(f"{part.name} is running again")
        states = [part.state for part in self.parts]
        if states != self._written:
            self._written = states
            with suppress(OSError):  # a full disk must not end the service
                health.write_states(self.folder / health.STATES, states)
