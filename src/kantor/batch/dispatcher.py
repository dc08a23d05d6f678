"""The dispatcher hands chunks of jobs to workers, and takes back what they made of them.

An *engine* has a method ``submit(chunk)`` whose answer has a ``result()``: the processes of this
machine, or Prefect's tasks (``flows/batch_compose.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from kantor.batch.jobs import Chunk, Common, Job, Result
from kantor.batch.worker import compose_chunk
from kantor.processes import BATCH, Call, Died, Workers

DIED = "composing it ended the process that did; see whether it is too long, or memory too short"
FEW = 32
"""Melodies of a chunk at least: fewer are not worth a run of the model."""
_BYTES = 64_000_000  # of uploads that wait at most before they are handed out

Results = tuple[Result, ...]
"""One for each job of a chunk, in their order."""


class Pending(Protocol):
    """A chunk that is worked on."""

    def result(self) -> Results:
        """Wait for it."""


class Engine(Protocol):
    """Takes chunks and works on several at once."""

    def submit(self, chunk: Chunk) -> Pending:
        """Take a chunk."""


class Here:
    """The engine that composes in this process: for a few melodies, and for tests."""

    def submit(self, chunk: Chunk) -> Pending:
        """Compose a chunk at once."""
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
        return _InProcess(self, chunk, self.workers.submit(compose_chunk, chunk))


class _InProcess:
    def __init__(self, engine: Processes, chunk: Chunk, call: Call) -> None:
        self._engine, self._chunk, self._call = engine, chunk, call

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


def dispatch(
    jobs: Iterable[Job], common: Common, engine: Engine, workers: int, most: int
) -> Iterator[tuple[Chunk, Results]]:
    """Hand jobs to an engine's workers as they come; yield the chunks back, the oldest first.

    At first each worker gets a few melodies, so that none waits; from then on all of them get
    full chunks, and as much is kept back, so that the last chunks can be small. At most two chunks
    for each worker are under way.

    Parameters
    ----------
    workers, most
        How many workers there are, and how many jobs a chunk has at most.
    """
    under_way: deque[tuple[Chunk, Pending]] = deque()
    waiting: list[Job] = []
    size, ready, kept = 0, workers * min(most, FEW), 0

    def submit(some: Sequence[Job]) -> None:
        for share in shares(some, workers, most):
            chunk = Chunk(common, share)
            under_way.append((chunk, engine.submit(chunk)))

    def oldest() -> tuple[Chunk, Results]:
        chunk, pending = under_way.popleft()
        return chunk, pending.result()

    for job in jobs:
        waiting.append(job)
        size += len(job.upload.data)
        if len(waiting) >= ready + kept or size >= _BYTES:
            submit(waiting[:ready])
            del waiting[:ready]
            size = sum(len(job.upload.data) for job in waiting)
            ready = kept = workers * most
        while len(under_way) > 2 * workers:
            yield oldest()
    submit(waiting)
    while under_way:
        yield oldest()


def shares(jobs: Sequence[Job], workers: int, most: int) -> Iterator[tuple[Job, ...]]:
    """Jobs in ever smaller shares of at most `most`, so that all workers end at about one time.

    Large ones come first and together: a run of the model takes as long as its longest melody.
    No share is smaller than `FEW`, unless there is less than that for each worker.
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
