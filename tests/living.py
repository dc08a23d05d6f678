"""Whether processes live."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil


def descendants(pid: int) -> set[int]:
    """All that a process started, and what that started."""
    return {one.pid for one in psutil.Process(pid).children(recursive=True)}


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def left(pids: Iterable[int], seconds: float = 20.0) -> set[int]:
    """Those that still live when the others have ended, or after so many seconds."""
    until = time.monotonic() + seconds
    while (alive := set(filter(lives, pids))) and time.monotonic() < until:
        time.sleep(0.05)
    return alive
