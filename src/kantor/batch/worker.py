"""A worker's part: read the melodies of a chunk, compose for them, write and measure the results.

Melodies of one length go to the model together (`kantor.compose.composer`), so that a chunk is
few runs of the model. What is wrong with one melody concerns that melody alone; what is wrong
with the disk or the model ends the batch, which can then be gone on with.
"""

from __future__ import annotations

import math
import os
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from kantor.batch.flags import Flag, flags
from kantor.batch.jobs import FEW, Chunk, Common, Job, Loader, Result
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

FULL = 250
"""Melodies with which a run of the model is as good as full; `FEW` do where none is at work."""
STEPS = 524_288
"""Steps that fill it as well, of all takes: 100 MB at most, however long melodies are."""
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
    """A worker loads its model once."""
    return loader(folder)


def compose_chunk(chunk: Chunk) -> tuple[Result, ...]:
    """Compose for the melodies of a chunk and write the files; a result each, in their order.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    began = time.perf_counter()
    model = _loaded(chunk.common.loader, str(chunk.common.model))
    with flags(chunk.common.scratch) as (working, composing):
        work = _Work(chunk, model, working, composing)
        work.run()
    results = tuple(work.results[job.key] for job in chunk.jobs)
    composed = [result for result in results if not result.reason]
    for result in composed:
        result.details["seconds"] = round((time.perf_counter() - began) / len(composed), 4)
    return results


class _Work:
    """The melodies of a chunk: first unread, then read, then composed and unwritten.

    Attributes
    ----------
    results : dict of str to Result
        By key, what became of those that are done.
    """

    def __init__(self, chunk: Chunk, model: Model, working: Flag, composing: Flag) -> None:
        self._common, self._model = chunk.common, model
        self._working, self._composing = working, composing
        self._unread = deque(chunk.jobs)
        self._read: Requests = {}
        self._steps = 0
        self._unwritten: deque[Iterator[Result]] = deque()
        self.results: dict[str, Result] = {}

    def run(self) -> None:
        """Do all that there is to do."""
        while self._unread or self._read:
            if self._is_time_to_compose():
                self._compose()
            elif self._unread and (self._is_few() or not (self._is_full() or self._unwritten)):
                self._read_one()
            elif self._unwritten:
                self._write_one()
            else:
                self._compose()
        while self._unwritten:
            self._write_one()

    def _is_full(self) -> bool:
        return len(self._read) >= FULL or self._steps >= STEPS

    def _is_few(self) -> bool:
        return len(self._read) < FEW and not self._is_full()

    def _is_time_to_compose(self) -> bool:
        """Whether what is read shall be composed before anything else is done."""
        if len(self._unwritten) > 1 or self._composing.is_elsewhere():
            return False
        if self._is_full() or not self._unread:
            return bool(self._read)
        return not self._is_few() and self._working.is_elsewhere()

    def _read_one(self) -> None:
        """Make a request of a melody, or find why it cannot be read; short ones come first."""
        job = self._unread.pop() if len(self._read) < FEW else self._unread.popleft()
        try:
            parsed = parse_upload(job.upload, self._common.limits)
            title = parsed.title or job.stem.rpartition("-")[0]
            request = from_file(replace(parsed, title=title))
        except InputError as error:
            self.results[job.key] = Result(job.key, str(error))
            return
        options = self._common.options
        self._read[job.key] = job, request
        self._steps += request.score.steps * options.takes * options.candidates

    def _compose(self) -> None:
        requests, self._read, self._steps = self._read, {}, 0
        self._composing.show(True)
        takes, refused = _compose(requests, self._model, self._common)
        self._composing.show(False)
        self.results |= refused
        self._unwritten.append(_written(requests, takes, self._common))

    def _write_one(self) -> None:
        """Write one melody's takes."""
        result = next(self._unwritten[0], None)
        if result is None:
            self._unwritten.popleft()
        else:
            self.results[result.key] = result


def _compose(requests: Requests, model: Model, common: Common) -> tuple[Takes, dict[str, Result]]:
    """The takes of each melody; where the model refuses them together, each is composed alone."""
    try:
        return _takes(requests, model, common), {}
    except (InputError, ModelError):
        pass
    takes: Takes = {}
    refused: dict[str, Result] = {}
    for key, request in requests.items():
        try:
            takes |= _takes({key: request}, model, common)
        except (InputError, ModelError) as error:
            refused[key] = Result(key, str(error), failed=isinstance(error, ModelError))
    return takes, refused


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


def _written(requests: Requests, takes: Takes, common: Common) -> Iterator[Result]:
    """Measure what was composed together, then write melody after melody."""
    metrics = measured(takes)
    for key, scores in takes.items():
        job, request = requests[key]
        try:
            details = {
                "seed": common.options.seed,
                "takes": len(scores),
                "key": scores[0].key.name if scores[0].key else "",
                "meter": str(scores[0].meter),
                "steps": scores[0].steps,
                "metrics": metrics[key],
                "warnings": request.messages,
                "files": list(_files(job, request, scores, common)),
                "drawn": drawn(scores[0]) if job.shown else None,
            }
            yield Result(key, details=details, features=features(scores[0]))
        except InputError as error:
            yield Result(key, str(error))


def _files(
    job: Job, request: Request, scores: Sequence[Score], common: Common
) -> Iterator[tuple[str, int]]:
    """Write the takes; each file is whole when it comes to where it belongs."""
    folder = common.out / "files" / job.key[:2]
    for needed in (folder, common.scratch):
        if not needed.is_dir():
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
