"""Read many files in several processes, in order, surviving a file that ends its process."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice

from kantor import ending
from kantor.data import sources
from kantor.data.corpus import Refusal
from kantor.data.sources.task import Found, Task

_FEW = 32  # so few files are read sooner than a pool starts
_AHEAD = 8  # files handed out for each worker before the first of them is back
_LINE_SECONDS = 10.0  # between lines of progress where there is no terminal


def read_all(tasks: Sequence[Task], workers: int) -> Iterator[Found]:
    """What each of `tasks` finds, in their order."""
    if workers == 1 or len(tasks) <= _FEW:
        yield from map(sources.read, tasks)
        return
    waiting = iter(tasks)
    while True:
        with _pool(workers) as pool:
            try:
                suspects = yield from _until_broken(pool, waiting, _AHEAD * workers)
            finally:
                pool.shutdown(cancel_futures=True)
        if not suspects:
            return
        for task, future in suspects:
            found = _result(future)
            yield _read_alone(task) if found is None else found


def progress(results: Iterable[Found], total: int) -> Iterator[Found]:
    """Pass `results` on, with a bar on a terminal and a line now and then elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        console = Console(stderr=True)
        yield from track(results, "Reading scores", total, console=console, transient=True)
        return
    last = time.monotonic()
    for count, result in enumerate(results, 1):
        yield result
        if time.monotonic() - last > _LINE_SECONDS:
            last = time.monotonic()
            print(f"ingest: {count} of {total} files read", file=sys.stderr, flush=True)


def _until_broken(
    pool: ProcessPoolExecutor, waiting: Iterator[Task], ahead: int
) -> Generator[Found, None, list[tuple[Task, Future[Found]]]]:
    """Yield what tasks find; return those that were under way when a process died, if one did."""
    flying: deque[tuple[Task, Future[Found]]] = deque()
    while True:
        for task in islice(waiting, ahead - len(flying)):
            flying.append((task, _submitted(pool, task)))
        if not flying:
            return []
        found = _result(flying[0][1])
        if found is None:
            return list(flying)
        flying.popleft()
        yield found


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a fork beside the progress bar's thread may stop dead.
    return ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=ending.begin_worker
    )


def _submitted(pool: ProcessPoolExecutor, task: Task) -> Future[Found]:
    try:
        return pool.submit(sources.read, task)
    except BrokenProcessPool as error:
        future: Future[Found] = Future()
        future.set_exception(error)
        return future


def _result(future: Future[Found]) -> Found | None:
    """None where the process that read the file has died, or another's death took it along."""
    try:
        return future.result()
    except BrokenProcessPool:
        return None


def _read_alone(task: Task) -> Found:
    """Read in a process of its own, so that the file that ends it is known by name."""
    with _pool(1) as pool:
        found = _result(_submitted(pool, task))
    return [Refusal(str(task.path), "reading it ended the process")] if found is None else found
