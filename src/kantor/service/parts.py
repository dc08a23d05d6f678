"""A part of a service: a process with its log and its health."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kantor.service import cleanup, logs
from kantor.service.health import EVERY, PATIENCE, Health
from kantor.service.states import State, What

_STEADY = 5.0  # seconds after which a process that became ready counts as one that runs
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Part:
    """A process to keep running.

    Attributes
    ----------
    name : str
        What people call it; its log is ``name.log``.
    command : sequence of str
        Holds no secret: everyone can read it.
    environment : mapping
        Added to this process's own.
    health : str
        An address that answers while the part works; empty where there is none.
    sign : Path, optional
        A file that the part touches every second while it works. Where it has neither address nor
        file, its being alive must do.
    needs : str
        The name of a part that must be ready before this one starts; empty for none.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    health: str = ""
    sign: Path | None = None
    needs: str = ""


class Running:
    """A part with the process that it is in now.

    Parameters
    ----------
    log
        Gets what the process says, each line with its time.
    cwd
        Where the process runs.
    executor
        Where its health is asked for.
    every, patience
        See `kantor.service.health.Health`.
    """

    def __init__(
        self,
        part: Part,
        log: Path,
        cwd: Path,
        executor: Executor,
        every: float = EVERY,
        patience: float = PATIENCE,
    ) -> None:
        self.part, self.log, self.cwd = part, log, cwd
        self.failures = self.starts = 0
        self.next_start = self.started = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self._writers: list[subprocess.Popen[bytes]] = []
        self._new_health = partial(Health, part.health, part.sign, executor, every, patience)
        self._health: Health | None = None
        self._said: int | None = None  # what the process says is read from here
        self._begin, self._killed = 0, ""
        self._fault, self._fault_at = "", 0.0
        self._state = State(part.name, "starting", time.time())

    def start(self) -> None:
        """Start the process, in a session of its own: Ctrl-C is for the one that watches."""
        self.started = time.monotonic()
        self.starts += 1
        self._killed = ""
        self._begin = self.log.stat().st_size if self.log.exists() else 0
        self._health = self._new_health()
        self._close()
        self._said, end = os.pipe()
        self._write_log()
        try:
            self.process = subprocess.Popen(
                self.part.command,
                cwd=self.cwd,
                env={**os.environ, **self.part.environment},
                stdin=subprocess.DEVNULL,
                stdout=end,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=cleanup.end_with_parent,
            )
        finally:
            os.close(end)

    def _write_log(self) -> None:
        self._writers = [one for one in self._writers if one.poll() is None]
        command = [sys.executable, "-I", "-S", logs.__file__, str(self.log)]
        writer = subprocess.Popen(
            command,
            env={**os.environ, **self.part.environment},
            stdin=self._said,
            start_new_session=True,
        )
        self._writers.append(writer)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether the process runs and has answered."""
        return self.alive and self._health is not None and self._health.ready

    def look(self) -> str | None:
        """See how it is; why it ended, if it has, and is to be started again.

        One that hangs is killed, and has ended at one of the next looks.
        """
        if self.process is None or self._health is None:
            return None
        if not self.alive:
            return self._ended(self.process.returncode)
        if self._writers[-1].poll() is not None:
            self._write_log()
        self._health.look()
        if fault := self._health.fault:
            self._killed = f"{fault} and was killed"
            self.process.kill()
        return None

    def _ended(self, code: int) -> str:
        """Count an end; why it was."""
        how = f"exit code {code}): " if code >= 0 else f"signal {-code}); its log ends: "
        fault = self._killed or f"ended ({how}{self.last_words()}"
        if self._health and self._health.ready and time.monotonic() - self.started > _STEADY:
            self.failures = 0
        self.failures += 1
        self.next_start = time.monotonic() + self.pause
        self.process = None
        self._fault, self._fault_at = fault, time.time()
        return fault

    @property
    def pause(self) -> float:
        """Seconds after which to start again: the more, the more often it did not come to run."""
        return min(_LONGEST_PAUSE, 0.5 * 2.0 ** (self.failures - 1))

    @property
    def state(self) -> State:
        """How it is now."""
        what: What
        if not self.alive and self.starts:
            what = "down"
        elif self._health is None or not self._health.ready:
            what = "starting"
        else:
            what = "silent" if self._health.misses else "running"
        since = self._state.since if what == self._state.what else time.time()
        restarts = max(0, self.starts - 1)
        self._state = State(self.part.name, what, since, restarts, self._fault, self._fault_at)
        return self._state

    def last_words(self) -> str:
        """The last line that says anything of what this process said."""
        self._wait_for_log(1.0)
        return logs.last_words(self.log, self._begin)

    def _wait_for_log(self, seconds: float) -> None:
        """Until all is written; no longer, as a child that lives on may have more to say."""
        ends = time.monotonic() + seconds
        while self._writers and self._writers[-1].poll() is None and time.monotonic() < ends:
            time.sleep(0.02)

    def end(self, seconds: float) -> None:
        """Wait for the process to end, and kill it if it does not within so many seconds."""
        if self.process is not None:
            try:
                self.process.wait(max(0.0, seconds))
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._close()
        self._wait_for_log(1.0)
        for writer in self._writers:  # kept from its end by a child that lives on
            writer.kill()
            writer.wait()

    def ask_to_end(self) -> None:
        """Send SIGTERM, if it runs."""
        if self.process is not None and self.alive:
            self.process.send_signal(signal.SIGTERM)

    def _close(self) -> None:
        if self._said is not None:
            os.close(self._said)
            self._said = None
