"""Whether processes live, as ``/proc`` tells."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path


def descendants(pid: int) -> set[int]:
    """All that a process started, and what that started."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | descendants(child)
    return found


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def left(pids: Iterable[int], seconds: float = 20.0) -> set[int]:
    """Those that still live when the others have ended, or after so many seconds."""
    until = time.monotonic() + seconds
    while (found := set(filter(lives, pids))) and time.monotonic() < until:
        time.sleep(0.05)
    return found
