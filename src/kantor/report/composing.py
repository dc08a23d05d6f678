"""Let a model compose what is not given of every piece: to whole melodies, and in other tasks.

Conventions
-----------
A *task* is named by what is given of a piece, and its mask is True there. Its figures are means
over windows of two bars, of the generated and of the real music in the same places: the windows of
the reference protocol where whole lines are composed, the open bars where a gap is. The gap's
window takes in the step before and the step after it, so that a parallel into or out of it counts;
chords are looked at on its own beats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.corpus import Corpus, Piece
from kantor.ensemble import Ensemble
from kantor.errors import ModelError
from kantor.metrics.musical import KEY_METRICS, evaluate_passages, evaluate_windows
from kantor.metrics.passages import Passages
from kantor.music.conditioning import Conditioning, stack
from kantor.music.excerpts import excerpt
from kantor.music.key import key_of, likely
from kantor.music.score import REST, Flags, Pitches, Score
from kantor.settings import Evaluate

if TYPE_CHECKING:
    import pandas as pd

Model = Callable[[Conditioning, NDArray[np.int64]], tuple[Pitches, Flags]]
"""Takes a batch of conditionings and ``(batch,) int64`` seeds; returns pitches ``(batch, time,
line) int8`` and onsets ``(batch, time, line) bool``."""

BATCH = 32
PIECES = 24
"""Of how many pieces at most the other tasks are composed."""
MELODY_ONLY = ("unet",)
"""Presets that can do no other task."""
DRUMS, NOTHING, GAP = "drums", "nothing", "two_bars_open"


def line_mask(score: Score, lines: Sequence[int]) -> Flags:
    """The mask of a task, ``(time, line)``: whole `lines` given, the rest to be composed."""
    mask = np.zeros(score.pitches.shape, bool)
    mask[:, list(lines)] = True
    return mask


def melody_mask(score: Score) -> Flags:
    """The mask of the usual task: the melody given."""
    return line_mask(score, [score.ensemble.leads])


def held_out(corpus: Corpus, settings: Evaluate) -> list[Piece]:
    """The pieces that are composed anew, in their order.

    Those of the split, at most ``settings.pieces`` by chance; of a longer one ``settings.bars``
    bars from one of its bars on, by chance too. The seed decides.
    """
    pieces = [piece for piece in corpus if piece.split == settings.split]
    rng = np.random.default_rng(settings.seed)
    if settings.pieces is not None and len(pieces) > settings.pieces:
        chosen = rng.choice(len(pieces), settings.pieces, replace=False)
        pieces = [pieces[row] for row in sorted(chosen.tolist())]
    if settings.bars is None:
        return pieces
    return [replace(one, score=_stretch(one.score, settings.bars, rng)) for one in pieces]


def compose_takes(model: Model, scores: Sequence[Score], settings: Evaluate) -> list[Score]:
    """All takes of all scores, the second take of the first score after the first of the last."""
    every = [*scores] * settings.takes
    return compose(model, every, [settings.seed + row for row in range(len(every))])


def _stretch(score: Score, bars: int, rng: np.random.Generator) -> Score:
    lines = score.bar_lines.tolist()
    if len(lines) <= bars:
        return score
    first = int(rng.integers(len(lines) - bars))
    return excerpt(score, lines[first] if first else 0, lines[first + bars])


def compose(
    model: Model,
    scores: Sequence[Score],
    seeds: Sequence[int],
    masks: Sequence[Flags] | None = None,
) -> list[Score]:
    """One composition for each score, with its meter, key, tempo and title.

    Pieces of like length share a batch, padded to its longest; the padding is cut off again. A
    key that is not known is estimated from the melody.

    Parameters
    ----------
    model
    scores, seeds
        As many seeds as scores.
    masks
        What is given of each score, ``(time, line) bool``; by default its melody.

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
        given = stack([_conditioning(scores[row], masks[row]) for row in rows])
        pitches, onsets = model(given, np.array([seeds[row] for row in rows], np.int64))
        for place, row in enumerate(rows):
            take = pitches[place, : scores[row].steps], onsets[place, : scores[row].steps]
            composed[row] = _take(scores[row], masks[row], *take)
    return [composed[row] for row in range(len(scores))]


def _conditioning(score: Score, mask: Flags) -> Conditioning:
    melody = score.pitches[:, [score.ensemble.leads]]
    key = key_of(score)
    # A chorale's key has its signature; of its tonic the melody knows more.
    return Conditioning.from_score(score, mask, key, likely(melody, key)[0][0].tonic)


