"""Generated music beside real music and naive baselines: window by window, metric by metric.

Conventions
-----------
A *table of windows* has a row a window, in the order of the pieces, indexed by the ``piece`` (its
id) and the ``start`` (step), and a column for each metric that says something of the composed
lines. Its figures follow the reference protocol of `kantor.metrics.musical`; they are not rounded.

A figure is a mean over windows. The *spread* is the standard deviation of the same figure from one
real piece to the next. A verdict is one of

``alike``
    Paired over the pieces (the same melody set twice), generated and real differ by less than
    two standard errors: these pieces do not tell them apart.
``in range``
    The difference is seen, but no larger than the spread: a piece like this one could be real.
``outside``
    Larger than that.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.metrics.distances import earth_movers, line_histograms, overlap_area
from kantor.metrics.musical import BY_LINE, evaluate_windows
from kantor.metrics.passages import Figures
from kantor.music.score import Score

if TYPE_CHECKING:
    import pandas as pd

WINDOWS = "windows.csv"
SIDES = ("generated", "real")
ALIKE, IN_RANGE, OUTSIDE = "alike", "in range", "outside"
STANDARD_ERRORS = 2.0
DRAWS = 40
"""Random draws of training pieces for the spread of a distance."""


@dataclass(frozen=True, eq=False)
class Windows:
    """The tables of what a model composed to some melodies, and of the real settings of these."""

    generated: pd.DataFrame
    real: pd.DataFrame

    def to_csv(self) -> str:
        """Both tables as one, the column ``side`` telling them apart."""
        import pandas as pd

        tables = dict(zip(SIDES, (self.generated, self.real), strict=True))
        text: str = pd.concat(tables, names=["side"]).to_csv(lineterminator="\n")
        return text

    @classmethod
    def from_csv(cls, text: str) -> Windows:
        """Read what `to_csv` wrote; the tables are equal.

        Raises
        ------
        InputError
            If it is something else.
        """
        import pandas as pd

        try:
            both = pd.read_csv(io.StringIO(text))
            both = both.set_index(["side", "piece", "start"]).astype(float)
            sides = both.index.get_level_values("side")
            generated, real = (both[sides == side].droplevel("side") for side in SIDES)
            return cls(generated, real)
        except (ValueError, KeyError) as error:
            fault = " ".join(str(error).split())[:80]
            raise InputError(f"{WINDOWS}: not a table of windows: {fault}") from error


def window_table(scores: Sequence[Score], ids: Sequence[str] | None = None) -> pd.DataFrame:
    """Every metric of every window of `scores`, which are named by `ids` or by their place.

    Raises
    ------
    InputError
        As `kantor.metrics.musical.evaluate_windows`.
    """
    frame = evaluate_windows(scores)
    names = range(len(scores)) if ids is None else ids
    known = melody_metrics(scores[0].ensemble)
    return frame.drop(columns=known).rename(index=dict(enumerate(names)), level="piece")


def melody_metrics(ensemble: Ensemble) -> list[str]:
    """The metrics of the melody alone, which say nothing of a model."""
    return [f"{name}_{ensemble.names[ensemble.leads]}" for name in BY_LINE]


@dataclass(frozen=True)
class Comparison:
    """One metric: the generated figure, the real one with its spread, and the baselines'.

    `error` is the standard error of the paired difference; `overlap` says how much of its
    distribution over windows each body (``generated`` or a baseline) has in common with the real
    one, as `kantor.metrics.distances.overlap_area`. Of a distance (from the training data) less
    than the real one is no fault.
    """

    generated: float
    real: float
    real_spread: float
    error: float
    baseline: Mapping[str, float]
    overlap: Mapping[str, float] = field(default_factory=dict)
    is_distance: bool = False

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
    apart = by_piece - real_by_piece
    counts = apart.notna().sum().clip(lower=1)
    errors = (apart.std(ddof=1) / np.sqrt(counts)).fillna(0.0)
    bodies = {"generated": generated, **baselines}
    return {
        name: Comparison(
            float(generated[name].mean()),
            float(real[name].mean()),
            float(real_by_piece[name].std(ddof=1)) if len(real_by_piece) > 1 else 0.0,
            float(errors[name]),
            {other: float(frame[name].mean()) for other, frame in baselines.items()},
            {other: overlap_area(frame[name], real[name]) for other, frame in bodies.items()},
        )
        for name in real.columns
    }


def compare_pitches(
    generated: Sequence[Score],
    real: Sequence[Score],
    baselines: Mapping[str, Sequence[Score]],
    training: Sequence[Score],
) -> dict[str, Comparison]:
    """Earth mover's distance of each composed line's pitches from the training data's."""
    reference = line_histograms(training)

    def distances(scores: Sequence[Score]) -> Figures:
        """Of each line, ``(line,)``."""
        return earth_movers(line_histograms(scores), reference)

    rng = np.random.default_rng(0)
    count = min(len(real), len(training))
    draws = [rng.choice(len(training), count, replace=False) for _ in range(DRAWS)]
    spread = np.std([distances([training[row] for row in rows]) for rows in draws], axis=0)
    made, own = distances(generated), distances(real)
    naive = {name: distances(scores) for name, scores in baselines.items()}
    ensemble = real[0].ensemble
    return {
        f"pitch_histogram_{ensemble.names[line]}": Comparison(
            float(made[line]),
            float(own[line]),
            float(spread[line]),
            0.0,
            {name: float(values[line]) for name, values in naive.items()},
            is_distance=True,
        )
        for line in ensemble.others
    }


def overlaps(compared: Mapping[str, Comparison]) -> dict[str, float]:
    """The mean overlap with real music over all metrics, for ``generated`` and each baseline."""
    measured = [one.overlap for one in compared.values() if one.overlap]
    return {name: float(np.nanmean([one[name] for one in measured])) for name in measured[0]}
