"""Processes that a service starts: they end with it, and none is left behind.

Conventions
-----------
Everything that a service starts carries two variables in its environment, and so does all that
is started by it in turn: `SERVICE`, the repository, and `BOOT`, one start of the service. So what
a killed service left behind is found without a list of process numbers. This reads ``/proc``;
where there is none (macOS), only direct children are ended.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

SERVICE = "KANTOR_SERVICE"
BOOT = "KANTOR_SERVICE_BOOT"
_PROC = Path("/proc")
_SET_PDEATHSIG = 1  # prctl(2)
# Found beforehand: between fork and exec nothing may wait for a lock that another thread held.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

Chosen = Callable[[Mapping[str, str]], bool]


def end_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it ends, even by kill -9."""
    if _PRCTL is not None:
        _PRCTL(_SET_PDEATHSIG, signal.SIGTERM)


def find(chosen: Chosen) -> list[int]:
    """Processes whose environment at their start was one that `chosen` says yes to.

    Neither this process nor what it was started by is among them.
    """
    family = set(_ancestors(os.getpid()))
    return [pid for pid, values in _environments() if pid not in family and chosen(values)]


def sweep(chosen: Chosen, seconds: float = 5.0) -> int:
    """Kill (-9) what `chosen` says yes to, until there is none.

    Work in Kantor stands being killed at any moment, and a process that could still report its
    end would have its work taken for failed instead of unfinished.

    Returns
    -------
    int
        How many processes were killed.
    """
    killed: set[int] = set()
    ends = time.monotonic() + seconds
    while (found := find(chosen)) and time.monotonic() < ends:
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
            killed.add(pid)
        time.sleep(0.02)
    return len(killed)


def environments() -> list[dict[str, str]]:
    """The environments, at their start, of all processes that may be read."""
    return [values for _, values in _environments()]


def _environments() -> Iterator[tuple[int, dict[str, str]]]:
    for folder in _PROC.glob("[0-9]*"):
        try:
            text = (folder / "environ").read_bytes()
        except OSError:  # ended meanwhile, or someone else's
            continue
        # A process that has ended but was not waited for has no environment any more.
        pairs = (entry.partition("=") for entry in text.decode(errors="replace").split("\0"))
        yield int(folder.name), {name: value for name, _, value in pairs if name}


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 0:
        yield pid
        try:
            status = (_PROC / str(pid) / "stat").read_text()
        except OSError:
            return
        pid = int(status.rpartition(")")[2].split()[1])
