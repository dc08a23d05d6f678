"""Generated music beside real music and naive baselines, metric by metric, with a verdict.

Conventions
-----------
Figures are means over windows in the reference protocol of `kantor.metrics.musical`. The *spread*
is the standard deviation of the same figure from one real piece to the next. A verdict is one of

``alike``
    Paired over the pieces (the same soprano set twice), generated and real differ by less than
    two standard errors: these pieces do not tell them apart.
``in range``
    The difference is seen, but no larger than the spread: a piece like this one could be Bach's.
``outside``
    Larger than that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kantor.metrics import musical
from kantor.metrics.distances import earth_movers, overlap_area, voice_histograms
from kantor.metrics.report import HEADLINE
from kantor.music.score import VOICES, Score
from kantor.report.glossary import GIVEN

if TYPE_CHECKING:
    import pandas as pd

ALIKE, IN_RANGE, OUTSIDE = "alike", "in range", "outside"
STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Comparison:
    """One metric: the generated figure, the real one with its spread, and the baselines'.

    `error` is the standard error of the paired difference; `overlaps` says how much of its
    distribution over windows each body (``generated`` or a baseline) has in common with the real
    one, as `kantor.metrics.distances.overlap_area`. Of a distance (from the training data) less
    than the real one is no fault.
    """

    generated: float
    real: float
    spread: float
    error: float
    baselines: Mapping[str, float]
    overlaps: Mapping[str, float] = field(default_factory=dict)
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
        return IN_RANGE if apart <= self.spread else OUTSIDE


def compare(
    generated: Sequence[Score],
    real: Sequence[Score],
    baselines: Mapping[str, Sequence[Score]],
    training: Sequence[Score] = (),
) -> dict[str, Comparison]:
    """Every metric that says something about the composed voices.

    Parameters
    ----------
    generated, real
        The same sopranos in the same order.
    baselines
        By name, likewise.
    training
        The pieces that pitch histograms are measured from; without them there are none.
    """
    frames = {name: musical.evaluate_windows(scores) for name, scores in baselines.items()}
    table = paired(musical.evaluate_windows(generated), musical.evaluate_windows(real), frames)
    if training:
        table |= _histograms(generated, real, baselines, training)
    return table


def paired(
    generated: pd.DataFrame, real: pd.DataFrame, baselines: Mapping[str, pd.DataFrame]
) -> dict[str, Comparison]:
    """Compare tables of the same pieces, column by column.

    Parameters
    ----------
    generated, real, baselines
        A row for whatever is counted (a window, a phrase end), the first level of the index being
        the ``piece``. Figures are means over rows, spreads and errors those of the pieces' means.
    """
    made, bach = (frame.groupby(level="piece").mean() for frame in (generated, real))
    apart = made - bach
    counts = apart.notna().sum().clip(lower=1)
    errors = (apart.std(ddof=1) / np.sqrt(counts)).fillna(0.0)
    bodies = {"generated": generated, **baselines}
    return {
        name: Comparison(
            float(generated[name].mean()),
            float(real[name].mean()),
            float(bach[name].std(ddof=1)) if len(bach) > 1 else 0.0,
            float(errors[name]),
            {other: float(frame[name].mean()) for other, frame in baselines.items()},
            {other: overlap_area(frame[name], real[name]) for other, frame in bodies.items()},
        )
        for name in real.columns
        if name not in GIVEN
    }


def _histograms(
    generated: Sequence[Score],
    real: Sequence[Score],
    baselines: Mapping[str, Sequence[Score]],
    training: Sequence[Score],
) -> dict[str, Comparison]:
    """Earth mover's distance of each composed voice's pitches from the training data's."""
    reference = voice_histograms(training)
    made = _distances(voice_histograms(generated), reference)
    bach = _distances(voice_histograms(real), reference)
    naive = {
        name: _distances(voice_histograms(scores), reference) for name, scores in baselines.items()
    }
    spread = _chance(real, training)
    return {
        f"pitch_histogram_{VOICES[voice]}": Comparison(
            float(made[voice]),
            float(bach[voice]),
            float(spread[voice]),
            0.0,
            {name: float(values[voice]) for name, values in naive.items()},
            is_distance=True,
        )
        for voice in range(1, len(VOICES))
    }


def _distances(
    histograms: NDArray[np.float64], reference: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.array([earth_movers(*pair) for pair in zip(histograms, reference, strict=True)])


def _chance(
    real: Sequence[Score], training: Sequence[Score], draws: int = 40
) -> NDArray[np.float64]:
    """Standard deviation of the distance over random draws of as many pieces, ``(voice,)``."""
    rng = np.random.default_rng(0)
    reference = voice_histograms(training)
    count = min(len(real), len(training))
    drawn = [
        _distances(voice_histograms([training[row] for row in rows]), reference)
        for rows in (rng.choice(len(training), count, replace=False) for _ in range(draws))
    ]
    return np.asarray(np.std(drawn, axis=0))


def overlaps(table: Mapping[str, Comparison]) -> dict[str, float]:
    """The mean overlap with real music over all metrics, for ``generated`` and each baseline."""
    measured = [entry.overlaps for entry in table.values() if entry.overlaps]
    return {name: float(np.nanmean([one[name] for one in measured])) for name in measured[0]}


def headline(table: Mapping[str, Comparison]) -> dict[str, float]:
    """The few figures to look at first, of the generated music, and how many of all pass."""
    verdicts = [entry.verdict for entry in table.values()]
    named = (name for name in HEADLINE if name in table)
    return {
        **{name: table[name].generated for name in named},
        "overlap": overlaps(table)["generated"],
        "metrics": len(verdicts),
        "metrics_in_range": sum(verdict in (ALIKE, IN_RANGE) for verdict in verdicts),
    }
