"""The musical metrics of a score: one table of names, one call.

The task: say in figures whether the lines of a piece behave as those of real music do. No figure
here is a mark; each is read beside the same figure of real pieces and of naive baselines
(`kantor.metrics.baselines`). Empty bars, polyphony and scale hardly separate good from bad;
parallels, clashes, chords, crossing and leaps do.

Conventions
-----------
A metric that is not for an ensemble is left out (`Metric.fits`): it needs more lines, or drums, or
asks what only part-writing or only an accompaniment can answer. Shares are 0 to 1. NaN means that
there was nothing to count: a silent passage has no chords.

The *reference protocol*, by which the published reference values were made: windows of 32 steps
end to end from the first whole bar, the rest at the end dropped, each metric's mean over windows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError
from kantor.metrics import accompaniment, chords
from kantor.metrics import lines as single
from kantor.metrics.passages import WINDOW_STEPS, Figures, Passages, window_starts
from kantor.music.score import Score

if TYPE_CHECKING:
    import pandas as pd


class Metric(NamedTuple):
    """What a person calls a metric, how it is counted, and which ensembles it is for.

    It needs so many pitched `lines` and `drums`, and a `bass` if it says so; `writing` is that of
    the only ensembles that it is for, None for all.
    """

    label: str
    measure: Callable[[Passages], Figures]
    lines: int = 1
    writing: Literal["voices", "accompaniment"] | None = None
    drums: int = 0
    bass: bool = False

    def fits(self, ensemble: Ensemble) -> bool:
        """Whether the metric is for an ensemble."""
        return (
            self.lines <= ensemble.pitched
            and self.drums <= len(ensemble) - ensemble.pitched
            and self.writing in (None, ensemble.writing)
            and not (self.bass and ensemble.bass in (None, ensemble.leads))
        )


_VOICES: Literal["voices"] = "voices"
_UNDER_A_MELODY: Literal["accompaniment"] = "accompaniment"


JOINT: dict[str, Metric] = {
    "empty_bars": Metric("empty bars", single.empty_bars),
    "pitch_classes": Metric("pitch classes per bar", single.pitch_classes_per_bar),
    "in_best_scale": Metric("notes in the best-fitting key", chords.in_best_scale),
    "in_c_major": Metric("notes in C major", chords.in_c_major),
    "four_pitches": Metric("four distinct pitches sounding", single.four_distinct_pitches, 4),
    "tonal_distance": Metric("tonal distance between voices", chords.tonal_distance, 2),
    "crossing": Metric("voice crossing", single.crossing, 2, _VOICES),
    "parallel_fifths": Metric("parallel fifths per 100 steps", single.parallel_fifths, 2, _VOICES),
    "parallel_octaves": Metric(
        "parallel octaves per 100 steps", single.parallel_octaves, 2, _VOICES
    ),
    "semitone_clash": Metric("semitone clash on beats", chords.semitone_clash),
    "triad_or_seventh": Metric("beats in a triad or seventh chord", chords.triad_or_seventh),
    "complete_triads": Metric("beats on a complete triad", chords.complete_triads),
    "chord_tones": Metric(
        "melody notes in the chord", accompaniment.chord_tones, 3, _UNDER_A_MELODY
    ),
    "lead_clash": Metric("melody clashing on beats", accompaniment.lead_clash, 2, _UNDER_A_MELODY),
    "bass_on_roots": Metric(
        "bass on the root of the chord", accompaniment.bass_on_roots, 3, _UNDER_A_MELODY, bass=True
    ),
    "same_notes": Metric(
        "notes kept from bar to bar", accompaniment.same_notes, 2, _UNDER_A_MELODY
    ),
    "same_rhythm": Metric(
        "rhythm kept from bar to bar", accompaniment.same_rhythm, 2, _UNDER_A_MELODY
    ),
    "same_drums": Metric(
        "drum hits kept from bar to bar", accompaniment.same_drums, 1, _UNDER_A_MELODY, drums=1
    ),
}
"""Metrics of all lines together, one figure a passage."""
BY_LINE: dict[str, Metric] = {
    "stepwise": Metric("stepwise motion", single.stepwise),
    "leaps": Metric("leaps of a fourth or more", single.leaps),
    "notes": Metric("notes per 16 steps", single.notes_per_bar),
    "span": Metric("span in semitones", accompaniment.span, writing=_UNDER_A_MELODY),
}
"""Metrics of each pitched line by itself, named such as ``leaps_bass``; a figure a line."""
BY_DRUM: dict[str, Metric] = {
    "hits": Metric(
        "hits per 16 steps", accompaniment.hits_per_bar, writing=_UNDER_A_MELODY, drums=1
    ),
}
"""Metrics of each drum by itself, named such as ``hits_snare``; a figure a drum."""
KEY_METRICS = (
    "parallel_fifths",
    "parallel_octaves",
    "semitone_clash",
    "triad_or_seventh",
    "complete_triads",
    "crossing",
    "chord_tones",
    "lead_clash",
    "bass_on_roots",
    "same_drums",
)
"""Those of `JOINT` that tell good from bad at a glance."""


def joint(ensemble: Ensemble) -> dict[str, Metric]:
    """Those of `JOINT` that are for the ensemble."""
    return {name: one for name, one in JOINT.items() if one.fits(ensemble)}


def by_line(ensemble: Ensemble) -> dict[str, tuple[Metric, tuple[str, ...]]]:
    """Those of `BY_LINE` and `BY_DRUM` that are for the ensemble, each with its lines' names."""
    pitched, drums = ensemble.names[: ensemble.pitched], ensemble.names[ensemble.pitched :]
    return {
        name: (one, lines)
        for table, lines in ((BY_LINE, pitched), (BY_DRUM, drums))
        for name, one in table.items()
        if one.fits(ensemble)
    }


def labels(ensemble: Ensemble) -> dict[str, str]:
    """What a person calls each metric of an ensemble, by its name, in the order of the tables."""
    return {name: one.label for name, one in joint(ensemble).items()} | {
        f"{name}_{line}": f"{one.label}, {line}"
        for name, (one, lines) in by_line(ensemble).items()
        for line in lines
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
    figures = {name: metric.measure(passages) for name, metric in joint(passages.ensemble).items()}
    for name, (metric, lines) in by_line(passages.ensemble).items():
        values = metric.measure(passages)
        figures |= {f"{name}_{line}": own for line, own in zip(lines, values.T, strict=True)}
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
