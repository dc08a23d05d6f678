"""Worker processes: they call functions, end with the process they work for, and may die.

They are forked from a process that runs nothing else and has imported what they need. One forked
from here might stop dead, beside the threads that are here; one begun from nothing would import
everything again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from multiprocessing.process import BaseProcess
from typing import Any

BATCH = "kantor.batch.worker"
"""What a batch's workers need: named here, so that naming it imports none of it."""

ENDED = "its workers were ended"


class Died(RuntimeError):
    """A call ended the process that made it."""


class Workers:
    """Processes that call functions.

    One that dies takes those beside it along. Their calls are made again, one at a time, in new
    processes; one that ends its process even then fails with `Died`.

    Parameters
    ----------
    count : int
        How many there are; they start when they are first needed.
    module : str
        Named in full: what they need, imported once for all of them.
    begin : callable, optional
        Called first in each of them. It must be possible to pickle it.
    """

    def __init__(self, count: int, module: str, begin: Callable[[], Any] | None = None) -> None:
        self._arguments = count, _context(module), _begin_worker, (begin,)
        self.pool = ProcessPoolExecutor(*self._arguments)
        self.lock, self.closed = threading.RLock(), False

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Call:
        """Have a function called by the next worker that is free.

        Raises
        ------
        Died
            If the workers were ended.
        """
        return Call(self, function, *arguments)

    def renew(self, pool: ProcessPoolExecutor) -> None:
        """Replace these processes, if nobody has yet; what they work on is dropped."""
        with self.lock:
            if pool is self.pool and not self.closed:
                self._end(wait=False)
                self.pool = ProcessPoolExecutor(*self._arguments)

    def close(self, wait: bool = True) -> None:
        """End the workers; without waiting, what they work on is dropped, and fails with `Died`."""
        self.closed = True
        self._end(wait)

    def _end(self, wait: bool) -> None:
        if not wait:
            for process in list((self.pool._processes or {}).values()):
                process.kill()
        self.pool.shutdown(cancel_futures=True)


class Call:
    """A call under way."""

    def __init__(self, workers: Workers, *task: Any) -> None:
        self._workers, self._task = workers, task
        with workers.lock:
            self._future = self._begun()
            self._pool = workers.pool

    def _begun(self) -> Future[Any]:
        while True:
            try:
                return self._workers.pool.submit(*self._task)
            except RuntimeError as error:
                if self._workers.closed:
                    raise Died(ENDED) from None
                if not isinstance(error, BrokenProcessPool):
                    raise
                self._workers.renew(self._workers.pool)

    def result(self) -> Any:
        """Wait for what the function returns, or raise what it raises.

        Raises
        ------
        Died
            If it ended its process twice, the second time beside no other call made again; or if
            the workers were ended.
        """
        try:
            return self._future.result()
        except (BrokenProcessPool, CancelledError):
            self._workers.renew(self._pool)
        with self._workers.lock:
            if self._workers.closed:
                raise Died(ENDED)
            again = Call(self._workers, *self._task)
            try:
                return again._future.result()
            except (BrokenProcessPool, CancelledError):
                self._workers.renew(again._pool)
                raise Died("it ended the process that called it") from None


def begin(module: str) -> None:
    """Have `module` imported over there, while this process goes on to import its own."""
    _context(module)
    ensure_running()


def _context(module: str) -> ForkServerContext:
    """Where processes are forked that have imported `module`, and what that imports."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([module])
    return server


def _begin_worker(then: Callable[[], Any] | None) -> None:
    """Prepare a worker: it ends with the process that it works for, which alone heeds Ctrl-C.

    The kernel's own means (``PR_SET_PDEATHSIG``) will not do: a worker's parent is the process
    that forks, and a parent's thread that ends counts as the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_with, args=(parent,), daemon=True, name="end-with").start()
    if then:
        then()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
