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

from kantor.files import save

STATES = "service.json"  # in the folder of the service's state
EVERY = 10.0  # seconds between two questions, and for which an answer is waited for
MISSES = 3  # answers missing in a row after which a process counts as hanging
PATIENCE = 180.0  # seconds in which a process must have become ready
_SOON = 0.3  # seconds between two questions while a process starts
# A proxy that the environment names knows nothing of this machine's own servers.
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class State:
    """How a part is: ``starting``, ``running``, ``silent`` (an answer is missing) or ``down``.

    `since` and `fault_at` are times in seconds since 1970. `restarts` counts how often it was
    started again; `fault` is why it had to be, the last time.
    """

    name: str
    what: str
    since: float
    restarts: int = 0
    fault: str = ""
    fault_at: float = 0.0


def write_states(path: Path, states: Sequence[State]) -> None:
    """Write the states down, whole or not at all; raises `OSError` if the disk refuses."""
    text = json.dumps([asdict(one) for one in states], indent=1).encode()
    save(path, lambda stream: stream.write(text))


def read_states(path: Path) -> list[State]:
    """What was written; nothing where there is nothing that can be read."""
    try:
        return [State(**one) for one in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError):
        return []


class Health:
    """Asks a process in the background whether it works, from its start until `stop`.

    While the process starts it may take its time: missing answers count from its first one on. The
    times of its sign are compared with each other, never with the clock, which may be set.
    """

    def __init__(self, address: str, sign: Path | None) -> None:
        self.ready, self.misses = False, 0
        self._address, self._sign = address, sign
        self._touched, self._began = _touched(sign), time.monotonic()
        self._stopped = threading.Event()
        self.stop = self._stopped.set
        threading.Thread(target=self._watch, daemon=True, name="health").start()

    @property
    def fault(self) -> str:
        """Why the process is to be started again; empty where it is not."""
        if self.misses >= MISSES:
            return f"gave no answer for {self.misses * EVERY:.0f} s"
        if not self.ready and time.monotonic() - self._began > PATIENCE:
            return f"was not ready after {PATIENCE:.0f} s"
        return ""

    def _watch(self) -> None:
        while not self._stopped.is_set():
            if self._works():
                self.ready, self.misses = True, 0
            elif self.ready:
                self.misses += 1
            self._stopped.wait(EVERY if self.ready else _SOON)

    def _works(self) -> bool:
        """Whether it touched its sign, or answers in time and has no fault of its own."""
        if self._sign is not None:
            before, self._touched = self._touched, _touched(self._sign)
            return self._touched != before
        try:
            if self._address:
                _DIRECTLY.open(self._address, timeout=EVERY).close()
        except urllib.error.HTTPError as error:
            return error.code < 500
        except (OSError, HTTPException):
            return False
        return True


def _touched(sign: Path | None) -> int | None:
    """When a file was last touched, in nanoseconds; None where there is none."""
    try:
        return None if sign is None else sign.stat().st_mtime_ns
    except OSError:
        return None
