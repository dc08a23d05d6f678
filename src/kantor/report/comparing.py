"""Generated music beside real music and naive baselines: window by window, metric by metric.

Conventions
-----------
What is compared are the tables of `kantor.report.tables`. A figure is a mean over windows, or the
share of all pieces' chances that are hits. The *spread* is the standard deviation of the same
figure from one real piece to the next. A verdict is one of

``alike``
    Paired over the pieces (the same melody set twice), generated and real differ by less than
    two standard errors: these pieces do not tell them apart.
``in range``
    The difference is seen, but no larger than the spread: a piece like this one could be real.
``outside``
    Larger than that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kantor.metrics.distances import overlap_area
from kantor.metrics.names import is_fault
from kantor.metrics.passages import Figures
from kantor.music.score import Score
from kantor.report.tables import hits_and_chances

if TYPE_CHECKING:
    import pandas as pd

ALIKE, IN_RANGE, OUTSIDE = "alike", "in range", "outside"
STANDARD_ERRORS = 2.0
DRAWS = 40
"""Random draws of training pieces for the spread of a distance."""
BESIDE = ("shuffled", "nearest")
"""The baselines of real parts; the first is what a metric must tell real music from."""


@dataclass(frozen=True)
class Comparison:
    """One metric: the generated figure, the real one with its spread, and the baselines'.

    `error` is the standard error of the paired difference; `overlap` says how much of its
    distribution over windows each body (``generated`` or a baseline) has in common with the real
    one, as `kantor.metrics.distances.overlap_area`; `baseline_error` is the standard error of each
    baseline's paired difference. Of a distance (from the training data) and of a fault
    (`kantor.metrics.names.FAULTS`) less than the real one is no worse.
    """

    generated: float
    real: float
    real_spread: float
    error: float
    baseline: Mapping[str, float]
    overlap: Mapping[str, float] = field(default_factory=dict)
    baseline_error: Mapping[str, float] = field(default_factory=dict)
    is_distance: bool = False
    is_fault: bool = False

    @property
    def verdict(self) -> str:
        """``alike``, ``in range``, ``outside``, or empty where a figure is missing."""
        apart = self.generated - self.real
        apart = max(apart, 0.0) if self.is_distance else abs(apart)
        if not np.isfinite(apart):
            return ""
        if apart <= STANDARD_ERRORS * self.error + 1e-12:
            return ALIKE
        return IN_RANGE if apart <= self.real_spread else OUTSIDE

    @property
    def tells(self) -> bool:
        """Whether the metric tells real parts from shuffled ones; see `kantor.report.beside`."""
        worse = self._shortfall(self.baseline[BESIDE[0]])
        return bool(worse > STANDARD_ERRORS * self.baseline_error[BESIDE[0]] + 1e-12)

    @property
    def better(self) -> bool:
        """Whether the generated figure is better than those of both baselines of real parts."""
        own = self._shortfall(self.generated)
        return all(own < self._shortfall(self.baseline[name]) for name in BESIDE)

    def _shortfall(self, figure: float) -> float:
        """By how much a figure is worse than the real one."""
        return max(figure - self.real, 0.0 if self.is_fault else self.real - figure)

    @property
    def entry(self) -> dict[str, Any]:
        """What ``metrics.json`` holds of it."""
        names = ("generated", "real", "real_spread", "baseline", "verdict")
        return {name: getattr(self, name) for name in names}


def compare_tables(
    generated: pd.DataFrame, real: pd.DataFrame, baselines: Mapping[str, pd.DataFrame]
) -> dict[str, Comparison]:
    """Compare tables of the same pieces, column by column.

    A row is whatever is counted (a window, a phrase end), the first level of the index being the
    ``piece``. Figures are means over rows, spreads and errors those of the pieces' means.
    """
    by_piece, real_by_piece = (frame.groupby(level="piece").mean() for frame in (generated, real))
    spreads, errors = _spreads(by_piece, real_by_piece)
    naive_errors = {
        other: _spreads(frame.groupby(level="piece").mean(), real_by_piece)[1]
        for other, frame in baselines.items()
    }
    bodies = {"generated": generated, **baselines}
    return {
        name: Comparison(
            float(generated[name].mean()),
            float(real[name].mean()),
            float(spreads[name]),
            float(errors[name]),
            {other: float(frame[name].mean()) for other, frame in baselines.items()},
            {other: overlap_area(frame[name], real[name]) for other, frame in bodies.items()},
            {other: float(wrong[name]) for other, wrong in naive_errors.items()},
            is_fault=is_fault(name),
        )
        for name in real.columns
    }


def compare_tallies(
    generated: pd.DataFrame, real: pd.DataFrame, baselines: Mapping[str, pd.DataFrame]
) -> dict[str, Comparison]:
    """Compare tables of tallies of the same pieces, mark by mark.

    Spreads and errors are those of the pieces' shares. Marks for which the real pieces have no
    chance are left out.
    """
    counts, real_counts = hits_and_chances(generated), hits_and_chances(real)
    spreads, errors = _spreads(counts[0] / counts[1], real_counts[0] / real_counts[1])
    made, own = _shares(*counts), _shares(*real_counts)
    naive = {other: _shares(*hits_and_chances(table)) for other, table in baselines.items()}
    return {
        name: Comparison(
            float(made[name]),
            float(own[name]),
            float(spreads[name]),
            float(errors[name]),
            {other: float(values[name]) for other, values in naive.items()},
        )
        for name in own.index[own.notna()]
    }


def _shares(hits: pd.DataFrame, chances: pd.DataFrame) -> pd.Series[float]:
    """Of all pieces together, by mark."""
    return hits.sum() / chances.sum()


def _spreads(
    by_piece: pd.DataFrame, real_by_piece: pd.DataFrame
) -> tuple[pd.Series[float], pd.Series[float]]:
    """The real pieces' standard deviation, and the standard error of the paired difference."""
    apart = by_piece - real_by_piece
    counts = apart.notna().sum().clip(lower=1)
    errors = apart.std(ddof=1) / np.sqrt(counts)
    return real_by_piece.std(ddof=1).fillna(0.0), errors.fillna(0.0)


