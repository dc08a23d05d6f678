"""The musical metrics of a score: one table of names, one call.

The task: say in figures whether the lines of a piece behave as those of real music do. No figure
here is a mark; each is read beside the same figure of real pieces and of naive baselines
(`kantor.metrics.baselines`). Empty bars, polyphony and scale hardly separate good from bad;
parallels, clashes, chords, crossing and leaps do.

Conventions
-----------
A *passage* is a whole piece or a window cut from one. Bars and beats come from the score's own
bar lines and meter (a beat of 6/8 is a dotted quarter), so pickups, 3/4 and 6/8 need no care.
Only pitched lines are looked at; a metric that needs more of them than the ensemble has is left
out (`Metric.lines`). Shares are 0 to 1. NaN means that there was nothing to count: a silent
passage has no chords.

The *reference protocol*, by which the published reference values were made: windows of 32 steps
end to end from the first whole bar, the rest at the end dropped, each metric's mean over windows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.metrics import chords, motion, texture
from kantor.metrics.counting import Figures
from kantor.music.score import Flags, Pitches, Score

if TYPE_CHECKING:
    import pandas as pd

WINDOW_STEPS = 32


@dataclass(frozen=True, eq=False)
class Passages:
    """Passages of equal length, with what the metrics need to know of them.

    Attributes
    ----------
    pitches : (passage, time, line) int8
        Of the pitched lines.
    onsets : (passage, time, line) bool
    bars : (passage, time, 2) int16
        Steps since the bar line and the bar's length.
    beats : (passage, time) bool
        True on the first step of each beat.
    ensemble : Ensemble
    """

    pitches: Pitches
    onsets: Flags
    bars: texture.Bars
    beats: Flags
    ensemble: Ensemble = SATB

    @classmethod
    def of(cls, score: Score, starts: Sequence[int], steps: int) -> Passages:
        """The windows of `score` that begin at `starts` and last `steps`."""
        inside = np.asarray(starts, dtype=int)[:, None] + np.arange(steps)
        bars = score.bar_positions[inside]
        beats = bars[..., 0] % score.meter.beat_steps == 0
        pitched = slice(score.ensemble.pitched)
        pitches, onsets = score.pitches[inside, pitched], score.onsets[inside, pitched]
        return cls(pitches, onsets, bars, beats, score.ensemble)

    @classmethod
    def joined(cls, parts: Sequence[Passages]) -> Passages:
        """Several batches of one length and ensemble as one."""
        return cls(
            np.concatenate([part.pitches for part in parts]),
            np.concatenate([part.onsets for part in parts]),
            np.concatenate([part.bars for part in parts]),
            np.concatenate([part.beats for part in parts]),
            parts[0].ensemble,
        )


class Metric(NamedTuple):
    """A metric: what a person calls it, how it is counted, and what it needs.

    Attributes
    ----------
    label : str
    measure : callable
        Takes ``pitches`` and, where `array` names one, that array of `Passages`.
    array : str
    lines : int
        Pitched lines that an ensemble must have at least.
    """

    label: str
    measure: Callable[..., Figures]
    array: str = ""
    lines: int = 1

    def __call__(self, passages: Passages) -> Figures:
        """The figure of each passage; by line, ``(passage, line)``, for those of `BY_LINE`."""
        arrays = [getattr(passages, self.array)] if self.array else []
        return self.measure(passages.pitches, *arrays)


JOINT: dict[str, Metric] = {
    "empty_bars": Metric("empty bars", texture.empty_bars, "bars"),
    "pitch_classes": Metric("pitch classes per bar", texture.pitch_classes_per_bar, "bars"),
    "in_best_scale": Metric("notes in the best-fitting key", chords.in_best_scale),
    "in_c_major": Metric("notes in C major", chords.in_c_major),
    "four_pitches": Metric(
        "four distinct pitches sounding", texture.four_distinct_pitches, lines=4
    ),
    "tonal_distance": Metric(
        "tonal distance between voices", chords.tonal_distance, "beats", lines=2
    ),
    "crossing": Metric("voice crossing", motion.crossing, lines=2),
    "parallel_fifths": Metric("parallel fifths per 100 steps", motion.parallel_fifths, lines=2),
    "parallel_octaves": Metric("parallel octaves per 100 steps", motion.parallel_octaves, lines=2),
    "semitone_clash": Metric("semitone clash on beats", chords.semitone_clash, "beats"),
    "triad_or_seventh": Metric(
        "beats in a triad or seventh chord", chords.triad_or_seventh, "beats"
    ),
    "complete_triads": Metric("beats on a complete triad", chords.complete_triads, "beats"),
}
"""Metrics of all pitched lines together."""
BY_LINE: dict[str, Metric] = {
    "stepwise": Metric("stepwise motion", motion.stepwise),
    "leaps": Metric("leaps of a fourth or more", motion.leaps),
    "notes": Metric("notes per 16 steps", texture.notes_per_bar, "onsets"),
}
"""Metrics of each pitched line by itself, named such as ``leaps_bass``."""


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
    """The figures to look at first: what tells good from bad.

    The last one, the mean overlap of the distributions, is not a metric of a passage.
    """
    names = (
        "parallel_fifths",
        "parallel_octaves",
        "semitone_clash",
        "triad_or_seventh",
        "complete_triads",
        "crossing",
    )
    bass = () if ensemble.bass is None else (f"leaps_{ensemble.names[ensemble.bass]}",)
    return (*(name for name in names if name in joint(ensemble)), *bass, "overlap")


LABELS = labels(SATB)
HEADLINE = headline(SATB)


def evaluate_passages(passages: Passages) -> dict[str, Figures]:
    """Every metric of every passage.

    Returns
    -------
    dict of str to (passage,) float64
        In the order of `labels`.
    """
    figures = {name: metric(passages) for name, metric in joint(passages.ensemble).items()}
    for name, metric in BY_LINE.items():
        values = metric(passages)
        for index in range(values.shape[-1]):
            figures[f"{name}_{passages.ensemble.names[index]}"] = values[..., index]
    return figures


def evaluate(score: Score) -> dict[str, float]:
    """Every metric of a whole piece, in the order of `labels`."""
    figures = evaluate_passages(Passages.of(score, [0], score.steps))
    return {name: float(values[0]) for name, values in figures.items()}


def window_starts(score: Score, steps: int = WINDOW_STEPS) -> list[int]:
    """Where the windows of the reference protocol begin.

    They stand end to end from the first whole bar; what is left at the end is dropped. A piece
    too short for that is one window from its first step, shorter than the others.
    """
    first = int(score.bar_lines[0]) if len(score.bar_lines) else 0
    return list(range(first, score.steps - steps + 1, steps)) or [0]


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
    lines: set[tuple[str, ...]] = set()
    for piece, score in enumerate(scores):
        lines.add(score.ensemble.names)
        length = min(WINDOW_STEPS, score.steps)
        starts = window_starts(score)
        batches[length].append(Passages.of(score, starts, length))
        places[length] += [(piece, start) for start in starts]
    if len(lines) > 1:
        raise InputError("pieces with different lines cannot be evaluated in one table")
    frames = [
        pd.DataFrame(
            evaluate_passages(Passages.joined(parts)),
            index=pd.MultiIndex.from_tuples(places[length], names=["piece", "start"]),
        )
        for length, parts in batches.items()
    ]
    return pd.concat(frames).sort_index() if frames else pd.DataFrame(columns=list(LABELS))
