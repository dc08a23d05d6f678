"""Other givens: the same model asked for other cells than the voices under a soprano.

Conventions
-----------
A *task* is named by what is given of a piece, and its mask is True there. Its figures are means
over windows of two bars, of the generated and of the real music in the same places: the windows of
the reference protocol where whole voices are asked for, the open bars where a gap is. The gap's
window takes in the step before and the step after it, so that a parallel into or out of it counts;
chords are looked at on its own beats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kantor.metrics.musical import Passages, evaluate_passages, evaluate_windows
from kantor.music.score import REST, VOICES, Flags, Score
from kantor.report.composing import Model, compose

if TYPE_CHECKING:
    import pandas as pd

PIECES = 24
METRICS = (
    "triad_or_seventh",
    "complete_triads",
    "semitone_clash",
    "parallel_fifths",
    "parallel_octaves",
    "crossing",
)
SOPRANO_ONLY = ("unet",)  # presets that can do no other task
GAP = "two_bars_open"


def voice_given(voice: int) -> Callable[[Score], Flags]:
    """The task whose one given voice is `voice`."""

    def mask(score: Score) -> Flags:
        """That voice alone."""
        given = np.zeros((score.steps, len(VOICES)), bool)
        given[:, voice] = True
        return given

    return mask


def nothing_given(score: Score) -> Flags:
    """Every cell is asked for; the model knows length, bars, fermatas and key signature."""
    return np.zeros((score.steps, len(VOICES)), bool)


def gap(score: Score) -> tuple[int, int]:
    """First step of the two whole bars in the middle, and the first step behind them.

    A piece of fewer bars is open from its first bar line to its end.
    """
    lines = [*(score.bar_lines.tolist() or [0]), score.steps]
    first = max(0, (len(lines) - 3) // 2)
    return int(lines[first]), int(lines[min(first + 2, len(lines) - 1)])


def gap_open(score: Score) -> Flags:
    """Everything given but the two bars in the middle, in all voices.

    A note that begins in them and is held beyond them is open to its end: the rest of a note
    whose beginning is composed anew cannot be given.
    """
    start, stop = gap(score)
    given = np.ones((score.steps, len(VOICES)), bool)
    given[start:stop] = False
    for step in range(stop, score.steps):
        held = ~given[step - 1] & ~score.onsets[step] & (score.pitches[step] != REST)
        given[step] = ~held
    return given


TASKS: dict[str, Callable[[Score], Flags]] = {
    "alto": voice_given(VOICES.index("alto")),
    "bass": voice_given(VOICES.index("bass")),
    "nothing": nothing_given,
    GAP: gap_open,
}


def other_givens(
    model: Model, real: Sequence[Score], generated: Sequence[Score], seeds: Sequence[int]
) -> dict[str, Any]:
    """What a model makes of each task, beside the real music.

    Parameters
    ----------
    model
        As `kantor.report.composing.compose` takes it.
    real
        Whole pieces of four voices. At most `PIECES` of them, evenly spread, are asked about.
    generated
        What the model composed under their sopranos: the task to compare the others with.
    seeds
        One a piece, the same in every task.

    Returns
    -------
    dict
        By task, ``soprano`` first: ``pieces``, and the means ``generated`` and ``real`` of
        `METRICS`.
    """
    count = min(PIECES, len(real))
    rows = [len(real) * (2 * index + 1) // (2 * count) for index in range(count)]
    pieces = [real[row] for row in rows]
    masks = [mask(score) for mask in TASKS.values() for score in pieces]
    asked = [seeds[row] for row in rows] * len(TASKS)
    composed = compose(model, pieces * len(TASKS), asked, masks)
    takes = {"soprano": [generated[row] for row in rows]}
    for place, task in enumerate(TASKS):
        takes[task] = composed[place * count : (place + 1) * count]
    return {
        task: {"pieces": count, "generated": _means(task, made), "real": _means(task, pieces)}
        for task, made in takes.items()
    }


def _means(task: str, scores: Sequence[Score]) -> dict[str, float]:
    frame = _gaps(scores) if task == GAP else evaluate_windows(scores)
    means = frame.mean()
    return {name: float(means[name]) for name in METRICS}


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
