"""What ends a training from outside: signals, the death of what started it, another training."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kantor.errors import InputError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TrainingStopped(Exception):
    """The training was asked to stop and did so; its checkpoint is complete."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


class Signals:
    """The signals that arrived so far."""

    def __init__(self) -> None:
        self._caught: list[int] = []
        # DVC dies of a SIGTERM of its own and leaves its stages running.
        self._parent = os.getppid() if "DVC_STAGE" in os.environ else None

    def note(self, number: int, _frame: object) -> None:
        """Handle a signal."""
        self._caught.append(number)

    @property
    def first(self) -> int | None:
        """The one that arrived first; SIGTERM where DVC, which started this process, is gone."""
        if self._parent and os.getppid() != self._parent:
            self._caught.append(signal.SIGTERM)
        return self._caught[0] if self._caught else None


@contextmanager
def caught() -> Iterator[Signals]:
    """Collect SIGINT and SIGTERM instead of dying of them."""
    signals = Signals()
    before = [signal.signal(number, signals.note) for number in SIGNALS]
    try:
        yield signals
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Refuse to train beside another process that trains on the same checkpoints."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                f"{folder}: another training is at work here; wait for it or stop it"
            ) from None
        yield
