"""A worker's part: read the melodies of a chunk, compose for them, write and measure the results.

What is wrong with one melody concerns that melody alone; what is wrong with the disk or the model
ends the batch, which can then be continued.
"""

from __future__ import annotations

import math
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from kantor.batch.jobs import Chunk, Common, Job, Loader, Result
from kantor.batch.samples import drawn
from kantor.compose import outputs
from kantor.compose.composer import Model, compose
from kantor.compose.from_file import from_file
from kantor.compose.request import Request
from kantor.drift import features
from kantor.errors import InputError, ModelError
from kantor.intake import parse_upload
from kantor.metrics.musical import JOINT
from kantor.metrics.passages import Passages
from kantor.music.score import Score

STEPS = 524_288
"""Steps, of all takes, that are composed together at most: they take 100 MB."""
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

Requests = dict[str, tuple[Job, Request]]
"""By key, the melodies that are read."""
Takes = dict[str, list[Score]]
"""By key, the takes of each melody."""


@lru_cache(maxsize=1)
def _loaded(loader: Loader, folder: str) -> Model:
    """The model, which a worker loads once."""
    return loader(folder)


def compose_chunk(chunk: Chunk) -> tuple[Result, ...]:
    """Compose for the melodies of a chunk and write the files; a result each, in their order.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    began = time.perf_counter()
    common, options = chunk.common, chunk.common.options
    model = _loaded(common.loader, str(common.model))
    results: dict[str, Result] = {}
    requests: Requests = {}
    steps = 0
    for job in chunk.jobs:
        try:
            request = _read(job, common)
        except InputError as error:
            results[job.key] = Result(job.key, str(error))
            continue
        requests[job.key] = job, request
        steps += request.score.steps * options.takes * options.candidates
        if steps >= STEPS:
            results |= _composed(requests, model, common)
            requests, steps = {}, 0
    results |= _composed(requests, model, common)
    composed = [result for result in results.values() if not result.reason]
    for result in composed:
        result.details["seconds"] = round((time.perf_counter() - began) / len(composed), 4)
    return tuple(results[job.key] for job in chunk.jobs)


def _read(job: Job, common: Common) -> Request:
    parsed = parse_upload(job.upload, common.limits)
    title = parsed.title or job.stem.rpartition("-")[0]
    return from_file(replace(parsed, title=title))


def _composed(requests: Requests, model: Model, common: Common) -> dict[str, Result]:
    """Compose for melodies together, or each alone where the model refuses them together."""
    takes: Takes = {}
    results: dict[str, Result] = {}
    try:
        takes = _takes(requests, model, common)
    except (InputError, ModelError):
        for key, request in requests.items():
            try:
                takes |= _takes({key: request}, model, common)
            except (InputError, ModelError) as error:
                results[key] = Result(key, str(error), failed=isinstance(error, ModelError))
    metrics = measured(takes)
    for key, scores in takes.items():
        try:
            results[key] = _written(*requests[key], scores, metrics[key], common)
        except InputError as error:
            results[key] = Result(key, str(error))
    return results


def _takes(requests: Requests, model: Model, common: Common) -> Takes:
    options = common.options
    takes = compose(
        [request for _, request in requests.values()],
        model,
        options.seed,
        options.takes,
        candidates=options.candidates,
        sampling=options.sampling,
    )
    return dict(zip(requests, takes, strict=True))


def _written(
    job: Job,
    request: Request,
    scores: Sequence[Score],
    metrics: dict[str, float | None],
    common: Common,
) -> Result:
    """Write the takes of one melody."""
    first = scores[0]
    details = {
        "seed": common.options.seed,
        "takes": len(scores),
        "key": first.key.name if first.key else "",
        "meter": str(first.meter),
        "steps": first.steps,
        "metrics": metrics,
        "warnings": request.messages,
        "files": list(_files(job, request, scores, common)),
        "drawn": drawn(first) if job.shown else None,
    }
    return Result(job.key, details=details, features=features(first))


def _files(
    job: Job, request: Request, scores: Sequence[Score], common: Common
) -> Iterator[tuple[str, int]]:
    """Write the takes, each moved into place when it is whole; yield paths and sizes."""
    folder = common.out / "files" / job.key[:2]
    for needed in (folder, common.scratch):
        needed.mkdir(parents=True, exist_ok=True)
    for take, score in enumerate(scores, start=1):
        for kind in common.options.kinds:
            target = outputs.path_of(folder, job.stem, take, kind)
            partial = common.scratch / f"{os.getpid()}-{job.key}-{take}.{kind}"
            outputs.writer(kind, request.mask)(score, partial)
            size = partial.stat().st_size
            partial.replace(target)
            yield target.relative_to(common.out).as_posix(), size


def measured(takes: Takes) -> dict[str, dict[str, float | None]]:
    """Each metric's mean over a melody's takes, None where there was nothing to count."""
    by_length: dict[int, list[tuple[str, Score]]] = defaultdict(list)
    for key, scores in takes.items():
        for score in scores:
            by_length[score.steps].append((key, score))
    values: dict[str, dict[str, list[float]]] = {key: defaultdict(list) for key in takes}
    for steps, rows in by_length.items():
        passages = Passages.joined([Passages.of(score, [0], steps) for _, score in rows])
        for name in METRICS:
            for (key, _), value in zip(rows, JOINT[name].measure(passages), strict=True):
                values[key][name].append(float(value))
    return {key: {name: _mean(own[name]) for name in METRICS} for key, own in values.items()}


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return round(float(np.mean(known)), 6) if known else None
