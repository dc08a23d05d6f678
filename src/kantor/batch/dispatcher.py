"""Melodies dealt to an engine's workers in hands, and the chunks that come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from kantor.batch.chunks import FEW, Chunk, Done, Job, Orders
from kantor.batch.engines import Engine, Pending

_BYTES = 64_000_000  # of uploads that wait at most before they are handed out


class Dealer:
    """Hands jobs to the workers as they come, and takes chunks back, the oldest first.

    Parameters
    ----------
    workers : int
    most : int
        Jobs in a hand.
    """

    def __init__(self, engine: Engine, orders: Orders, workers: int, most: int) -> None:
        self._engine, self._orders = engine, orders
        self._workers, self._most = workers, most
        self._jobs: list[Job] = []
        self._bytes = 0
        self._has_begun = False
        self._flights: deque[tuple[Chunk, Pending]] = deque()

    def add(self, job: Job) -> Iterator[tuple[Chunk, Done]]:
        """Take a job; hand out what is enough for all workers, at first a few melodies each.

        As much is kept back, so that the last melodies can be dealt in small hands. Where two
        chunks a worker are under way the oldest are waited for: go through all that come back.
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

    def rest(self) -> Iterator[tuple[Chunk, Done]]:
        """Hand out what is left, and wait for all that is under way."""
        self._submit(self._jobs)
        yield from self._back(0)

    def _submit(self, jobs: list[Job]) -> None:
        self._has_begun = True
        for hand in shared(jobs, self._workers, self._most):
            chunk = Chunk(self._orders, hand)
            self._flights.append((chunk, self._engine.submit(chunk)))

    def _back(self, under_way: int) -> Iterator[tuple[Chunk, Done]]:
        """The oldest chunks, until so many are under way."""
        while len(self._flights) > under_way:
            chunk, pending = self._flights.popleft()
            yield chunk, pending.result()


def shared(jobs: Sequence[Job], workers: int, most: int) -> Iterator[tuple[Job, ...]]:
    """Deal jobs in ever smaller hands, so that all workers end at about the same time.

    Large ones come first and together: a run of the model takes as long as its longest melody.
    No hand is smaller than `FEW`, unless there is less than that for each worker.

    Parameters
    ----------
    most
        Jobs in a hand.
    """
    left = deque(sorted(jobs, key=lambda job: -len(job.upload.data)))
    size = sum(len(job.upload.data) for job in left)
    few = min(FEW, -(-len(left) // workers))
    while left:
        hand: list[Job] = []
        enough, held = size / (1.5 * workers), 0
        while left and len(hand) < most and (held < enough or len(hand) < few):
            hand.append(left.popleft())
            held += len(hand[-1].upload.data)
        size -= held
        yield tuple(hand)
