"""A worker's part: read the melodies of a chunk, compose them, write them, measure them.

Melodies of one length go to the model together (`kantor.compose.composer`), so that a chunk is
few runs of the model. What is wrong with one melody concerns that melody alone; what is wrong
with the disk or the model ends the batch, which can then be gone on with.
"""

from __future__ import annotations

import math
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from kantor.batch import drawing
from kantor.batch.chunks import Chunk, Done, Job, Loader, Made, Orders
from kantor.compose import outputs
from kantor.compose.asking import from_recording
from kantor.compose.composer import Model, ModelError, compose
from kantor.compose.request import Request
from kantor.drift import features
from kantor.intake import recording_of
from kantor.metrics import musical
from kantor.music.score import Score, ScoreError

METRICS = (
    "in_best_scale",
    "crossing",
    "parallel_fifths",
    "parallel_octaves",
    "semitone_clash",
    "triad_or_seventh",
    "complete_triads",
)
"""Those of `kantor.metrics.musical` that tell good from bad and cost next to nothing."""

Asked = dict[str, tuple[Job, Request]]
Composed = dict[str, list[Score]]


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
    asked, made = _read(chunk)
    composed, failed = _compose(asked, model, orders)
    made |= failed
    figures = _measured(composed)
    for key, scores in composed.items():
        try:
            made[key] = _written(*asked[key], scores, figures[key], orders)
        except ScoreError as error:
            made[key] = Made(key, str(error))
    seconds = time.perf_counter() - began
    each = seconds / max(1, len(composed))
    answers = [made[job.key] for job in chunk.jobs]
    timed = [replace(one, seconds=each) if one.files else one for one in answers]
    return Done(tuple(timed), seconds, model.seconds)


def _read(chunk: Chunk) -> tuple[Asked, dict[str, Made]]:
    """What is asked for each melody, and what became of those that cannot be read."""
    asked: Asked = {}
    made: dict[str, Made] = {}
    for job in chunk.jobs:
        try:
            recording = recording_of(job.upload, chunk.orders.limits)
            title = recording.title or job.stem.rpartition("-")[0]
            asked[job.key] = job, from_recording(replace(recording, title=title))
        except ScoreError as error:
            made[job.key] = Made(job.key, str(error))
    return asked, made


def _compose(asked: Asked, model: Model, orders: Orders) -> tuple[Composed, dict[str, Made]]:
    """The takes of each melody; where the model refuses the lot, it is asked for each alone."""
    try:
        return _takes(asked, model, orders), {}
    except (ScoreError, ModelError):
        pass
    composed: Composed = {}
    made: dict[str, Made] = {}
    for key, (job, request) in asked.items():
        try:
            composed |= _takes({key: (job, request)}, model, orders)
        except ScoreError as error:
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
        knobs=manner.knobs,
    )
    return dict(zip(asked, takes, strict=True))


def _measured(composed: Composed) -> dict[str, dict[str, float | None]]:
    """Each metric's mean over a melody's takes, None where there was nothing to count."""
    alike: dict[int, list[tuple[str, Score]]] = defaultdict(list)
    for key, scores in composed.items():
        for score in scores:
            alike[score.steps].append((key, score))
    found: dict[str, dict[str, list[float]]] = {key: defaultdict(list) for key in composed}
    for steps, rows in alike.items():
        passages = musical.Passages.joined(
            [musical.Passages.of(score, [0], steps) for _, score in rows]
        )
        for name in METRICS:
            for (key, _), value in zip(rows, musical.JOINT[name][1](passages), strict=True):
                found[key][name].append(float(value))
    return {key: {name: _mean(metrics[name]) for name in METRICS} for key, metrics in found.items()}


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return round(float(np.mean(known)), 6) if known else None


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
