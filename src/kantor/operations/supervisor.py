"""Keep a few processes running: start, watch, start again, end all of them together."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kantor.operations import processes

LONGEST_LOG = 20_000_000  # bytes; a log is begun anew then
_STEADY = 5.0  # seconds after which a process that became ready counts as one that runs
_LONGEST_PAUSE = 30.0
_PAUSE = 0.2


class ServiceError(RuntimeError):
    """A service could not be started; the message says which, and the last line of its log."""


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
        An address that answers when the part is ready; empty where its being alive must do.
    needs : str
        The name of a part that must be ready before this one starts; empty for none.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    health: str = ""
    needs: str = ""


class Running:
    """A part with the process that it is in now."""

    def __init__(self, part: Part, log: Path, cwd: Path) -> None:
        self.part, self.log, self.cwd = part, log, cwd
        self.failures = 0
        self.next_start = 0.0
        self.started = 0.0
        self.ready = False
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, in a session of its own: Ctrl-C is for the one that watches."""
        self.started, self.ready = time.monotonic(), False
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.part.command,
                cwd=self.cwd,
                env={**os.environ, **self.part.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=processes.end_with_parent,
            )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def died(self) -> float:
        """Count a death; return after how many seconds to start again."""
        if self.ready and time.monotonic() - self.started > _STEADY:
            self.failures = 0
        self.failures += 1
        pause = min(_LONGEST_PAUSE, 0.5 * 2.0 ** (self.failures - 1))
        self.next_start = time.monotonic() + pause
        self.process, self.ready = None, False
        return pause

    def last_words(self) -> str:
        """The last line of the log that holds anything."""
        lines = (
            self.log.read_text(errors="replace")[-4000:].split("\n") if self.log.exists() else []
        )
        told = [line.strip() for line in lines if line.strip()]
        return told[-1][:300] if told else "it said nothing"


class Supervisor:
    """Keeps `parts` running in the order given until it is told to stop.

    Parameters
    ----------
    logs
        Folder for the parts' logs.
    cwd
        Where the parts run.
    say
        Told what a person should know.
    patience
        Seconds in which everything must have become ready the first time.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        logs: Path,
        cwd: Path,
        say: Callable[[str], object] = print,
        patience: float = 180.0,
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.running = [Running(part, logs / f"{part.name}.log", cwd) for part in parts]
        self.say, self.patience = say, patience
        self.stopping = threading.Event()

    def stop(self, *_: object) -> None:
        """End `run`; may be called from a signal handler, twice as well."""
        self.stopping.set()

    def run(self, ready: Callable[[], object]) -> None:
        """Start all parts, call `ready` when they are, and keep them running until `stop`.

        Raises
        ------
        ServiceError
            If a part does not become ready the first time. What is ready once is started again
            whenever it dies, for as long as it takes.
        """
        try:
            if self._first_start():
                ready()
            while not self.stopping.is_set():
                self._look_after()
                self.stopping.wait(1.0)
        finally:
            self._end()

    def _first_start(self) -> bool:
        ends = time.monotonic() + self.patience
        while not self.stopping.is_set():
            self._look_after()
            if all(part.ready for part in self.running):
                return True
            for part in self.running:
                if part.failures >= 2:
                    raise ServiceError(f"{part.part.name}: does not start: {part.last_words()}")
            if time.monotonic() > ends:
                late = [part.part.name for part in self.running if not part.ready]
                raise ServiceError(f"{', '.join(late)}: not ready after {self.patience:.0f} s")
            self.stopping.wait(_PAUSE)
        return False

    def _look_after(self) -> None:
        """One round: start what is due, notice who died and who became ready."""
        ready = {part.part.name for part in self.running if part.ready}
        for part in self.running:
            if part.process is not None and not part.alive:
                code = part.process.returncode
                pause = part.died()
                self.say(f"{part.part.name} ended ({code}); starting it again in {pause:g} s")
            due = part.process is None and time.monotonic() >= part.next_start
            if due and (not part.part.needs or part.part.needs in ready):
                part.start()
            if part.alive and not part.ready:
                part.ready = _answers(part.part.health)
            _shorten(part.log)

    def _end(self) -> None:
        """Ask the parts to end, the last first; kill those that do not within some seconds."""
        for part in reversed(self.running):
            if part.process is not None and part.alive:
                part.process.send_signal(signal.SIGTERM)
        ends = time.monotonic() + 10.0
        for part in reversed(self.running):
            if part.process is None:
                continue
            try:
                part.process.wait(max(0.0, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                part.process.kill()
                part.process.wait()


def _answers(address: str) -> bool:
    if not address:
        return True
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _shorten(log: Path) -> None:
    """Begin a log anew when it is long: the process that appends to it does not notice."""
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        os.truncate(log, 0)
