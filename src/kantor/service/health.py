"""Whether a process still works: asked in the background, so that one that hangs delays nobody."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from concurrent.futures import Executor, Future
from http.client import HTTPException
from pathlib import Path

EVERY = 10.0  # seconds between two questions, and for which an answer is waited for
MISSES = 3  # answers missing in a row after which a process counts as hanging
PATIENCE = 180.0  # seconds in which a process must have become ready
_SOON = 0.3  # seconds between two questions while a process starts
# A proxy that the environment names knows nothing of this machine's own servers.
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Health:
    """The health of one process, from its start on.

    While it starts it may take its time: missing answers count from its first one on.

    Parameters
    ----------
    address
        A URL that answers while the process works; empty where there is none.
    sign
        A file that the process touches at least every second while it works. Times are compared
        with each other, never with the clock, which may be set.
    executor
        Where it is waited for answers.
    every
        Seconds between two questions, and for which an answer is waited for.
    patience
        Seconds in which the first answer must have come.
    """

    def __init__(
        self,
        address: str,
        sign: Path | None,
        executor: Executor,
        every: float = EVERY,
        patience: float = PATIENCE,
    ) -> None:
        self.address, self.every, self.patience = address, every, patience
        self.ready, self.misses = False, 0
        self._executor, self._began = executor, time.monotonic()
        self._sign, self._touched = sign, _touched(sign)
        self._answer: Future[bool] | None = None
        self._next = 0.0

    @property
    def fault(self) -> str:
        """Why the process is to be started again; empty where it is not."""
        if self.misses >= MISSES:
            return f"gave no answer for {self.misses * self.every:.0f} s"
        if not self.ready and time.monotonic() - self._began > self.patience:
            return f"was not ready after {self.patience:.0f} s"
        return ""

    def look(self) -> None:
        """Take the answer if there is one, and ask again if that is due; this does not wait."""
        if self._answer is not None and self._answer.done():
            self._take(self._answer.result())
            self._answer = None
        if self._answer is None and time.monotonic() >= self._next:
            self._next = time.monotonic() + (self.every if self.ready else _SOON)
            self._answer = self._executor.submit(self._ask)

    def _take(self, well: bool) -> None:
        if well:
            self.ready, self.misses = True, 0
        elif self.ready:
            self.misses += 1

    def _ask(self) -> bool:
        if self._sign is not None:
            before, self._touched = self._touched, _touched(self._sign)
            return self._touched != before
        return not self.address or answers(self.address, self.every)


def answers(address: str, seconds: float) -> bool:
    """Whether a server answers at `address` within so many seconds, and has no fault of its own."""
    try:
        with _DIRECTLY.open(address, timeout=seconds):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, HTTPException):
        return False


def _touched(sign: Path | None) -> int | None:
    """When a file was last touched, in nanoseconds; None where there is none."""
    try:
        return None if sign is None else sign.stat().st_mtime_ns
    except OSError:
        return None
