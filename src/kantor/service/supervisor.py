"""Keep a few processes running: start, watch, start again, end all of them together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from kantor.errors import SetupError
from kantor.service import state
from kantor.service.part import Part, Running
from kantor.service.state import EVERY, PATIENCE, State

_PAUSE = 0.2  # seconds from one look to the next while parts start
_ROUND = 1.0  # the same, once all parts are ready
_ENDING = 10.0  # seconds in which the parts must end before they are killed


class Supervisor:
    """Keeps `parts` running, started in the order given, until `stop`.

    Parameters
    ----------
    folder
        Where it writes the parts' logs and, whenever that changes, how they are.
    cwd
        Where the parts run.
    say
        Gets one line for whatever a person should know.
    patience
        Seconds in which everything must have become ready the first time, and each part whenever
        it is started again.
    every
        Seconds between two questions for a part's health, and for which its answer is waited for.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        folder: Path,
        cwd: Path,
        say: Callable[[str], object] = print,
        patience: float = PATIENCE,
        every: float = EVERY,
    ) -> None:
        logs = folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.running = [
            Running(part, logs / f"{part.name}.log", cwd, every, patience) for part in parts
        ]
        self.say, self.patience, self.states = say, patience, folder / state.FILE
        self.stopping = threading.Event()
        self._written: list[State] = []
        self._faults: dict[str, str] = {}  # what was said of parts that do not run yet again

    def stop(self, *_: object) -> None:
        """End `run`; may be called from a signal handler, twice as well."""
        self.stopping.set()

    def run(self, ready: Callable[[], object], also: Callable[[], object] = lambda: None) -> None:
        """Start all parts, call `ready` when they are, and keep them running until `stop`.

        Parameters
        ----------
        also
            Called every second from then on.

        Raises
        ------
        SetupError
            If a part does not become ready the first time. What is ready once is started again
            whenever it ends or hangs, for as long as it takes.
        """
        try:
            if self._first_start():
                ready()
            while not self.stopping.is_set():
                self._look_after()
                also()
                self.stopping.wait(_ROUND)
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
                    why = self._faults[part.part.name]
                    raise SetupError(f"{part.part.name} {why}; see {part.log}")
            if time.monotonic() > ends:
                late = [part.part.name for part in self.running if not part.ready]
                raise SetupError(f"{', '.join(late)}: not ready after {self.patience:.0f} s")
            self.stopping.wait(_PAUSE)
        return False

    def _look_after(self) -> None:
        """One round: start what is due; see what ended, what hangs and what became ready."""
        ready = {part.part.name for part in self.running if part.ready}
        for part in self.running:
            name = part.part.name
            if fault := part.look():
                if self._faults.get(name) != fault:  # the same cause again is said once
                    self.say(f"{name} {fault}; starting it again")
                self._faults[name] = fault
            due = part.process is None and time.monotonic() >= part.next_start
            if due and (not part.part.needs or part.part.needs in ready):
                part.start()
            if part.ready and self._faults.pop(name, ""):
                self.say(f"{name} is running again")
        states = [part.state for part in self.running]
        if states != self._written:
            self._written = states
            with suppress(OSError):  # a full disk must not end the service
                state.write(self.states, states)

    def _end(self) -> None:
        """Ask the parts to end, the last first; kill those that do not within some seconds."""
        for part in reversed(self.running):
            part.ask_to_end()
        ends = time.monotonic() + _ENDING
        for part in reversed(self.running):
            part.end(ends - time.monotonic())
