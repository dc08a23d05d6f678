"""The dispatcher hands chunks of jobs to workers, and takes back what they made of them.

Anything with a method ``submit(chunk)`` whose answer has a ``result()`` is an engine for it: the
processes of this machine, or Prefect's tasks (``flows/batch_compose.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from kantor.batch.jobs import FEW, Chunk, Common, Job, Result
from kantor.batch.worker import compose_chunk
from kantor.processes import BATCH, Died, Workers

DIED = "composing it ended the process that did; see whether it is too long, or memory too short"
_BYTES = 64_000_000  # of uploads that wait at most before they are handed out

Results = tuple[Result, ...]
"""One a job of a chunk, in their order."""


class Pending(Protocol):
    """A chunk that is worked on."""

    def result(self) -> Results:
        """Wait for it."""


class Engine(Protocol):
    """Takes chunks and works on several at once."""

    def submit(self, chunk: Chunk) -> Pending:
        """Take a chunk."""


class Here:
    """This very process: for a few melodies, and for tests."""

    def submit(self, chunk: Chunk) -> Pending:
        """Work on it at once."""
        future: Future[Results] = Future()
        future.set_result(compose_chunk(chunk))
        return future


class Processes:
    """Worker processes, each on one core.

    A chunk that ends its worker twice is halved, until the melody that does it is alone.
    """

    def __init__(self, workers: Workers) -> None:
        self.workers = workers

    def submit(self, chunk: Chunk) -> Pending:
        """Hand a chunk to the next free worker."""
        return _Call(self, chunk)


class _Call:
    """A chunk that a worker works on."""

    def __init__(self, engine: Processes, chunk: Chunk) -> None:
        self._engine, self._chunk = engine, chunk
        self._call = engine.workers.submit(compose_chunk, chunk)

    def result(self) -> Results:
        jobs = self._chunk.jobs
        try:
            results: Results = self._call.result()
            return results
        except Died:
            if len(jobs) == 1:
                return (Result(jobs[0].key, DIED, failed=True),)
        half = len(jobs) // 2
        parts = [replace(self._chunk, jobs=some) for some in (jobs[:half], jobs[half:])]
        return tuple(result for part in parts for result in self._engine.submit(part).result())


@contextmanager
def processes(count: int) -> Iterator[Processes]:
    """Worker processes for as long as this lasts; an error or Ctrl-C ends them at once."""
    workers = Workers(count, BATCH)
    try:
        yield Processes(workers)
    except BaseException:
        workers.close(wait=False)
        raise
    workers.close()


class Dispatcher:
    """Hands jobs to an engine's workers as they come, and takes chunks back, the oldest first.

    Parameters
    ----------
    workers : int
    most : int
        Jobs in a chunk.
    """

    def __init__(self, engine: Engine, common: Common, workers: int, most: int) -> None:
        self._engine, self._common = engine, common
        self._workers, self._most = workers, most
        self._jobs: list[Job] = []
        self._bytes = 0
        self._has_begun = False
        self._under_way: deque[tuple[Chunk, Pending]] = deque()

    def add(self, job: Job) -> Iterator[tuple[Chunk, Results]]:
        """Take a job; hand out what is enough for all workers, at first a few melodies each.

        As much is kept back, so that the last melodies can be handed out in small chunks. Where
        two chunks a worker are under way the oldest are waited for: go through all that come back.
        """
        self._jobs.append(job)
        self._bytes += len(job.upload.data)
        now, kept = self._workers * self._most, self._workers * self._most
        if not self._has_begun:
            now, kept = min(now, self._workers * FEW), 0
        if len(self._jobs) >= now + kept or self._bytes >= _BYTES:
            jobs, self._jobs = self._jobs[:now], self._jobs[now:]
            self._bytes = sum(len(job.upload.data) for job in self._jobs)
            self._submit(jobs)
        yield from self._back(2 * self._workers)

    def rest(self) -> Iterator[tuple[Chunk, Results]]:
        """Hand out what is left, and wait for all that is under way."""
        self._submit(self._jobs)
        yield from self._back(0)

    def _submit(self, jobs: list[Job]) -> None:
        self._has_begun = True
        for share in shares(jobs, self._workers, self._most):
            chunk = Chunk(self._common, share)
            self._under_way.append((chunk, self._engine.submit(chunk)))

    def _back(self, under_way: int) -> Iterator[tuple[Chunk, Results]]:
        """The oldest chunks, until so many are under way."""
        while len(self._under_way) > under_way:
            chunk, pending = self._under_way.popleft()
            yield chunk, pending.result()


def shares(jobs: Sequence[Job], workers: int, most: int) -> Iterator[tuple[Job, ...]]:
    """Jobs in ever smaller shares, so that all workers end at about the same time.

    Large ones come first and together: a run of the model takes as long as its longest melody.
    No share is smaller than `FEW`, unless there is less than that for each worker.

    Parameters
    ----------
    most
        Jobs in a share.
    """
    left = deque(sorted(jobs, key=lambda job: -len(job.upload.data)))
    size = sum(len(job.upload.data) for job in left)
    few = min(FEW, -(-len(left) // workers))
    while left:
        share: list[Job] = []
        enough, held = size / (1.5 * workers), 0
        while left and len(share) < most and (held < enough or len(share) < few):
            share.append(left.popleft())
            held += len(share[-1].upload.data)
        size -= held
        yield tuple(share)
