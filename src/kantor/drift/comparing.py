"""How far the melodies that came in lie from the training's: a distance per feature, and checks.

Conventions
-----------
Distances are 0 (alike) to 1 (nothing in common). Of numbers it is the Kolmogorov-Smirnov
statistic, the greatest difference of the two cumulated distributions; of names (key, meter) and
of histograms the total variation, histograms being means over the melodies. With 50 of the
training's own melodies the distances reach 0.2 (range), 0.24 (key) and 0.04 (interval) by chance
alone; that is why the thresholds differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kantor.data import corpus
from kantor.data.checks.outcomes import Outcome
from kantor.drift.features import COLUMNS, INTERVALS, PITCH_CLASSES, features
from kantor.metrics.distances import total_variation

if TYPE_CHECKING:
    import pandas as pd

    from kantor.settings import Drift

_NUMBERS = {"range": ("lowest", "highest", "range"), "density": ("density",)}
_HISTOGRAMS = {"pitch_class": PITCH_CLASSES, "interval": INTERVALS}


@dataclass(frozen=True)
class Drifting:
    """What a comparison found.

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
        told = [f"{name} {self.distances[name]:.2f}" for name in self.beyond]
        verdict = f"beyond the threshold: {', '.join(told)}" if told else "like the training's"
        return f"the last {self.melodies} melodies: {verdict}"


def training(scores: Path) -> pd.DataFrame:
    """The features of the training sopranos, one row a piece, in their own keys.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    import pandas as pd

    pieces = [one for one in corpus.load(scores) if one.split == "train" and not one.transposition]
    # A corpus that was transposed as a whole has no piece in its own key.
    chosen = pieces or [one for one in corpus.load(scores) if one.split == "train"]
    return pd.DataFrame([features(one.score) for one in chosen], columns=list(COLUMNS))


def compare(came: pd.DataFrame, known: pd.DataFrame, limits: Drift) -> Drifting:
    """Compare melodies that came in with those of the training, both as rows of features."""
    thresholds = {str(name): value for name, value in limits.thresholds.items()}
    if len(came) < limits.least or not len(known):
        return Drifting(len(came), {}, thresholds)
    from kantor.drift.checks import check

    distances = {name: distance(name, came, known) for name in thresholds}
    outcomes = check(came, known, limits.mostly)
    return Drifting(len(came), distances, thresholds, tuple(outcomes))


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
