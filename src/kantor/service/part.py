"""A part of the service: a process that is kept running, with its log and its health."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kantor.service import cleanup, logs
from kantor.service.state import EVERY, PATIENCE, Health, State

_STEADY = 5.0  # seconds after which a process that became ready counts as one that runs
_LONGEST_PAUSE = 30.0  # seconds
_LAST_WORDS = 1.0  # seconds for which the end of a log is waited for


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
    every, patience
        See `kantor.service.state.Health`.
    """

    def __init__(
        self, part: Part, log: Path, cwd: Path, every: float = EVERY, patience: float = PATIENCE
    ) -> None:
        self.part, self.log, self.cwd = part, log, cwd
        self.failures = self.starts = 0
        self.next_start = self.started = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self.health: Health | None = None
        self._every, self._patience = every, patience
        self._writers: list[subprocess.Popen[bytes]] = []
        self._output: int | None = None  # the end of a pipe: what the process says is read here
        self._log_begin, self._killed = 0, ""
        self._fault, self._fault_at = "", 0.0
        self._state = State(part.name, "starting", time.time())

    def start(self) -> None:
        """Start the process, in a session of its own: Ctrl-C is for the one that watches."""
        self.started = time.monotonic()
        self.starts += 1
        self._killed = ""
        self._log_begin = self.log.stat().st_size if self.log.exists() else 0
        self._close()
        self.health = Health(self.part.health, self.part.sign, self._every, self._patience)
        self._output, end = os.pipe()
        self._start_writer()
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

    def _start_writer(self) -> None:
        self._writers = [one for one in self._writers if one.poll() is None]
        writer = subprocess.Popen(
            [sys.executable, "-I", "-S", logs.__file__, str(self.log)],
            env={**os.environ, **self.part.environment},
            stdin=self._output,
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
        return self.alive and self.health is not None and self.health.ready

    def look(self) -> str | None:
        """See how it is; why it ended, if it has, and is to be started again.

        One that hangs is killed, and has ended at one of the next looks.
        """
        if self.process is None or self.health is None:
            return None
        if not self.alive:
            return self._ended(self.process.returncode, self.health.ready)
        if self._writers[-1].poll() is not None:
            self._start_writer()
        if fault := self.health.fault:
            self._killed = f"{fault} and was killed"
            self.process.kill()
        return None

    def _ended(self, code: int, was_ready: bool) -> str:
        """Count an end; why it was."""
        how = f"exit code {code}): " if code >= 0 else f"signal {-code}); its log ends: "
        if was_ready and time.monotonic() - self.started > _STEADY:
            self.failures = 0
        self.failures += 1
        self.next_start = time.monotonic() + self.pause
        self.process = None
        self._wait_for_log()
        last_words = logs.last_words(self.log, self._log_begin)
        self._fault, self._fault_at = self._killed or f"ended ({how}{last_words}", time.time()
        return self._fault

    @property
    def pause(self) -> float:
        """Seconds after which to start again: the more, the more often it did not come to run."""
        return min(_LONGEST_PAUSE, 0.5 * 2.0 ** (self.failures - 1))

    @property
    def state(self) -> State:
        """How it is now."""
        what = self._state.what
        if not self.alive and self.starts:
            what = "down"
        elif self.health is None or not self.health.ready:
            what = "starting"
        else:
            what = "silent" if self.health.misses else "running"
        since = self._state.since if what == self._state.what else time.time()
        restarts = max(0, self.starts - 1)
        self._state = State(self.part.name, what, since, restarts, self._fault, self._fault_at)
        return self._state

    def _wait_for_log(self) -> None:
        """Until all is written; no longer, as a child that lives on may have more to say."""
        ends = time.monotonic() + _LAST_WORDS
        while self._writers and self._writers[-1].poll() is None and time.monotonic() < ends:
            time.sleep(0.02)

    def ask_to_end(self) -> None:
        """Send SIGTERM, if it runs."""
        if self.process is not None and self.alive:
            self.process.send_signal(signal.SIGTERM)

    def end(self, seconds: float) -> None:
        """Wait for the process to end, and kill it if it does not within so many seconds."""
        if self.process is not None:
            try:
                self.process.wait(max(0.0, seconds))
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._close()
        self._wait_for_log()
        for writer in self._writers:  # kept from its end by a child that lives on
            writer.kill()
            writer.wait()

    def _close(self) -> None:
        if self.health is not None:
            self.health.stop()
        if self._output is not None:
            os.close(self._output)
            self._output = None
