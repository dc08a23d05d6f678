"""A worker's part: read the melodies of a chunk, compose for them, write and measure the results.

What is wrong with one melody concerns that melody alone; what is wrong with the disk or the model
ends the batch, which can then be continued.
"""

from __future__ import annotations

import math
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from pathlib import PurePath

import numpy as np

from kantor.batch.jobs import STORE, Chunk, Job, Result
from kantor.batch.page import drawn
from kantor.batch.settings import Loader
from kantor.compose import outputs
from kantor.compose.composer import Model, Request, compose
from kantor.compose.from_file import from_file
from kantor.compose.meters import unlearned
from kantor.compose.plan import Plan
from kantor.drift import features
from kantor.drumming import unlearned_drums
from kantor.ensemble import SATB
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
    "chord_tones",
    "lead_clash",
    "bass_on_roots",
    "same_drums",
)
"""Those of `kantor.metrics.musical` that tell good from bad and cost next to nothing. Which of them
are counted depends on the model's ensemble."""

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
    options = chunk.options
    model = _loaded(chunk.loader, str(chunk.model))
    plan = Plan.parse(ensemble=getattr(model, "ensemble", SATB))
    results: dict[str, Result] = {}
    requests: Requests = {}
    steps = 0
    for job in chunk.jobs:
        try:
            parsed = parse_upload(job.upload, chunk.limits)
            title = parsed.title or PurePath(job.upload.name).stem
            request = from_file(replace(parsed, title=title), plan)
            told = unlearned(request.score, getattr(model, "meters", {}))
            told += unlearned_drums(request.score, getattr(model, "drum_meters", {}))
            request = replace(request, messages=(*request.messages, *told))
        except InputError as error:
            results[job.key] = Result(job.key, str(error))
            continue
        requests[job.key] = job, request
        steps += request.score.steps * options.takes * options.candidates
        if steps >= STEPS:
            results |= _composed(requests, model, chunk)
            requests, steps = {}, 0
    results |= _composed(requests, model, chunk)
    composed = [result for result in results.values() if not result.reason]
    for result in composed:
        result.details["seconds"] = round((time.perf_counter() - began) / len(composed), 4)
    return tuple(results[job.key] for job in chunk.jobs)


def _composed(requests: Requests, model: Model, chunk: Chunk) -> dict[str, Result]:
    """Compose for melodies together, or each alone where the model refuses them together."""
    takes: Takes = {}
    results: dict[str, Result] = {}
    try:
        takes = _takes(requests, model, chunk)
    except (InputError, ModelError):
        for key, request in requests.items():
            try:
                takes |= _takes({key: request}, model, chunk)
            except (InputError, ModelError) as error:
                results[key] = Result(key, str(error), failed=isinstance(error, ModelError))
    metrics = measured(takes)
    for key, scores in takes.items():
        try:
            results[key] = _written(*requests[key], scores, metrics[key], chunk)
        except InputError as error:
            results[key] = Result(key, str(error))
    return results


def _takes(requests: Requests, model: Model, chunk: Chunk) -> Takes:
    options = chunk.options
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
    chunk: Chunk,
) -> Result:
    """Write the takes of one melody; each file is whole when it comes to its place."""
    folder = chunk.out / STORE / job.key[:2]
    for needed in (folder, chunk.scratch):
        needed.mkdir(parents=True, exist_ok=True)
    files = []
    for (take, score), kind in product(enumerate(scores, start=1), chunk.options.kinds):
        target = outputs.path_of(folder, job.stem, take, kind)
        partial = chunk.scratch / f"{os.getpid()}-{job.key}-{take}.{kind}"
        outputs.writer(kind, request.mask)(score, partial)
        files.append((target.relative_to(chunk.out).as_posix(), partial.stat().st_size))
        partial.replace(target)
    first = scores[0]
    details = {
        "title": first.title,
        "seed": chunk.options.seed,
        "takes": len(scores),
        "key": first.key.name if first.key else "",
        "meter": str(first.meter),
        "steps": first.steps,
        "metrics": metrics,
        "warnings": request.messages,
        "files": files,
        "drawn": drawn(first) if job.shown else None,
    }
    return Result(job.key, details=details, features=features(first))


def measured(takes: Takes) -> dict[str, dict[str, float | None]]:
    """Each metric's mean over a melody's takes, None where there was nothing to count."""
    by_length: dict[int, list[tuple[str, Score]]] = defaultdict(list)
    for key, scores in takes.items():
        for score in scores:
            by_length[score.steps].append((key, score))
    values: dict[str, dict[str, list[float]]] = {key: defaultdict(list) for key in takes}
    for steps, rows in by_length.items():
        passages = Passages.joined([Passages.of(score, [0], steps) for _, score in rows])
        for name in (name for name in METRICS if JOINT[name].fits(passages.ensemble)):
            for (key, _), value in zip(rows, JOINT[name].measure(passages), strict=True):
                values[key][name].append(float(value))
    return {key: {name: _mean(own[name]) for name in METRICS} for key, own in values.items()}


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return round(float(np.mean(known)), 6) if known else None
