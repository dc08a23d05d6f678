"""Where chunks are worked on: processes of this machine, which may die on the way.

Anything with a method ``submit(chunk)`` that answers with something that has ``result()`` is an
engine; Prefect's tasks are one (``flows/batch_compose.py``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from kantor import ending, forking
from kantor.batch.chunks import Chunk, Done, Made
from kantor.batch.work import compose_chunk

DIED = "composing it ended the process that did; see whether it is too long, or memory too short"


class Pending(Protocol):
    """A chunk that is worked on."""

    def result(self) -> Done:
        """Wait for it."""


class Engine(Protocol):
    """Takes chunks and works on several at once."""

    def submit(self, chunk: Chunk) -> Pending:
        """Take a chunk."""


class Processes:
    """Worker processes, each on one core.

    A worker that dies takes those beside it along. Their chunks are worked on again, one at a
    time; one that ends its worker even then is halved until the melody that does it is alone.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = _pool(workers)
        self._age = 0
        self._lock = threading.RLock()

    def submit(self, chunk: Chunk) -> Pending:
        """Hand a chunk to the next free worker."""
        with self._lock:
            return _Flight(self, chunk, self._start(chunk), self._age)

    def again(self, chunk: Chunk, age: int) -> Done:
        """Work on a chunk whose pool is gone, on nothing else beside it."""
        with self._lock:
            return self._alone(chunk, age)

    def _alone(self, chunk: Chunk, age: int) -> Done:
        self._renew(age)
        age = self._age
        try:
            return self._start(chunk).result()
        except BrokenProcessPool:
            self._renew(age)
        if len(chunk.jobs) == 1:
            return Done((Made(chunk.jobs[0].key, DIED, failed=True),))
        half = len(chunk.jobs) // 2
        parts = [
            self._alone(replace(chunk, jobs=jobs), self._age)
            for jobs in (chunk.jobs[:half], chunk.jobs[half:])
        ]
        return Done(
            tuple(made for part in parts for made in part.made),
            sum(part.seconds for part in parts),
            sum(part.model_seconds for part in parts),
        )

    def close(self, wait: bool = True) -> None:
        """End the workers; without waiting, what they work on is dropped."""
        if not wait:
            for process in list((self._pool._processes or {}).values()):
                process.kill()
        self._pool.shutdown(cancel_futures=True)

    def _renew(self, age: int) -> None:
        if age == self._age:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = _pool(self._workers)
            self._age += 1

    def _start(self, chunk: Chunk) -> Future[Done]:
        try:
            return self._pool.submit(compose_chunk, chunk)
        except BrokenProcessPool as error:
            broken: Future[Done] = Future()
            broken.set_exception(error)
            return broken


class _Flight:
    """A chunk under way in a pool of a certain age."""

    def __init__(self, engine: Processes, chunk: Chunk, future: Future[Done], age: int) -> None:
        self._engine, self._chunk, self._future, self._age = engine, chunk, future, age

    def result(self) -> Done:
        try:
            return self._future.result()
        except BrokenProcessPool:
            return self._engine.again(self._chunk, self._age)


class Here:
    """This very process: for a few melodies, and for tests."""

    def submit(self, chunk: Chunk) -> Pending:
        """Work on it at once."""
        future: Future[Done] = Future()
        future.set_result(compose_chunk(chunk))
        return future


@contextmanager
def processes(workers: int) -> Iterator[Processes]:
    """Worker processes for as long as this lasts; an error or Ctrl-C ends them at once."""
    engine = Processes(workers)
    try:
        yield engine
    except BaseException:
        engine.close(wait=False)
        raise
    engine.close()


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers, forking.context(forking.BATCH), initializer=ending.begin_worker
    )
