"""The dispatcher hands chunks of jobs to workers, and takes back what they made of them.

What works on chunks is an *engine*: the processes of this machine, or Prefect's tasks
(``flows/batch_compose.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from kantor.batch.jobs import Chunk, Job, Result
from kantor.batch.worker import compose_chunk
from kantor.processes import BATCH, Call, Died, Workers

DIED = "composing it ended the process that did; see whether it is too long, or memory too short"
FEW = 32
"""Melodies of a chunk at least: fewer are not worth a run of the model."""
_BYTES = 64_000_000  # of uploads that wait at most before they are handed out

Results = tuple[Result, ...]
"""One for each job of a chunk, in their order."""


Engine = Callable[[Chunk], Callable[[], Results]]
"""Takes a chunk, and returns a function that waits for its results; several are under way."""


@contextmanager
def processes(count: int) -> Iterator[Engine]:
    """Worker processes, each on one core, for as long as this lasts.

    A chunk that ends its worker twice is halved, until the melody that does it is alone. An error
    or Ctrl-C ends the workers at once.
    """
    workers = Workers(count, BATCH)

    def engine(chunk: Chunk) -> Callable[[], Results]:
        return partial(results, chunk, workers.submit(compose_chunk, chunk))

    def results(chunk: Chunk, call: Call) -> Results:
        """Of a chunk; of halves of it where its worker died, down to the job that is at fault."""
        try:
            return tuple(call.result())
        except Died:
            if len(chunk.jobs) == 1:
                return (Result(chunk.jobs[0].key, DIED, failed=True),)
        half = len(chunk.jobs) // 2
        parts = [replace(chunk, jobs=some) for some in (chunk.jobs[:half], chunk.jobs[half:])]
        return tuple(result for part in parts for result in engine(part)())

    try:
        yield engine
    except BaseException:
        workers.close(wait=False)
        raise
    workers.close()


def dispatch(
    jobs: Iterable[Job], empty: Chunk, engine: Engine, workers: int, most: int
) -> Iterator[tuple[Chunk, Results]]:
    """Hand jobs to an engine's workers as they come; yield the chunks back, the oldest first.

    At first each worker gets a few melodies, so that none waits; from then on all of them get
    full chunks, and as much is kept back, so that the last chunks can be small. At most two chunks
    for each worker are under way.

    Parameters
    ----------
    empty
        A chunk without jobs: what all have in common.
    workers, most
        How many workers there are, and how many jobs a chunk has at most.
    """
    under_way: deque[tuple[Chunk, Callable[[], Results]]] = deque()
    waiting: list[Job] = []
    size, ready, kept = 0, workers * min(most, FEW), 0

    def submit(some: Sequence[Job]) -> None:
        for share in shares(some, workers, most):
            chunk = replace(empty, jobs=share)
            under_way.append((chunk, engine(chunk)))

    def oldest() -> tuple[Chunk, Results]:
        chunk, results = under_way.popleft()
        return chunk, results()

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