def _take(score: Score, mask: Flags, pitches: Pitches, onsets: Flags) -> Score:
    same = np.array_equal(pitches[mask], score.pitches[mask])
    if not (same and np.array_equal(onsets[mask], score.onsets[mask])):
        raise ModelError(f"{score.title or 'score'}: the model changed notes that were given")
    return replace(score, pitches=pitches, onsets=onsets)


def tasks(ensemble: Ensemble) -> dict[str, Callable[[Score], Flags]]:
    """Masks of a score, by task: one inner line given, the bass, the drums if there are any,
    nothing, all but two bars."""
    single = [line for line in ensemble.others if line in (ensemble.others[0], ensemble.bass)]
    masks = {ensemble.names[line]: partial(line_mask, lines=[line]) for line in single}
    drums = range(ensemble.pitched, len(ensemble))
    if drums:
        masks[DRUMS] = partial(line_mask, lines=drums)
    return {**masks, NOTHING: partial(line_mask, lines=[]), GAP: gap_mask}


def gap(score: Score) -> tuple[int, int]:
    """First step of the two whole bars in the middle, and the first step behind them.

    A piece of fewer bars is open from its first bar line to its end.
    """
    lines = [*(score.bar_lines.tolist() or [0]), score.steps]
    first = max(0, (len(lines) - 3) // 2)
    return int(lines[first]), int(lines[min(first + 2, len(lines) - 1)])


def gap_mask(score: Score) -> Flags:
    """Everything given but the two bars in the middle, in all lines.

    A note that begins in them and is held beyond them is open to its end: the rest of a note
    whose beginning is composed anew cannot be given.
    """
    start, stop = gap(score)
    given = np.ones(score.pitches.shape, bool)
    given[start:stop] = False
    for step in range(stop, score.steps):
        held = ~given[step - 1] & ~score.onsets[step] & (score.pitches[step] != REST)
        given[step] = ~held
    return given


def evaluate_tasks(
    model: Model, real: Sequence[Score], generated: Sequence[Score], seeds: Sequence[int]
) -> dict[str, Any]:
    """What a model makes of each task, beside the real music.

    Parameters
    ----------
    model
    real
        Whole pieces of one ensemble. At most `PIECES` of them, evenly spread, are used.
    generated
        What the model composed to their melodies: the task to compare the others with.
    seeds
        One a piece, the same in every task.

    Returns
    -------
    dict
        By task, the melody's line first: ``pieces``, and the means ``generated`` and ``real`` of
        `kantor.metrics.musical.KEY_METRICS`.
    """
    count, ensemble = min(PIECES, len(real)), real[0].ensemble
    rows = spread(len(real), count)
    pieces = [real[row] for row in rows]
    masks = tasks(ensemble)
    composed = compose(
        model,
        pieces * len(masks),
        [seeds[row] for row in rows] * len(masks),
        [mask(score) for mask in masks.values() for score in pieces],
    )
    takes = {ensemble.names[ensemble.leads]: [generated[row] for row in rows]}
    for place, task in enumerate(masks):
        takes[task] = composed[place * count : (place + 1) * count]
    return {
        task: {"pieces": count, "generated": _means(task, made), "real": _means(task, pieces)}
        for task, made in takes.items()
    }


def spread(total: int, count: int) -> list[int]:
    """Places of `count` pieces of `total`, evenly spread, away from both ends."""
    return [total * (2 * index + 1) // (2 * count) for index in range(count)]


def _means(task: str, scores: Sequence[Score]) -> dict[str, float]:
    means = (_gaps(scores) if task == GAP else evaluate_windows(scores)).mean()
    return {name: float(means[name]) for name in KEY_METRICS if name in means}


def _gaps(scores: Sequence[Score]) -> pd.DataFrame:
    """Every metric of each piece's two open bars, a row a piece."""
    import pandas as pd

    rows = []
    for score in scores:
        start, stop = gap(score)
        first, last = max(start - 1, 0), min(stop + 1, score.steps)
        passage = Passages.of(score, [first], last - first)
        inside = (np.arange(first, last) >= start) & (np.arange(first, last) < stop)
        figures = evaluate_passages(replace(passage, beats=passage.beats & inside))
        rows.append({name: float(values[0]) for name, values in figures.items()})
    return pd.DataFrame(rows)
