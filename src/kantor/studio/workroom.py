"""A process beside the server that does one thing after another, such as engraving.

What it works on blocks nobody else, and what ends it ends no server. It begins when there is
something to do, and ends when there was nothing for a while, so that its memory comes back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from kantor.processes import Died, Workers
from kantor.studio.problems import Problem

T = TypeVar("T")

MOST_WAITING = 24
_BEGIN = 5.0  # seconds in which a process begins


def end_at_once(workers: Workers) -> None:
    """End processes and what they work on; one that is just beginning, as soon as it has."""
    has_begun = workers.lock.acquire(timeout=_BEGIN)  # before, it would not hear of it
    workers.close(wait=False)
    if has_begun:
        workers.lock.release()


class Workroom:
    """A process that calls functions.

    Parameters
    ----------
    name : str
        What is done there, for messages: "engraving".
    module : str
        What it needs, named in full.
    limit : float
        Seconds that a call may take.
    idle : float
        Seconds without a call after which the process ends.
    """

    def __init__(self, name: str, module: str, limit: float, idle: float = 90.0) -> None:
        self._name, self._module, self._limit, self._after = name, module, limit, idle
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._workers: Workers | None = None
        self._idle: threading.Timer | None = None
        self._waiting = 0
        self._closed = False

    async def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """What a function answers over there; all of it must be possible to pickle.

        Raises
        ------
        Problem
            429 where too many wait; 503 where it took too long or ended the process.
        """
        if self._waiting >= MOST_WAITING:
            raise Problem(429, f"{self._name}: many others wait for it; try again in a moment")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._call, function, arguments)
        finally:
            self._waiting -= 1

    def _call(self, function: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        if self._idle:
            self._idle.cancel()
        if self._closed:
            raise Problem(503, "Studio is ending")
        workers = self._workers = self._workers or Workers(1, self._module)
        killed = threading.Event()

        def kill() -> None:
            killed.set()
            workers.close(wait=False)

        late = threading.Timer(self._limit, kill)
        late.daemon = True
        late.start()
        try:
            return workers.submit(function, *arguments).result()  # type: ignore[no-any-return]
        except Died:
            self._workers = None
            if not killed.is_set():
                workers.close(wait=False)
            why = f"took over {self._limit:.0f} s" if killed.is_set() else "ended its process"
            raise Problem(503, f"{self._name} {why}; shorten the piece, or try again") from None
        finally:
            late.cancel()
            self._rest()

    def _rest(self) -> None:
        """End the process soon, unless something is to be done."""
        self._idle = threading.Timer(self._after, self._end_if_idle)
        self._idle.daemon = True
        self._idle.start()

    def _end_if_idle(self) -> None:
        if not self._closed:
            self._thread.submit(self._end)

    def _end(self) -> None:
        workers, self._workers = self._workers, None
        if workers:
            end_at_once(workers)

    def close(self) -> None:
        """End it; what it works on is dropped."""
        self._closed = True
        if self._idle:
            self._idle.cancel()
        self._end()
        self._thread.shutdown(cancel_futures=True)
