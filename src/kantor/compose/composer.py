"""Give melodies their other voices: many melodies and takes are few runs of the model.

A composition follows from its melody, the seed and the number of the take, and from nothing else:
not from the melodies composed with it, nor from how many takes are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kantor.compose.melody import Melody
from kantor.music.given import Given, stack
from kantor.music.score import REST, VOICES, Flags, Pitches, Score, ScoreError

Model = Callable[[Given, NDArray[np.int64]], tuple[Pitches, Flags]]

PADDING = 32  # steps: lengths are rounded up to a multiple, so that few shapes reach the model
RUN_STEPS = 16_384  # steps in one run of the model, so that memory stays bounded


class ModelError(RuntimeError):
    """A model answered with something that is no composition for what it was given."""


@dataclass(frozen=True)
class _Request:
    """One composition to be made: which melody, which take, and what the model is told."""

    melody: int
    take: int
    given: Given
    seed: int


def compose(
    melodies: Sequence[Melody],
    model: Model,
    seed: int = 0,
    takes: int = 1,
    made: Callable[[int], None] = lambda count: None,
) -> list[list[Score]]:
    """Compose every melody `takes` times.

    Melodies of about the same length are given to the model together. One too long for that goes
    through whole and alone: nothing is cut, so that no seam can be heard.

    Parameters
    ----------
    melodies
        Each ``(time, 1)``, its key known.
    model
        Takes a batch and one seed for each of its pieces.
    seed, takes
        Take 2 of three is take 2 of two.
    made
        Told after each run of the model how many compositions it made.

    Returns
    -------
    list of list of Score
        For each melody its takes, ``(time, 4)``, the soprano as given.

    Raises
    ------
    ModelError
        If the model changes a given cell or answers with something that is not a score.
    """
    scores: list[list[Score]] = [[] for _ in melodies]
    found: dict[tuple[int, int], Score] = {}
    for run in _runs(list(_requests(melodies, seed, takes))):
        seeds = np.array([request.seed for request in run], np.int64)
        batch = stack([request.given for request in run])
        pitches, onsets = model(batch, seeds)
        _check_shape(batch, pitches, onsets)
        for index, request in enumerate(run):
            melody = melodies[request.melody].score
            found[request.melody, request.take] = _score(melody, pitches[index], onsets[index])
        made(len(run))
    for (melody_index, _), score in sorted(found.items(), key=lambda item: item[0]):
        scores[melody_index].append(score)
    return scores


def _requests(melodies: Sequence[Melody], seed: int, takes: int) -> Iterator[_Request]:
    for index, melody in enumerate(melodies):
        given = request(melody.score)
        given = given.padded(max(1, -(-given.steps // PADDING)) * PADDING)
        for take in range(takes):
            yield _Request(index, take, given, seed_of(given, seed, take))


def request(melody: Score) -> Given:
    """Ask for the three lower voices of a melody ``(time, 1)``."""
    rests = ((0, 0), (0, len(VOICES) - 1))
    pitches = np.pad(melody.pitches, rests, constant_values=REST)
    score = replace(melody, pitches=pitches, onsets=np.pad(melody.onsets, rests))
    mask = np.zeros(pitches.shape, bool)
    mask[:, 0] = True
    return Given.from_score(score, mask)


def seed_of(given: Given, seed: int, take: int) -> int:
    """The seed of one composition, 0 to 2**63 - 1, from all that tells it from others."""
    digest = hashlib.sha256(f"{seed} {take}".encode())
    for array in (given.pitches, given.onsets, given.mask, given.bars, given.fermatas):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(given.collection.tobytes())
    return int.from_bytes(digest.digest()[:8], "little") >> 1


def _runs(requests: list[_Request]) -> Iterator[list[_Request]]:
    """Requests of one length together, at most `RUN_STEPS` in a run, or one request."""
    by_length: dict[int, list[_Request]] = {}
    for one in requests:
        by_length.setdefault(one.given.steps, []).append(one)
    for steps, alike in sorted(by_length.items()):
        most = max(1, RUN_STEPS // steps)
        for start in range(0, len(alike), most):
            yield alike[start : start + most]


def _check_shape(batch: Given, pitches: Pitches, onsets: Flags) -> None:
    """Refuse an answer of another form than the question, or one that changed what was given."""
    shape = batch.pitches.shape
    if np.shape(pitches) != shape or np.shape(onsets) != shape:
        raise ModelError(
            f"the model answered pitches of shape {np.shape(pitches)} and onsets of shape "
            f"{np.shape(onsets)} for a batch of {shape}"
        )
    given = batch.mask
    if (pitches[given] != batch.pitches[given]).any() or (
        onsets[given] != batch.onsets[given]
    ).any():
        raise ModelError("the model changed notes that were given to it")


def _score(melody: Score, pitches: Pitches, onsets: Flags) -> Score:
    """The composition without its padding."""
    try:
        return replace(melody, pitches=pitches[: melody.steps], onsets=onsets[: melody.steps])
    except ScoreError as error:
        raise ModelError(f"the model's answer is not a score: {error}") from None
