"""Ask a model for pieces: many requests, takes and candidates are few runs of the model.

A composition follows from its request, the seed, the number of the take and how many candidates it
was chosen from, and from nothing else: not from what is composed with it, nor from how many takes
are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.compose.request import Request
from kantor.compose.sampling import Knobs
from kantor.errors import InputError, ModelError
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import Flags, Pitches, Score

# A batch and one seed for each of its pieces, and knobs by name, to pitches and onsets.
Model = Callable[..., tuple[Pitches, Flags]]

PADDING = 32  # steps: lengths are rounded up to a multiple, so that few shapes reach the model
RUN_STEPS = 1_048_576  # steps in one run of the model, so that memory stays bounded


@dataclass(frozen=True)
class _Question:
    """One candidate to be composed: of which request and take, and what the model is told."""

    request: int
    take: int
    given: Conditioning
    seed: int


def compose(
    requests: Sequence[Request],
    model: Model,
    seed: int = 0,
    takes: int = 1,
    made: Callable[[int], None] = lambda count: None,
    *,
    candidates: int = 1,
    knobs: Knobs | None = None,
) -> list[list[Score]]:
    """Compose every request `takes` times.

    Requests of about the same length are given to the model together, those of any length if the
    model has an attribute ``mixes_lengths`` that is true: it must know padding from music. One too
    long for that goes through whole and alone: nothing is cut, so that no seam can be heard.

    Parameters
    ----------
    requests
        Of any masks and lengths.
    model
        Takes a batch, one seed for each of its pieces, and knobs by name. To choose between
        candidates it must have a method ``judge(given, pitches, onsets)`` that answers with one
        number a piece, the higher the better.
    seed, takes
        Take 2 of three is take 2 of two.
    made
        Told after each run of the model how many candidates it made.
    candidates
        How many are composed for each take; the one that the model judges best is kept. The
        first of them is what one alone would be.
    knobs
        What differs from the model's defaults.

    Returns
    -------
    list of list of Score
        For each request its takes, ``(time, 4)``, the given cells as given.

    Raises
    ------
    ModelError
        If the model changes a given cell or answers with something that is not a score.
    InputError
        If the model cannot do what is asked.
    """
    turned = (knobs or Knobs()).turned()
    best: dict[tuple[int, int], tuple[float, Score]] = {}
    mixed = getattr(model, "mixes_lengths", False)
    for run in _runs(list(_questions(requests, seed, takes, candidates)), mixed):
        pitches, onsets, worth = _answers(model, run, turned, candidates > 1)
        for row, question in enumerate(run):
            piece = question.request, question.take
            if piece not in best or worth[row] > best[piece][0]:
                score = _score(requests[question.request].score, pitches[row], onsets[row])
                best[piece] = float(worth[row]), score
        made(len(run))
    return [[best[index, take][1] for take in range(takes)] for index in range(len(requests))]


def _answers(
    model: Model, run: Sequence[_Question], turned: Mapping[str, Any], judge: bool
) -> tuple[Pitches, Flags, NDArray[np.float64]]:
    """What the model composes in one run, and if it is to `judge`, what each is worth to it."""
    batch = stack([question.given for question in run])
    seeds = np.array([question.seed for question in run], np.int64)
    pitches, onsets = model(batch, seeds, **turned)
    _check_shape(batch, pitches, onsets)
    worth = _judged(model, batch, pitches, onsets) if judge else np.zeros(len(run))
    return pitches, onsets, worth


def _questions(
    requests: Sequence[Request], seed: int, takes: int, candidates: int
) -> Iterator[_Question]:
    for index, request in enumerate(requests):
        given = request.given
        given = given.padded(max(1, -(-given.steps // PADDING)) * PADDING)
        for take in range(takes):
            for candidate in range(candidates):
                yield _Question(index, take, given, seed_of(given, seed, take, candidate))


def seed_of(given: Conditioning, seed: int, take: int, candidate: int = 0) -> int:
    """The seed of one composition, 0 to 2**63 - 1, from all that tells it from others."""
    digest = hashlib.sha256(f"{seed} {take}{f' {candidate}' if candidate else ''}".encode())
    for array in (given.pitches, given.onsets, given.mask, given.bars, given.fermatas):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(given.major_tonic.tobytes())
    return int.from_bytes(digest.digest()[:8], "little") >> 1


def _runs(questions: list[_Question], mixed: bool) -> Iterator[list[_Question]]:
    """Questions sorted by length, at most `RUN_STEPS` in a run with their padding, or one.

    Only where the model takes `mixed` lengths are different ones together.
    """
    run: list[_Question] = []
    for one in sorted(questions, key=lambda question: question.given.steps):
        steps = one.given.steps
        full = steps * (len(run) + 1) > RUN_STEPS
        if run and (full or (not mixed and steps != run[0].given.steps)):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _check_shape(batch: Conditioning, pitches: Pitches, onsets: Flags) -> None:
    """Refuse an answer of another form than the question, or one that changed what was given."""
    shape = batch.pitches.shape
    if np.shape(pitches) != shape or np.shape(onsets) != shape:
        raise ModelError(
            f"the model answered pitches of shape {np.shape(pitches)} and onsets of shape "
            f"{np.shape(onsets)} for a batch of {shape}"
        )
    if (batch.mask & ((pitches != batch.pitches) | (onsets != batch.onsets))).any():
        raise ModelError("the model changed notes that were given to it")


def _judged(
    model: Any, batch: Conditioning, pitches: Pitches, onsets: Flags
) -> NDArray[np.float64]:
    """What the model says of its compositions, ``(batch,)``; what is no number is worst."""
    if not hasattr(model, "judge"):
        raise InputError("this model cannot judge its compositions; ask for one candidate")
    worth = np.asarray(model.judge(batch, pitches, onsets), np.float64)
    if worth.shape != pitches.shape[:1]:
        raise ModelError(f"the model judged {len(pitches)} pieces by {worth.shape} numbers")
    return np.nan_to_num(worth, nan=-np.inf)


def _score(asked: Score, pitches: Pitches, onsets: Flags) -> Score:
    """The composition without its padding."""
    try:
        return replace(asked, pitches=pitches[: asked.steps], onsets=onsets[: asked.steps])
    except InputError as error:
        raise ModelError(f"the model's answer is not a score: {error}") from None
