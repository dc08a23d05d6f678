"""A worker's part: read the melodies of a chunk, compose them, write them, measure them.

Melodies of one length go to the model together (`kantor.compose.composer`), so that a chunk is
few runs of the model. What is wrong with one melody concerns that melody alone; what is wrong
with the disk or the model ends the batch, which can then be gone on with.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from kantor.batch import drawing
from kantor.batch.chunks import FEW, Chunk, Done, Job, Loader, Made, Orders
from kantor.batch.measuring import Composed, measured
from kantor.batch.turns import Turns, turns
from kantor.compose import outputs
from kantor.compose.composer import Model, compose
from kantor.compose.from_file import from_file
from kantor.compose.request import Request
from kantor.drift import features
from kantor.errors import InputError, ModelError
from kantor.intake import parse_upload
from kantor.music.score import Score

FULL = 250
"""Melodies with which a run of the model is as good as full; `FEW` do where none is at work."""
STEPS = 524_288
"""Steps that fill it as well, of all takes: 100 MB at most, however long melodies are."""

Asked = dict[str, tuple[Job, Request]]


class Timed:
    """A model that knows how long it has worked."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.seconds = 0.0

    def __call__(self, *given: Any, **knobs: Any) -> Any:
        began = time.perf_counter()
        try:
            return self._model(*given, **knobs)
        finally:
            self.seconds += time.perf_counter() - began

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


@lru_cache(maxsize=1)
def _loaded(loader: Loader, folder: str) -> Model:
    """A worker loads its model once."""
    return loader(folder)


def compose_chunk(chunk: Chunk) -> Done:
    """Compose the melodies of a chunk and write their files.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    began = time.perf_counter()
    orders = chunk.orders
    model = Timed(_loaded(orders.loader, str(orders.model)))
    with turns(orders.scratch) as ours:
        line = _Line(chunk, model, ours)
        line.run()
    seconds = time.perf_counter() - began
    answers = [line.made[job.key] for job in chunk.jobs]
    each = seconds / max(1, sum(1 for one in answers if one.files))
    timed = [replace(one, seconds=each) if one.files else one for one in answers]
    return Done(tuple(timed), seconds, model.seconds)


class _Line:
    """The melodies of a chunk on their way: to be read, to be composed, to be written.

    Attributes
    ----------
    made : dict of str to Made
        By key, what became of those that are through.
    """

    def __init__(self, chunk: Chunk, model: Model, ours: Turns) -> None:
        self._orders, self._model, self._turns = chunk.orders, model, ours
        self._unread = deque(chunk.jobs)
        self._asked: Asked = {}
        self._steps = 0
        self._unwritten: deque[Iterator[Made]] = deque()
        self.made: dict[str, Made] = {}

    def run(self) -> None:
        """Bring all melodies through."""
        while self._unread or self._asked:
            if self._is_time():
                self._compose()
            elif self._unread and (self._is_few() or not (self._is_full() or self._unwritten)):
                self._read()
            elif self._unwritten:
                self._write()
            else:
                self._compose()
        while self._unwritten:
            self._write()

    def _is_full(self) -> bool:
        return len(self._asked) >= FULL or self._steps >= STEPS

    def _is_few(self) -> bool:
        return len(self._asked) < FEW and not self._is_full()

    def _is_time(self) -> bool:
        """Whether what is read shall be composed before anything else is done."""
        if len(self._unwritten) > 1 or self._turns.composing.is_elsewhere():
            return False
        if self._is_full() or not self._unread:
            return bool(self._asked)
        return not self._is_few() and self._turns.working.is_elsewhere()

    def _read(self) -> None:
        """Find out what is asked for a melody, or why it cannot be read; short ones come first."""
        job = self._unread.pop() if len(self._asked) < FEW else self._unread.popleft()
        try:
            recording = parse_upload(job.upload, self._orders.limits)
            title = recording.title or job.stem.rpartition("-")[0]
            request = from_file(replace(recording, title=title))
        except InputError as error:
            self.made[job.key] = Made(job.key, str(error))
            return
        manner = self._orders.manner
        self._asked[job.key] = job, request
        self._steps += request.score.steps * manner.takes * manner.candidates

    def _compose(self) -> None:
        asked, self._asked, self._steps = self._asked, {}, 0
        self._turns.composing.show(True)
        composed, failed = _compose(asked, self._model, self._orders)
        self._turns.composing.show(False)
        self.made |= failed
        self._unwritten.append(_finished(asked, composed, self._orders))

    def _write(self) -> None:
        """Write one melody's takes."""
        made = next(self._unwritten[0], None)
        if made is None:
            self._unwritten.popleft()
        else:
            self.made[made.key] = made


def _finished(asked: Asked, composed: Composed, orders: Orders) -> Iterator[Made]:
    """Measure what was composed together, then write melody after melody."""
    figures = measured(composed)
    for key, scores in composed.items():
        try:
            yield _written(*asked[key], scores, figures[key], orders)
        except InputError as error:
            yield Made(key, str(error))


def _compose(asked: Asked, model: Model, orders: Orders) -> tuple[Composed, dict[str, Made]]:
    """The takes of each melody; where the model refuses the lot, it is asked for each alone."""
    try:
        return _takes(asked, model, orders), {}
    except (InputError, ModelError):
        pass
    composed: Composed = {}
    made: dict[str, Made] = {}
    for key, (job, request) in asked.items():
        try:
            composed |= _takes({key: (job, request)}, model, orders)
        except InputError as error:
            made[key] = Made(key, str(error))
        except ModelError as error:
            made[key] = Made(key, str(error), failed=True)
    return composed, made


def _takes(asked: Asked, model: Model, orders: Orders) -> Composed:
    manner = orders.manner
    takes = compose(
        [request for _, request in asked.values()],
        model,
        manner.seed,
        manner.takes,
        candidates=manner.candidates,
        sampling=manner.sampling,
    )
    return dict(zip(asked, takes, strict=True))


def _written(
    job: Job,
    request: Request,
    scores: Sequence[Score],
    metrics: Mapping[str, float | None],
    orders: Orders,
) -> Made:
    """Write the takes; each file is whole when it comes to where it belongs."""
    first = scores[0]
    return Made(
        job.key,
        seed=orders.manner.seed,
        takes=len(scores),
        musical_key=first.key.name if first.key else "",
        meter=str(first.meter),
        steps=first.steps,
        metrics=dict(metrics),
        warnings=request.messages,
        files=tuple(_files(job, request, scores, orders)),
        features=features(first),
        drawn=drawing.drawn(first) if job.shown else None,
    )


def _files(
    job: Job, request: Request, scores: Sequence[Score], orders: Orders
) -> Iterator[tuple[str, int]]:
    folder = orders.out / "files" / job.key[:2]
    for needed in (folder, orders.scratch):
        if not needed.is_dir():
            needed.mkdir(parents=True, exist_ok=True)
    for take, score in enumerate(scores, start=1):
        for kind in orders.manner.kinds:
            target = outputs.path_of(folder, job.stem, take, kind)
            partial = orders.scratch / f"{os.getpid()}-{job.key}-{take}.{kind}"
            outputs.writer(kind, request.mask)(score, partial)
            size = partial.stat().st_size
            partial.replace(target)
            yield target.relative_to(orders.out).as_posix(), size
