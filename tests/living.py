"""Python in processes of their own, and whether processes live."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]


def started(folder: Path, script: str, *arguments: object) -> subprocess.Popen[str]:
    """Python that runs a script of its own in `folder`, with this checkout's modules."""
    (folder / "script.py").write_text(script)
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    command = [sys.executable, str(folder / "script.py"), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)


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
