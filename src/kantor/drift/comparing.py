"""How far the melodies that came in lie from the training's: a distance per feature, and checks.

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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data import corpus
from kantor.data.checks.outcomes import Outcome
from kantor.data.checks.run import quiet_library, run
from kantor.drift.features import COLUMNS, INTERVALS, NAMES, PITCH_CLASSES, features
from kantor.metrics.distances import total_variation

if TYPE_CHECKING:
    import pandas as pd

    from kantor.settings import Drift

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
    """What a comparison with the training gave.

    Attributes
    ----------
    melodies : int
        How many came in; nothing was compared if they were too few.
    distances, thresholds : mapping
        By feature.
    outcomes : tuple of Outcome
        Of the checks with great_expectations.
    """

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
        parts = [f"**{self.line}**"]
        if self.distances:
            rows = [
                (name, f"{value:.3f}", f"{self.thresholds[name]:g}", "yes" * (name in self.beyond))
                for name, value in self.distances.items()
            ]
            parts += ["Distances from the training's melodies (0 alike, 1 nothing in common):"]
            parts += [_table(("feature", "distance", "threshold", "beyond"), rows)]
        if self.outcomes:
            checks = [
                (one.sentence, one.expected, one.found, "holds" if one.success else "**fails**")
                for one in self.outcomes
            ]
            parts += ["Expectations (great_expectations):"]
            parts += [_table(("what", "expected", "found", ""), checks)]
        return "\n\n".join(parts) + "\n"


def training(scores: Path) -> pd.DataFrame:
    """The features of the training's leading lines, one row a piece, in their own keys.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
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
    with quiet_library():
        table = came.reset_index(drop=True)
        table.insert(0, "melody", [str(row) for row in table.index])
        outcomes = run({"melodies": table}, {"melodies": _suite(known, limits.mostly)})
    return DriftReport(len(came), distances, thresholds, tuple(outcomes))


def distance(name: str, came: pd.DataFrame, known: pd.DataFrame) -> float:
    """The distance of one feature."""
    if name in _NUMBERS:
        pairs = ((came[one], known[one]) for one in _NUMBERS[name])
        return max(_kolmogorov_smirnov(a.to_numpy(float), b.to_numpy(float)) for a, b in pairs)
    if name in _HISTOGRAMS:
        columns = list(_HISTOGRAMS[name])
        return total_variation(came[columns].mean(), known[columns].mean())
    values = sorted({*came[name], *known[name]})
    shares = [side[name].value_counts(normalize=True).reindex(values) for side in (came, known)]
    return total_variation(*(side.fillna(0).to_numpy() for side in shares))


def _kolmogorov_smirnov(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    values = np.unique(np.concatenate([first, second]))
    shares = [
        np.searchsorted(np.sort(side), values, side="right") / side.size for side in (first, second)
    ]
    return float(np.abs(shares[0] - shares[1]).max())


def _suite(known: pd.DataFrame, mostly: float) -> list[Any]:
    """Checks that a share `mostly` of the melodies lies where those of `known` do."""
    from kantor.data.checks.expectations import among, between

    share = f"for {mostly:.0%} of the melodies"
    checks = []
    for name, sentence in _SENTENCES.items():
        low, high = (float(known[name].quantile(at)) for at in _USUAL)
        limits = {"min_value": low, "max_value": high, "mostly": mostly}
        checks.append(between(name, sentence, f"{low:g} to {high:g}, {share}", name, **limits))
    for name in NAMES:
        values = sorted(set(known[name]))
        expected = f"one of the training's {len(values)}, {share}"
        checks.append(among(name, name.capitalize(), expected, name, values, mostly=mostly))
    return checks


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; what would end a cell is written so that it does not."""
    cells = [
        [" ".join(text.replace("|", "\\|").split()) for text in row]
        for row in (head, ["---"] * len(head), *rows)
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
