"""Let a model compose under every soprano of a split, a batch of pieces at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kantor.music.given import Given, stack
from kantor.music.score import VOICES, Flags, Pitches, Score, ScoreError

Model = Callable[[Given, NDArray[np.int64]], tuple[Pitches, Flags]]

BATCH = 32
SOPRANO = 0


def ask(score: Score) -> Given:
    """The whole soprano given, everything else asked for.

    Parameters
    ----------
    score : Score
        Of four voices. Where its key is not known, it is estimated from the soprano alone.
    """
    mask = np.zeros((score.steps, len(VOICES)), bool)
    mask[:, SOPRANO] = True
    if score.key is not None:
        return Given.from_score(score, mask)
    from kantor.music.key import estimate

    key = estimate(score.pitches[:, [SOPRANO]])
    return Given.from_score(score, mask, key.collection)


def compose(model: Model, scores: Sequence[Score], seeds: Sequence[int]) -> list[Score]:
    """One composition for each score's soprano.

    Pieces of like length share a batch, padded to its longest; the padding is cut off again.

    Parameters
    ----------
    model
        Takes a batch of requests and ``(batch,) int64`` seeds; answers with pitches
        ``(batch, time, voice) int8`` and onsets ``(batch, time, voice) bool``.
    scores, seeds
        As many seeds as scores.

    Returns
    -------
    list of Score
        In the order of `scores`, with their meters, keys, tempi and titles.

    Raises
    ------
    ScoreError
        If the model changed a cell that was given.
    """
    by_length = sorted(range(len(scores)), key=lambda index: (scores[index].steps, index))
    composed: dict[int, Score] = {}
    for first in range(0, len(by_length), BATCH):
        rows = by_length[first : first + BATCH]
        given = stack([ask(scores[row]) for row in rows])
        pitches, onsets = model(given, np.array([seeds[row] for row in rows], np.int64))
        for place, row in enumerate(rows):
            steps = scores[row].steps
            composed[row] = _take(scores[row], pitches[place, :steps], onsets[place, :steps])
    return [composed[row] for row in range(len(scores))]


def _take(score: Score, pitches: Pitches, onsets: Flags) -> Score:
    same = np.array_equal(pitches[:, SOPRANO], score.pitches[:, SOPRANO])
    if not (same and np.array_equal(onsets[:, SOPRANO], score.onsets[:, SOPRANO])):
        raise ScoreError(f"{score.title or 'score'}: the model changed notes that were given")
    return replace(score, pitches=pitches, onsets=onsets)


def share_changed(takes: Sequence[Score], others: Sequence[Score]) -> float:
    """Share of the composed cells whose pitch differs between two takes of the same sopranos."""
    changed = cells = 0
    for take, other in zip(takes, others, strict=True):
        differs = take.pitches[:, SOPRANO + 1 :] != other.pitches[:, SOPRANO + 1 :]
        changed += int(np.count_nonzero(differs))
        cells += differs.size
    return changed / cells if cells else float("nan")
