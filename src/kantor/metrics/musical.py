"""The musical metrics of a score: one table of names, one call.

The task: say in figures whether the lines of a piece behave as those of real music do. No figure
here is a mark; each is read beside the same figure of real pieces and of naive baselines
(`kantor.metrics.baselines`). Empty bars, polyphony and scale hardly separate good from bad;
parallels, clashes, chords, crossing and leaps do.

Conventions
-----------
A metric that needs more pitched lines than the ensemble has is left out (`Metric.lines`). Shares
are 0 to 1. NaN means that there was nothing to count: a silent passage has no chords.

The *reference protocol*, by which the published reference values were made: windows of 32 steps
end to end from the first whole bar, the rest at the end dropped, each metric's mean over windows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.metrics import chords, lines
from kantor.metrics.passages import WINDOW_STEPS, Figures, Passages, window_starts
from kantor.music.score import Score

if TYPE_CHECKING:
    import pandas as pd


class Metric(NamedTuple):
    """What a person calls a metric, how it is counted, and how many pitched lines it needs."""

    label: str
    measure: Callable[[Passages], Figures]
    lines: int = 1


JOINT: dict[str, Metric] = {
    "empty_bars": Metric("empty bars", lines.empty_bars),
    "pitch_classes": Metric("pitch classes per bar", lines.pitch_classes_per_bar),
    "in_best_scale": Metric("notes in the best-fitting key", chords.in_best_scale),
    "in_c_major": Metric("notes in C major", chords.in_c_major),
    "four_pitches": Metric("four distinct pitches sounding", lines.four_distinct_pitches, 4),
    "tonal_distance": Metric("tonal distance between voices", chords.tonal_distance, 2),
    "crossing": Metric("voice crossing", lines.crossing, 2),
    "parallel_fifths": Metric("parallel fifths per 100 steps", lines.parallel_fifths, 2),
    "parallel_octaves": Metric("parallel octaves per 100 steps", lines.parallel_octaves, 2),
    "semitone_clash": Metric("semitone clash on beats", chords.semitone_clash),
    "triad_or_seventh": Metric("beats in a triad or seventh chord", chords.triad_or_seventh),
    "complete_triads": Metric("beats on a complete triad", chords.complete_triads),
}
"""Metrics of all pitched lines together, one figure a passage."""
BY_LINE: dict[str, Metric] = {
    "stepwise": Metric("stepwise motion", lines.stepwise),
    "leaps": Metric("leaps of a fourth or more", lines.leaps),
    "notes": Metric("notes per 16 steps", lines.notes_per_bar),
}
"""Metrics of each pitched line by itself, named such as ``leaps_bass``; a figure a line."""
KEY_METRICS = (
    "parallel_fifths",
    "parallel_octaves",
    "semitone_clash",
    "triad_or_seventh",
    "complete_triads",
    "crossing",
)
"""Those of `JOINT` that tell good from bad at a glance."""


def joint(ensemble: Ensemble) -> dict[str, Metric]:
    """Those of `JOINT` for which the ensemble has lines enough."""
    return {name: one for name, one in JOINT.items() if one.lines <= ensemble.pitched}


def labels(ensemble: Ensemble) -> dict[str, str]:
    """What a person calls each metric of an ensemble, by its name, in the order of the tables."""
    return {name: one.label for name, one in joint(ensemble).items()} | {
        f"{name}_{line}": f"{one.label}, {line}"
        for name, one in BY_LINE.items()
        for line in ensemble.names[: ensemble.pitched]
    }


def headline(ensemble: Ensemble) -> tuple[str, ...]:
    """The figures to look at first: `KEY_METRICS`, and the leaps of the bass.

    The last one, the mean overlap of the distributions, is not a metric of a passage.
    """
    bass = () if ensemble.bass is None else (f"leaps_{ensemble.names[ensemble.bass]}",)
    return (*(name for name in KEY_METRICS if name in joint(ensemble)), *bass, "overlap")


LABELS = labels(SATB)
HEADLINE = headline(SATB)


def evaluate_passages(passages: Passages) -> dict[str, Figures]:
    """Every metric of every passage, each ``(passage,) float64``, in the order of `labels`."""
    names = passages.ensemble.names
    figures = {name: metric.measure(passages) for name, metric in joint(passages.ensemble).items()}
    for name, metric in BY_LINE.items():
        values = metric.measure(passages)
        figures |= {f"{name}_{line}": own for line, own in zip(names, values.T, strict=False)}
    return figures


def evaluate(score: Score) -> dict[str, float]:
    """Every metric of a whole piece, in the order of `labels`."""
    return {
        name: float(values[0]) for name, values in evaluate_passages(Passages.of(score)).items()
    }


def evaluate_windows(scores: Iterable[Score]) -> pd.DataFrame:
    """Every metric of every window of the reference protocol.

    Parameters
    ----------
    scores : iterable of Score
        All of the same ensemble.

    Returns
    -------
    DataFrame
        A row a window, indexed by ``piece`` (place in `scores`) and ``start`` (step), a column a
        metric in the order of `labels`. ``.mean()`` is the reference protocol's figure.

    Raises
    ------
    InputError
        If a piece has other lines than the others.
    """
    import pandas as pd

    batches: dict[int, list[Passages]] = defaultdict(list)
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for piece, score in enumerate(scores):
        length = min(WINDOW_STEPS, score.steps)
        starts = window_starts(score)
        batches[length].append(Passages.of(score, starts, length))
        places[length] += [(piece, start) for start in starts]
    if len({one.ensemble.names for batch in batches.values() for one in batch}) > 1:
        raise InputError("pieces with different lines cannot be evaluated in one table")
    frames = [
        pd.DataFrame(
            evaluate_passages(Passages.joined(parts)),
            index=pd.MultiIndex.from_tuples(places[length], names=["piece", "start"]),
        )
        for length, parts in batches.items()
    ]
    return pd.concat(frames).sort_index() if frames else pd.DataFrame(columns=list(LABELS))
