"""Requests that wait for a composing process, and which of them a free one takes next."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from kantor.compose.composer import Request
from kantor.errors import InputError
from kantor.studio.composing_worker import Composed, How
from kantor.studio.problems import Problem

MOST_WAITING = 64
LONG = 1_536
"""The cost from which a request is a long one, of which one at a time is composed."""
TOGETHER = 4_096
"""Steps, of all takes, that are composed in one run at most, unless one request has more."""
MOST = 300_000
"""Steps, of all takes and candidates, that one request may have: they take a minute."""
_STEPS_SIDE_BY_SIDE = 5
"""Steps of further takes that cost as much as one step more, since they are composed together."""


@dataclass(eq=False)
class Job:
    """A request for takes, which waits, is composed, and is answered by its future.

    Raises
    ------
    InputError
        If it asks for too much at once.
    """

    request: Request
    seed: int
    how: How
    future: Future[list[Composed]] = field(default_factory=Future)
    dropped: bool = False  # nobody waits for it any more

    def __post_init__(self) -> None:
        if self.steps > MOST:
            raise InputError(
                f"{self.how.takes} takes of {len(self.request.score.bar_lines)} bars, chosen from "
                f"{self.how.candidates} candidates each, are too much at once; ask for fewer takes "
                "or candidates"
            )

    @property
    def steps(self) -> int:
        """Of all its takes and candidates."""
        return self.request.score.steps * self.how.takes * self.how.candidates

    @property
    def is_long(self) -> bool:
        """Whether others would wait for it too long."""
        return self.request.score.steps + self.steps / _STEPS_SIDE_BY_SIDE > LONG


class Waiting:
    """A bounded queue; every method may be called from any thread."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._changed = threading.Condition()
        self._long_running, self._closed = False, False

    def add(self, job: Job) -> None:
        """Have a request composed.

        Raises
        ------
        Problem
            429 if too many wait already, 503 if Studio ends.
        """
        with self._changed:
            self._jobs = [one for one in self._jobs if not one.future.cancelled()]
            if self._closed:
                raise Problem(503, "Studio ends; start it again")
            if len(self._jobs) >= MOST_WAITING:
                raise Problem(429, "many are composing at this moment; try again in a second")
            self._jobs.append(job)
            self._changed.notify_all()

    def next(self) -> list[Job]:
        """Wait for requests that may be composed now, in one run; none if Studio ends.

        The oldest comes first, and with it those that fit. While a long one is composed, no
        other long one is begun.
        """
        with self._changed:
            while True:
                if self._closed:
                    return []
                if batch := self._take():
                    self._long_running |= batch[0].is_long
                    return batch
                self._changed.wait()

    def done(self, batch: list[Job]) -> None:
        """Say that a run has ended."""
        with self._changed:
            if batch[0].is_long:
                self._long_running = False
            self._changed.notify_all()

    def close(self) -> list[Job]:
        """Let nothing more begin; what still waited."""
        with self._changed:
            self._closed = True
            left, self._jobs = self._jobs, []
            self._changed.notify_all()
            return left

    def _take(self) -> list[Job]:
        batch: list[Job] = []
        for job in list(self._jobs):
            if (job.is_long and self._long_running) or not self._fits(job, batch):
                continue
            self._jobs.remove(job)
            if job.future.set_running_or_notify_cancel():
                batch.append(job)
        return batch

    @staticmethod
    def _fits(job: Job, batch: list[Job]) -> bool:
        if not batch:
            return True
        return (
            job.how == batch[0].how
            and not job.is_long
            and not batch[0].is_long
            and sum(one.steps for one in (*batch, job)) <= TOGETHER
        )
