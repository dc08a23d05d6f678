"""How sure a difference is: the paired bootstrap over pieces.

Two models composed to the same melodies. Which is better on these pieces can be counted. How far
that holds for other pieces is estimated: as many pieces are drawn again, with repetition, and
counted anew, many times (Efron and Tibshirani 1993, "An introduction to the bootstrap",
chapters 6 and 13). Both models are counted on each draw's same pieces: the melodies that are
hard for both do not blur what lies between them. Whole pieces are drawn, not windows, since
windows of one piece are alike.

Conventions
-----------
*Weights* ``(resample, piece) int64`` say how often each draw has each piece; the first row is one
everywhere: the pieces as they are, from which an estimate comes. A *statistic* of each row of
weights is ``(resample,) float64``, NaN where a draw has nothing to count. Values come a row a
window, with ``(window,) int`` the piece that each belongs to, 0 to pieces - 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.counting import Figures, ratio
from kantor.metrics.distances import BINS

Weights = NDArray[np.int64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Difference:
    """What a resampled statistic comes to.

    Attributes
    ----------
    estimate : float
        On the pieces as they are.
    low, high : float
        The percentile interval of the draws.
    above : float
        Share of the draws in which it is more than 0.
    """

    estimate: float
    low: float
    high: float
    above: float


def draw(pieces: int, resamples: int, seed: int) -> Weights:
    """Weights of `resamples` draws, below a first row of ones.

    Returns
    -------
    (resamples + 1, pieces) int64
        The same for the same arguments.

    Raises
    ------
    ValueError
        If there is no piece to draw.
    """
    if pieces < 1:
        raise ValueError("no pieces to draw from")
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(pieces, np.full(pieces, 1 / pieces), size=resamples)
    return np.concatenate([np.ones((1, pieces), np.int64), drawn.astype(np.int64)])


def resampled_mean(values: Figures, piece: Places, weights: Weights) -> Figures:
    """The mean over the windows of each draw, NaN values left out."""
    finite = np.isfinite(values)
    count = weights.shape[1]
    sums = np.bincount(piece[finite], values[finite], count)
    numbers = np.bincount(piece[finite], minlength=count)
    return ratio(weights @ sums, weights @ numbers)


def resampled_overlap(
    one: Figures, other: Figures, piece: Places, weights: Weights, bins: int = BINS
) -> Figures:
    """The overlap of two distributions over the windows of each draw.

    As `kantor.metrics.distances.overlap_area`, whose value the first row is; the bins stay those
    of all pieces.
    """
    sides = [(side[np.isfinite(side)], piece[np.isfinite(side)]) for side in (one, other)]
    if not all(side.size for side, _ in sides):
        return np.full(len(weights), np.nan)
    low, high = min(side.min() for side, _ in sides), max(side.max() for side, _ in sides)
    if low == high:
        return np.ones(len(weights))
    shares = []
    for side, places in sides:
        counts = np.zeros((weights.shape[1], bins))
        for each in np.unique(places):
            counts[each] = np.histogram(side[places == each], bins, (low, high))[0]
        drawn = weights @ counts
        shares.append(ratio(drawn, drawn.sum(axis=1, keepdims=True) + np.zeros_like(drawn)))
    return np.asarray(np.minimum(*shares).sum(axis=1))


def difference(values: Figures, confidence: float) -> Difference:
    """Sum up a statistic of which 0 means no difference.

    Parameters
    ----------
    values : (resample,) float64
        The first is the estimate; draws with nothing to count (NaN) are left out.
    confidence : float
        Share of the draws inside the interval, half of the others on either side.
    """
    drawn = values[1:][np.isfinite(values[1:])]
    if not (np.isfinite(values[0]) and drawn.size):
        nothing = float("nan")
        return Difference(nothing, nothing, nothing, nothing)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Difference(float(values[0]), float(low), float(high), float((drawn > 0).mean()))
