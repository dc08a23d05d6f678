"""A clone of the repository with `make serve` running in it, on ports of its own."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from clone import ROOT, Clone, Process

from kantor.locks import STATE
from kantor.service import state
from kantor.service.state import State

PATIENCE = 300.0
_PORTS = ("KANTOR_PORT", "KANTOR_PREFECT_PORT", "KANTOR_MLFLOW_PORT")


@dataclass(frozen=True)
class Served:
    """The service, with what it says in the terminal."""

    clone: Clone
    process: Process
    said: Path
    front: str

    @property
    def states(self) -> dict[str, State]:
        """How each part is."""
        found = state.read(self.clone.root / STATE / state.FILE)
        return {one.name: one for one in found}

    def page(self) -> str:
        """The front page."""
        return httpx.get(self.front, timeout=30).text

    def process_of(self, part: str) -> int:
        """The number of the process of a part: a child of the service, by its command."""
        words = {"prefect": "prefect_server.py", "mlflow": "kantor.service.mlflow_server"}
        words |= {"front": "kantor.service.front", "flows": "deployments.py"}
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        for child in Path(children).read_text().split():
            if words[part] in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
        raise RuntimeError(f"{part} does not run")


def copy(root: Path) -> Clone:
    """A clone of the last commit, nothing built."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
    return Clone(root)


def start(clone: Clone, said: Path) -> tuple[Process, str]:
    """Start the service; it, and the address of its front page."""
    ports = {}
    with contextlib.ExitStack() as stack:
        for name in _PORTS:
            free = stack.enter_context(socket.socket())
            free.bind(("127.0.0.1", 0))
            ports[name] = str(free.getsockname()[1])
    process = clone.start(sys.executable, "flows/serve.py", said=said, **ports)
    return process, f"http://127.0.0.1:{ports['KANTOR_PORT']}/"


@contextlib.contextmanager
def served(clone: Clone, said: Path) -> Iterator[Served]:
    """The service, once it has said that it is ready."""
    process, front = start(clone, said)
    try:
        until(lambda: "Ctrl-C ends it" in said.read_text(), f"it does not start; see {said}")
        yield Served(clone, process, said, front)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        clone.kill(process)


def until(condition: Callable[[], object], failure: str, seconds: float = PATIENCE) -> float:
    """Wait for a condition; after how many seconds it held.

    Raises
    ------
    RuntimeError
        If it does not hold in time.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise RuntimeError(failure)
        time.sleep(0.1)
    return time.monotonic() - began
