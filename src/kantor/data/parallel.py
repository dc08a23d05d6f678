"""Read many files in several processes, in order, surviving a file that ends its process."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from kantor import processes
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
    pool = processes.Workers(workers, sources.__name__)
    waiting: deque[tuple[Task, processes.Call]] = deque()
    following = iter(tasks)
    try:
        while True:
            for task in islice(following, _AHEAD * workers - len(waiting)):
                waiting.append((task, pool.submit(sources.read, task)))
            if not waiting:
                return
            task, call = waiting.popleft()
            try:
                yield call.result()
            except processes.Died:
                yield [Refusal(str(task.path), "reading it ended the process")]
    finally:
        pool.close()


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
