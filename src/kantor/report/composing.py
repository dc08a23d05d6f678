"""Let a model compose what is not given of every piece, a batch of pieces at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kantor.errors import ModelError
from kantor.music.conditioning import Conditioning, stack
from kantor.music.key import estimate
from kantor.music.score import Flags, Pitches, Score

Model = Callable[[Conditioning, NDArray[np.int64]], tuple[Pitches, Flags]]

BATCH = 32


def line_mask(score: Score, lines: Sequence[int]) -> Flags:
    """The mask of a task, ``(time, line)``: whole `lines` given, the rest to be composed."""
    mask = np.zeros(score.pitches.shape, bool)
    mask[:, list(lines)] = True
    return mask


def melody_mask(score: Score) -> Flags:
    """The mask of the usual task: the melody given."""
    return line_mask(score, [score.ensemble.leads])


def conditioning(score: Score, mask: Flags) -> Conditioning:
    """What a model is given of a score; a key that is not known is estimated from the melody.

    Parameters
    ----------
    score : Score
    mask : (time, line) bool
        True = given, False = to be composed.
    """
    if score.key is not None:
        return Conditioning.from_score(score, mask)
    key = estimate(score.pitches[:, [score.ensemble.leads]])
    return Conditioning.from_score(score, mask, key.major_tonic)


def compose(
    model: Model,
    scores: Sequence[Score],
    seeds: Sequence[int],
    masks: Sequence[Flags] | None = None,
) -> list[Score]:
    """One composition for each score.

    Pieces of like length share a batch, padded to its longest; the padding is cut off again.

    Parameters
    ----------
    model
        Takes a batch of conditionings and ``(batch,) int64`` seeds; returns pitches
        ``(batch, time, line) int8`` and onsets ``(batch, time, line) bool``.
    scores, seeds
        As many seeds as scores.
    masks
        What is given of each score, ``(time, line) bool``; by default its melody.

    Returns
    -------
    list of Score
        In the order of `scores`, with their meters, keys, tempi and titles.

    Raises
    ------
    ModelError
        If the model changed a cell that was given.
    """
    masks = [melody_mask(score) for score in scores] if masks is None else masks
    by_length = sorted(range(len(scores)), key=lambda index: (scores[index].steps, index))
    composed: dict[int, Score] = {}
    for first in range(0, len(by_length), BATCH):
        rows = by_length[first : first + BATCH]
        given = stack([conditioning(scores[row], masks[row]) for row in rows])
        pitches, onsets = model(given, np.array([seeds[row] for row in rows], np.int64))
        for place, row in enumerate(rows):
            take = pitches[place, : scores[row].steps], onsets[place, : scores[row].steps]
            composed[row] = _take(scores[row], masks[row], *take)
    return [composed[row] for row in range(len(scores))]


def _take(score: Score, mask: Flags, pitches: Pitches, onsets: Flags) -> Score:
    same = np.array_equal(pitches[mask], score.pitches[mask])
    if not (same and np.array_equal(onsets[mask], score.onsets[mask])):
        raise ModelError(f"{score.title or 'score'}: the model changed notes that were given")
    return replace(score, pitches=pitches, onsets=onsets)


def share_changed(takes: Sequence[Score], others: Sequence[Score]) -> float:
    """Share of the composed cells whose pitch differs between two takes of the same melodies."""
    differs = [
        (take.pitches != other.pitches)[~melody_mask(take)]
        for take, other in zip(takes, others, strict=True)
    ]
    return float(np.concatenate(differs).mean()) if differs else float("nan")
