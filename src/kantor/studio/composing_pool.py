"""Compose in a bounded pool of processes, so that nobody waits for somebody else's long piece.

Each of two threads has a process of its own and takes from one queue what that composes next:
requests that wait are composed together, a long one alone, and one long one at a time
(`kantor.studio.composing_queue`). A process that dies is replaced; what it composed begins again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from kantor import processes
from kantor.compose.composer import Request
from kantor.errors import InputError, ModelError, SetupError
from kantor.studio.catalogue import Catalogue, Offer
from kantor.studio.composing_queue import Job, Waiting
from kantor.studio.composing_worker import Answer, Composed, How, compose_all, warm_up
from kantor.studio.problems import Problem
from kantor.studio.seeds import Seeds
from kantor.studio.workroom import end_at_once

LANES = 2
WORKER = "kantor.studio.composing_worker"
STOPPED = "composing was stopped; ask again"
LOOK = 0.25
"""Seconds after which it is looked whether the client is still there."""


class Lane:
    """A process that composes, and the thread that gives it work."""

    def __init__(self, waiting: Waiting, catalogue: Catalogue) -> None:
        self._waiting, self._catalogue = waiting, catalogue
        self._workers = processes.Workers(1, WORKER)
        self._closed, self._lock = False, threading.Lock()
        self.batch: list[Job] = []
        self.thread = threading.Thread(target=self._run, daemon=True, name="composing")

    def drop(self, job: Job) -> None:
        """End what is composed if it is for this request alone; the next gets a new process."""
        with self._lock:
            if self.batch == [job]:
                end_at_once(self._workers)

    def close(self) -> None:
        """End the process; the queue must be closed before."""
        with self._lock:
            self._closed = True
            end_at_once(self._workers)
        self.thread.join(5)

    def _run(self) -> None:
        self._warm()
        while batch := self._waiting.next():
            with self._lock:
                self.batch = batch
            for job, answer in zip(batch, self._answers(batch), strict=True):
                if isinstance(answer, Exception):
                    job.future.set_exception(answer)
                else:
                    job.future.set_result(answer)
            self.batch = []
            self._waiting.done(batch)

    def _warm(self) -> None:
        """Start the process and have it load the champion."""
        with suppress(SetupError, ModelError, InputError, processes.Died):
            able = [one for one in self._catalogue.offers() if not one.reason]
            if able and able[0].listed.folder is not None:
                folder = str(self._catalogue.folder(able[0]))
                self._workers.submit(warm_up, folder, able[0].listed.source).result()
            else:
                self._workers.submit(warm_up).result()

    def _answers(self, batch: list[Job]) -> list[Answer]:
        with self._lock:
            if self._workers.closed and not self._closed:
                self._workers = processes.Workers(1, WORKER)
            workers = self._workers
        if all(job.dropped for job in batch):
            return [Problem(503, STOPPED)] * len(batch)
        requests, seeds = [job.request for job in batch], [job.seed for job in batch]
        try:
            return list(workers.submit(compose_all, batch[0].how, requests, seeds).result())
        except Exception as error:  # whatever it is, every request is answered
            if self._closed or all(job.dropped for job in batch):
                return [Problem(503, STOPPED)] * len(batch)
            if workers.closed:  # for the sake of a request that had just ended
                return self._answers(batch)
            if not isinstance(error, processes.Died):
                return [error] * len(batch)
            if len(batch) > 1:
                return [self._answers([job])[0] for job in batch]
            return [
                Problem(
                    503,
                    "composing this failed twice: the machine may lack memory; ask for fewer takes",
                )
            ]


class Composing:
    """The pool; `start` begins its processes before the first request needs them."""

    def __init__(self, root: Path) -> None:
        self.root, self.catalogue = root, Catalogue(root)
        self.samples: dict[tuple[str, int, str], dict[str, Any]] = {}
        self.seeds, self._waiting = Seeds(), Waiting()
        self._lanes: list[Lane] = []

    def start(self) -> None:
        """Begin the processes and load the champion in each, in the background."""
        processes.begin(WORKER)
        self._lanes = [Lane(self._waiting, self.catalogue) for _ in range(LANES)]
        for lane in self._lanes:
            lane.thread.start()

    def close(self) -> None:
        """End the processes; what waits is refused."""
        for job in self._waiting.close():
            job.future.cancel()
        for lane in self._lanes:
            lane.close()
        self.catalogue.close()

    def job(
        self,
        request: Request,
        offer: Offer,
        seed: int = 0,
        takes: int = 1,
        candidates: int = 1,
        temperature: float | None = None,
        plainness: float = 0.0,
    ) -> Job:
        """What `compose` and `submit` take: a request for a version, and how it is composed.

        Raises
        ------
        ModelError
            If the version composes for other lines, or cannot be had.
        InputError
            If it is too much at once.
        """
        voices = request.score.ensemble.names
        if offer.ensemble.names != voices:
            raise ModelError(
                f"{offer.listed.source} composes for {', '.join(offer.ensemble.names)}, and the "
                f"piece is for {', '.join(voices)}; choose another model"
            )
        folder, one = str(self.catalogue.folder(offer)), offer.listed
        how = How(folder, one.source, one.style, takes, candidates, temperature, plainness)
        if offer.drums and offer.lender:
            lent, named = str(self.catalogue.folder(offer.lender)), offer.lender.listed.source
            how = replace(how, lender=named, lender_folder=lent)
        return Job(request, seed, how)

    async def compose(
        self, job: Job, gone: Callable[[], Awaitable[bool]] | None = None
    ) -> list[Composed]:
        """Compose; what `gone` says that nobody waits for any more is dropped.

        Raises
        ------
        Problem
            429 if too many wait already; 503 if the process that composes dies again and again.
        InputError, ModelError
            If the model cannot do what is asked.
        """
        self._waiting.add(job)
        waited = asyncio.wrap_future(job.future)
        try:
            while not (await asyncio.wait([waited], timeout=LOOK))[0]:
                if gone is not None and await gone():
                    raise Problem(503, STOPPED)
            return await waited
        except asyncio.CancelledError:
            raise Problem(503, STOPPED) from None
        finally:
            waited.cancel()
            if not job.future.done() and not job.future.cancel():
                self._drop(job)

    def _drop(self, job: Job) -> None:
        """End a run if nobody else waits for it; in threads, for a process ends when it can."""
        job.dropped = True
        for lane in self._lanes:
            threading.Thread(target=lane.drop, args=(job,), daemon=True).start()
