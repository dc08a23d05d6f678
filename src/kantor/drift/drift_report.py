"""How far melodies that came in lie from the training's, and whether drift stays.

Conventions
-----------
Distances are 0 (alike) to 1 (nothing in common). Of numbers it is the Kolmogorov-Smirnov
statistic, the greatest difference of the two cumulated distributions; of names (key, meter) and
of histograms the total variation, histograms being means over the melodies. With 50 of the
training's own melodies the distances reach 0.2 (range), 0.24 (key) and 0.04 (interval) by chance
alone; that is why the thresholds differ. The checks are those of great_expectations: a melody is
unusual where a feature lies beyond nearly all of the training's values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kantor.data import corpus
from kantor.data.checks.outcomes import Outcome
from kantor.data.checks.run import run
from kantor.drift import melody_features
from kantor.drift.melody_features import COLUMNS, INTERVALS, NAMES, PITCH_CLASSES, features
from kantor.errors import one_line
from kantor.files import save
from kantor.metrics.distances import total_variation

if TYPE_CHECKING:
    import pandas as pd

    from kantor.settings import Drift

STATE = "state.json"
_NUMBERS = {"range": ("lowest", "highest", "range"), "density": ("density",)}
_HISTOGRAMS = {"pitch_class": PITCH_CLASSES, "interval": INTERVALS}
_USUAL = (0.01, 0.99)  # quantiles of the training's values
_SENTENCES = {
    "lowest": "Lowest note",
    "highest": "Highest note",
    "range": "Semitones from the lowest to the highest note",
    "density": "Notes a quarter",
}


@dataclass(frozen=True)
class DriftReport:
    """What a comparison with the training gave, by feature; nothing if too few melodies came in."""

    melodies: int
    distances: Mapping[str, float]
    thresholds: Mapping[str, float]
    outcomes: tuple[Outcome, ...] = ()

    @property
    def beyond(self) -> list[str]:
        """Features whose distance is over the threshold."""
        return [name for name, value in self.distances.items() if value > self.thresholds[name]]

    @property
    def line(self) -> str:
        """One line for a person."""
        if not self.distances:
            return f"{self.melodies} melodies: too few to compare"
        distances = ", ".join(f"{name} {self.distances[name]:.2f}" for name in self.beyond)
        verdict = f"beyond the threshold: {distances}" if distances else "like the training's"
        return f"the last {self.melodies} melodies: {verdict}"

    @property
    def markdown(self) -> str:
        """The verdict, the distances, and what great_expectations found."""
        if not self.distances:
            return f"**{self.line}**\n"
        distances = [
            (name, f"{value:.3f}", f"{self.thresholds[name]:g}", "yes" * (name in self.beyond))
            for name, value in self.distances.items()
        ]
        checks = [
            (one.sentence, one.expected, one.found, "holds" if one.success else "**fails**")
            for one in self.outcomes
        ]
        one = _table(("feature", "distance", "threshold", "beyond"), distances)
        other = _table(("what", "expected", "found", ""), checks)
        head = "Distances from the training's melodies (0 alike, 1 nothing in common):"
        return f"**{self.line}**\n\n{head}\n\n{one}\n\nExpectations:\n\n{other}\n"


def training(scores: Path) -> pd.DataFrame:
    """The features of the training's leading lines, one row a piece, in their own keys."""
    import pandas as pd

    pieces = [piece for piece in corpus.load(scores) if piece.split == "train"]
    # A corpus that was transposed as a whole has no piece in its own key.
    pieces = [piece for piece in pieces if not piece.transposition] or pieces
    return pd.DataFrame([features(piece.score) for piece in pieces], columns=list(COLUMNS))


def compare(came: pd.DataFrame, known: pd.DataFrame, limits: Drift) -> DriftReport:
    """Compare melodies that came in with those of the training, both as rows of features."""
    thresholds = {str(name): value for name, value in limits.thresholds.items()}
    if len(came) < limits.least or not len(known):
        return DriftReport(len(came), {}, thresholds)
    distances = {name: distance(name, came, known) for name in thresholds}
    table = came.reset_index(drop=True)
    table.insert(0, "melody", [str(row) for row in table.index])
    outcomes = run({"melodies": table}, {"melodies": _suite(known, limits.mostly)})
    return DriftReport(len(came), distances, thresholds, tuple(outcomes))


def distance(name: str, came: pd.DataFrame, known: pd.DataFrame) -> float:
    """The distance of one feature."""
    if name in _HISTOGRAMS:
        columns = list(_HISTOGRAMS[name])
        return float(total_variation(came[columns].mean(), known[columns].mean()))
    kolmogorov_smirnov = []
    for column in _NUMBERS.get(name, (name,)):
        sides = [side[column].value_counts(normalize=True) for side in (came, known)]
        values = sorted({*sides[0].index, *sides[1].index})
        one, other = (side.reindex(values, fill_value=0.0).to_numpy() for side in sides)
        if name in NAMES:
            return float(total_variation(one, other))
        kolmogorov_smirnov.append(float(np.abs(np.cumsum(one - other)).max()))
    return max(kolmogorov_smirnov)


def _suite(known: pd.DataFrame, mostly: float) -> list[Any]:
    """Checks that a share `mostly` of the melodies lies where those of `known` do."""
    from kantor.data.checks.expectations import among, between

    share = f"for {mostly:.0%} of the melodies"
    checks = []
    for name, sentence in _SENTENCES.items():
        low, high = (float(known[name].quantile(at)) for at in _USUAL)
        limits: dict[str, Any] = {"min_value": low, "max_value": high, "mostly": mostly}
        checks.append(between(name, f"{low:g} to {high:g}, {share}", name, sentence, **limits))
    for name in NAMES:
        values = sorted(set(known[name]))
        expected = f"one of the training's {len(values)}, {share}"
        words = name, expected, name, name.capitalize()
        checks.append(among(*words, value_set=values, mostly=mostly))
    return checks


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; what would end a cell is written so that it does not."""
    lines = (head, ["---"] * len(head), *rows)
    cells = ((one_line(text.replace("|", "\\|"), 1000) for text in line) for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def watch(folder: Path, drifting: bool, in_a_row: int, retrain: Callable[[str], object]) -> bool:
    """Count one more check in a small file of the log's folder; whether it requested retraining.

    It does so once, when drift has been found `in_a_row` times, and then not again before melodies
    were found to be alike. A check that has seen no new melody counts for nothing.

    Parameters
    ----------
    retrain
        Requests retraining. It is given a key, which is the same whenever this check is repeated
        because `retrain` failed or the process was killed: nothing is recorded until it returns.
    """
    try:
        state = json.loads((folder / STATE).read_text())
        part, count, requested = state["newest"], int(state["in_a_row"]), state["requested"]
    except (OSError, ValueError, LookupError, TypeError):  # costs a few checks, not the flow
        part, count, requested = "", 0, False
    now = melody_features.newest(folder)
    if now == part:
        return False
    count = count + 1 if drifting else 0
    due = count >= in_a_row and not requested
    if due:
        retrain(f"drift after {part or now}")
    state = {"newest": now, "in_a_row": count, "requested": drifting and (requested or due)}
    save(folder / STATE, lambda stream: stream.write(json.dumps(state).encode()))
    return due
