"""How far two bodies of music lie apart, and how sure a difference is.

Distances are of distributions, not of single pieces. How sure a difference between two models is
says the paired bootstrap: both composed to the same melodies; as many pieces are drawn again,
with repetition, and counted anew, many times (Efron and Tibshirani 1993, "An introduction to the
bootstrap", chapters 6 and 13). Both models are counted on each draw's same pieces: the melodies
that are hard for both do not blur what lies between them. Whole pieces are drawn, not windows,
since windows of one piece are alike.

Conventions
-----------
A *pitch histogram* is ``(128,)`` float64, the share of a line's sounding steps on each MIDI
pitch; it sums to 1, or is all NaN for a silent line. Equal histograms are at distance 0. (The
workshop's "pitch histogram distance" is measured to a vector of ones and gives 9.165 for a scale,
for noise and for silence alike.) An *onset histogram* is the share of a line's onsets on each place
of the bar, bars of different lengths having bins of their own; a *kit histogram* says what drums
are struck together on each place of the bar: a share of all steps for each.

*Weights* ``(resample, piece) int64`` say how often each draw has each piece; the first row is one
everywhere: the pieces as they are, from which an estimate comes. A *statistic* of each row of
weights is ``(resample,) float64``, NaN where a draw has nothing to count. Values come a row a
window, with ``(window,) int`` the piece that each belongs to, 0 to pieces - 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.metrics.passages import Figures, ratio
from kantor.music.score import REST, Score

PITCHES = 128
BINS = 30
LONGEST = 64
"""Steps of a bar that have bins of their own."""

Weights = NDArray[np.int64]
Places = NDArray[np.int64]


def line_histograms(scores: Sequence[Score]) -> Figures:
    """The pitch histogram of each line over pieces of one ensemble, ``(line, 128)``.

    Each step counts alike.
    """
    lines = np.concatenate([score.pitches for score in scores]).astype(np.int64).T
    counts = np.stack([np.bincount(one[one != REST], minlength=PITCHES) for one in lines])
    return ratio(counts, counts.sum(axis=1, keepdims=True))


def onset_histograms(scores: Sequence[Score]) -> Figures:
    """The onset histogram of each line, drums included, ``(line, LONGEST * LONGEST)``."""
    places = np.concatenate([_places(score) for score in scores])
    onsets = np.concatenate([score.onsets for score in scores]).T
    counts = np.stack([np.bincount(places[one], minlength=LONGEST**2) for one in onsets])
    return ratio(counts, counts.sum(axis=1, keepdims=True))


def kit_histogram(scores: Sequence[Score]) -> Figures:
    """The kit histogram of the drums, ``(1, LONGEST * 2 ** drums)``."""
    drums = len(scores[0].ensemble) - scores[0].ensemble.pitched
    hits = np.concatenate([score.onsets[:, score.ensemble.pitched :] for score in scores])
    places = np.concatenate([_places(score) % LONGEST for score in scores])
    together = hits.astype(np.int64) @ (1 << np.arange(drums))
    counts = np.bincount(places << drums | together, minlength=LONGEST << drums)
    return ratio(counts, counts.sum())[None]


def _places(score: Score) -> Places:
    """The bin of each step by its bar's length and its place in it, ``(time,)``."""
    place, length = np.minimum(score.bar_positions.astype(np.int64), LONGEST - 1).T
    return np.asarray(length * LONGEST + place)


def total_variation(first: ArrayLike, second: ArrayLike) -> Figures:
    """Half the sum of the absolute differences of two histograms: 0 equal, 1 nothing in common.

    Histograms ``(…, bin)`` give ``(…)``.
    """
    return np.asarray(np.abs(np.asarray(first) - np.asarray(second)).sum(axis=-1) / 2)


def earth_movers(first: ArrayLike, second: ArrayLike) -> Figures:
    """Least mean way, in semitones, that turns one pitch histogram into the other.

    On a line this is the sum of the absolute differences of the cumulated histograms
    (Rubner, Tomasi and Guibas 2000, section 4). A line moved by an octave is 12 away.
    Histograms ``(…, 128)`` give ``(…)``.
    """
    return np.asarray(np.abs(np.cumsum(first, axis=-1) - np.cumsum(second, axis=-1)).sum(axis=-1))


def overlap_area(first: ArrayLike, second: ArrayLike) -> float:
    """How much two distributions of a metric have in common: 1 the same, 0 apart.

    The sum of the smaller of the two shares in each of `BINS` equal bins over the common range;
    NaN values are left out. Differs from the overlapping area of Yang and Lerch 2018 ("On the
    evaluation of generative models in music"), which smooths with a Gaussian kernel first and so
    sees overlap even between shares that are exactly 0 and 1.
    """
    sides = [np.asarray(side, np.float64) for side in (first, second)]
    places = [np.zeros(side.size, np.int64) for side in sides]
    return float(_overlaps(sides, places, np.ones((1, 1), np.int64))[0])


def _overlaps(sides: Sequence[Figures], pieces: Sequence[Places], weights: Weights) -> Figures:
    """The overlap on each draw; the bins are those of all pieces."""
    known = [np.isfinite(side) for side in sides]
    values = [side[finite] for side, finite in zip(sides, known, strict=True)]
    if not all(side.size for side in values):
        return np.full(len(weights), np.nan)
    low, high = (end(np.concatenate(values)) for end in (np.min, np.max))
    if low == high:
        return np.ones(len(weights))
    count = weights.shape[1]
    shares = []
    for side, finite, piece in zip(values, known, pieces, strict=True):
        ranges = ((-0.5, count - 0.5), (low, high))
        drawn = weights @ np.histogram2d(piece[finite], side, (count, BINS), ranges)[0]
        shares.append(ratio(drawn, drawn.sum(axis=1, keepdims=True)))
    return np.asarray(np.minimum(*shares).sum(axis=1))


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
    """Weights of `resamples` draws, ``(resamples + 1, pieces)``; the same for the same seed."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(pieces, np.full(pieces, 1 / pieces), size=resamples)
    return np.concatenate([np.ones((1, pieces), np.int64), drawn.astype(np.int64)])


def resampled_mean(values: Figures, piece: Places, weights: Weights) -> Figures:
    """The mean over the windows of each draw, NaN values left out."""
    finite = np.isfinite(values)
    count = weights.shape[1]
    sums = np.bincount(piece[finite], values[finite], count)
    numbers = np.bincount(piece[finite], minlength=count)
    return resampled_share(sums, numbers, weights)


def resampled_share(hits: ArrayLike, chances: ArrayLike, weights: Weights) -> Figures:
    """Hits among chances, both ``(piece,)``, of each draw's pieces together."""
    return ratio(weights @ np.asarray(hits), weights @ np.asarray(chances))


def resampled_overlap(
    sides: Sequence[Figures], pieces: Sequence[Places], weights: Weights
) -> Figures:
    """The overlap of two distributions over the windows of each draw, as `overlap_area`.

    `sides` are the two, each ``(window,)``, and `pieces` say which piece each window is of.
    """
    return _overlaps(sides, pieces, weights)


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
