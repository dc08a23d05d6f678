"""How a part of the service is: whether it answers, and what is written down for the front page."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Literal

from kantor.files import save

FILE = "service.json"  # in the folder of the service's state
EVERY = 10.0  # seconds between two questions, and for which an answer is waited for
MISSES = 3  # answers missing in a row after which a process counts as hanging
PATIENCE = 180.0  # seconds in which a process must have become ready
_SOON = 0.3  # seconds between two questions while a process starts
# A proxy that the environment names knows nothing of this machine's own servers.
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class State:
    """How a part is.

    Attributes
    ----------
    name : str
    what : str
        ``starting``, ``running``, ``silent`` (an answer is missing) or ``down`` (it will be started
        again).
    since : float
        Since when, in seconds since 1970.
    restarts : int
        How often it was started again.
    fault : str
        Why it had to be, the last time; empty where it had not.
    fault_at : float
        When that was, in seconds since 1970.
    """

    name: str
    what: Literal["starting", "running", "silent", "down"]
    since: float
    restarts: int = 0
    fault: str = ""
    fault_at: float = 0.0


def write(path: Path, states: Sequence[State]) -> None:
    """Write the states down, whole or not at all.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    text = json.dumps([asdict(one) for one in states], indent=1).encode()
    save(path, lambda stream: stream.write(text))


def read(path: Path) -> list[State]:
    """What was written; nothing where there is nothing that can be read."""
    try:
        return [State(**one) for one in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError):
        return []


class Health:
    """Asks a process in the background whether it works, from its start until `stop`.

    While the process starts it may take its time: missing answers count from its first one on.

    Parameters
    ----------
    address
        A URL that answers while the process works; empty where there is none.
    sign
        A file that the process touches at least every second while it works. Times are compared
        with each other, never with the clock, which may be set.
    every
        Seconds between two questions, and for which an answer is waited for.
    patience
        Seconds in which the first answer must have come.
    """

    def __init__(
        self, address: str, sign: Path | None, every: float = EVERY, patience: float = PATIENCE
    ) -> None:
        self.address, self.every, self.patience = address, every, patience
        self.ready, self.misses = False, 0
        self._sign, self._touched, self._began = sign, _touched(sign), time.monotonic()
        self._stopped = threading.Event()
        self.stop = self._stopped.set
        threading.Thread(target=self._watch, daemon=True, name="health").start()

    @property
    def fault(self) -> str:
        """Why the process is to be started again; empty where it is not."""
        if self.misses >= MISSES:
            return f"gave no answer for {self.misses * self.every:.0f} s"
        if not self.ready and time.monotonic() - self._began > self.patience:
            return f"was not ready after {self.patience:.0f} s"
        return ""

    def _watch(self) -> None:
        while not self._stopped.is_set():
            if self._works():
                self.ready, self.misses = True, 0
            elif self.ready:
                self.misses += 1
            self._stopped.wait(self.every if self.ready else _SOON)

    def _works(self) -> bool:
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