def compare_distances(
    places: Mapping[str, int],
    histograms: Callable[[Sequence[Score]], Figures],
    distance: Callable[[Figures, Figures], Figures],
    generated: Sequence[Score],
    real: Sequence[Score],
    baselines: Mapping[str, Sequence[Score]],
    training: Sequence[Score],
) -> dict[str, Comparison]:
    """Distances of each body's histograms from the training data's.

    Parameters
    ----------
    places
        The names of the distances, and the row of the histograms that each is of.
    histograms
        Of all of several pieces together, ``(row, bin) float64``.
    distance
        Of two such arrays, ``(row,) float64``.
    """
    reference = histograms(training)

    def distances(scores: Sequence[Score]) -> Figures:
        return distance(histograms(scores), reference)

    rng = np.random.default_rng(0)
    count = min(len(real), len(training))
    draws = [rng.choice(len(training), count, replace=False) for _ in range(DRAWS)]
    spread = np.std([distances([training[row] for row in rows]) for rows in draws], axis=0)
    made, own = distances(generated), distances(real)
    naive = {name: distances(scores) for name, scores in baselines.items()}
    return {
        name: Comparison(
            float(made[row]),
            float(own[row]),
            float(spread[row]),
            0.0,
            {other: float(values[row]) for other, values in naive.items()},
            is_distance=True,
        )
        for name, row in places.items()
    }


def overlaps(compared: Mapping[str, Comparison]) -> dict[str, float]:
    """The mean overlap with real music over all metrics, for ``generated`` and each baseline."""
    measured = [one.overlap for one in compared.values() if one.overlap]
    return {name: float(np.nanmean([one[name] for one in measured])) for name in measured[0]}
