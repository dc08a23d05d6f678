"""How far two bodies of music lie apart: distances of distributions, not of single pieces.

Conventions
-----------
A *pitch histogram* is ``(128,)`` float64, the share of a line's sounding steps on each MIDI
pitch; it sums to 1. Equal histograms are at distance 0. (The workshop's "pitch histogram
distance" is measured to a vector of ones and gives 9.165 for a scale, for noise and for silence
alike.) NaN means that one side is silent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.metrics.counting import Figures, ratio
from kantor.music.score import REST, Score

PITCHES = 128
BINS = 30


def pitch_histogram(pitches: NDArray[np.integer]) -> Figures:
    """Share of the sounding cells on each pitch.

    Parameters
    ----------
    pitches : (…) int
        MIDI note numbers, -1 for a rest.

    Returns
    -------
    (128,) float64
        All NaN where nothing sounds.
    """
    counts = np.bincount(pitches[pitches != REST].astype(np.int64), minlength=PITCHES)
    return ratio(counts, np.full(PITCHES, counts.sum()))


def line_histograms(scores: Sequence[Score]) -> Figures:
    """The pitch histogram of each line over pieces of one ensemble, each step counting alike.

    Returns
    -------
    (line, 128) float64
    """
    pitches = np.concatenate([score.pitches for score in scores])
    return np.stack([pitch_histogram(line) for line in pitches.T])


def total_variation(first: ArrayLike, second: ArrayLike) -> float:
    """Half the sum of the absolute differences of two histograms: 0 equal, 1 nothing in common."""
    return float(np.abs(np.asarray(first) - np.asarray(second)).sum() / 2)


def earth_movers(first: ArrayLike, second: ArrayLike) -> float:
    """Least mean way, in semitones, that turns one pitch histogram into the other.

    On a line this is the sum of the absolute differences of the cumulated histograms
    (Rubner, Tomasi and Guibas 2000, section 4). A line moved by an octave is 12 away.
    """
    return float(np.abs(np.cumsum(first) - np.cumsum(second)).sum())


def overlap_area(first: ArrayLike, second: ArrayLike, bins: int = BINS) -> float:
    """How much two distributions of a metric have in common: 1 the same, 0 apart.

    The sum of the smaller of the two shares in each of `bins` equal bins over the common range;
    NaN values are left out. Differs from the overlapping area of Yang and Lerch 2018 ("On the
    evaluation of generative models in music"), which smooths with a Gaussian kernel first and so
    sees overlap even between shares that are exactly 0 and 1.
    """
    values = [np.asarray(side, np.float64) for side in (first, second)]
    one, other = (side[np.isfinite(side)] for side in values)
    if not (one.size and other.size):
        return float("nan")
    low, high = min(one.min(), other.min()), max(one.max(), other.max())
    if low == high:
        return 1.0
    shares = [np.histogram(side, bins, (low, high))[0] / side.size for side in (one, other)]
    return float(np.minimum(*shares).sum())
