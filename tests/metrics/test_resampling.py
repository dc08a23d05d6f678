"""The paired bootstrap: worked out by hand, beside other code, and over seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kantor.metrics.distances import overlap_area
from kantor.metrics.resampling import (
    Difference,
    difference,
    draw,
    resampled_mean,
    resampled_overlap,
)

PIECE = np.array([0, 0, 1, 2, 2, 2])
VALUES = np.array([1.0, 3.0, 8.0, 2.0, np.nan, 4.0])


def repeated(values, piece, weights):
    """The windows of one draw, written out."""
    return np.concatenate([np.repeat(values[piece == p], w) for p, w in enumerate(weights)])


def test_draws_are_of_as_many_pieces_and_the_first_is_the_pieces_themselves():
    """Every draw has as many pieces as there are, some of them more than once; the same seed draws
    the same, and without a piece there is nothing to draw.
    """
    weights = draw(5, 100, seed=3)
    assert np.array_equal(weights, draw(5, 100, seed=3))
    assert not np.array_equal(weights, draw(5, 100, seed=4))
    assert weights.shape == (101, 5)
    assert (weights.sum(axis=1) == 5).all()
    assert (weights[0] == 1).all()
    assert weights.max() > 1
    with pytest.raises(ValueError, match="no pieces"):
        draw(0, 10, 0)


def test_means_by_hand():
    """Windows count alike, those of a piece drawn twice count twice, NaN not at all."""
    weights = np.array([[1, 1, 1], [0, 0, 3], [2, 1, 0]])
    means = resampled_mean(VALUES, PIECE, weights)
    assert means == pytest.approx([18 / 5, 3.0, (4 + 4 + 8) / 5])


def test_nothing_to_count_is_nan():
    """A draw of pieces without a value has no mean; a silent side has no overlap, and equal
    constants overlap wholly.
    """
    values = np.array([np.nan, 1.0])
    assert np.isnan(resampled_mean(values, np.array([0, 1]), np.array([[2, 0]])))[0]
    nothing = resampled_overlap(values * np.nan, values, np.array([0, 1]), draw(2, 3, 0))
    assert np.isnan(nothing).all()
    same = np.full(4, 0.5)
    assert (resampled_overlap(same, same, np.arange(4), draw(4, 5, 0)) == 1).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_the_estimate_is_the_figure_of_the_report(seed, pieces):
    """On the pieces as they are, mean and overlap are those of the evaluation, bit for bit."""
    rng = np.random.default_rng(seed)
    piece = rng.integers(0, pieces, 40)
    one, other = rng.normal(size=40), rng.normal(0.5, 2, size=40)
    one[rng.random(40) < 0.1] = np.nan
    weights = draw(pieces, 2, seed)
    assert resampled_mean(one, piece, weights)[0] == pytest.approx(np.nanmean(one))
    assert resampled_overlap(one, other, piece, weights)[0] == pytest.approx(
        overlap_area(one, other)
    )


def test_overlap_of_a_draw_is_that_of_its_windows():
    """Weights mean what writing the windows out would, in the bins of all pieces."""
    rng = np.random.default_rng(0)
    piece = np.repeat(np.arange(6), 5)
    one, other = rng.random(30), rng.random(30) ** 2
    weights = draw(6, 20, 1)
    drawn = resampled_overlap(one, other, piece, weights)
    edges = np.linspace(min(one.min(), other.min()), max(one.max(), other.max()), 31)
    for row, value in zip(weights, drawn, strict=True):
        shares = [np.histogram(repeated(s, piece, row), edges)[0] for s in (one, other)]
        assert value == pytest.approx(np.minimum(*(s / s.sum() for s in shares)).sum())


def test_interval_of_a_mean_is_as_wide_as_theory_says():
    """Of 200 normal values the 90% interval is 1.645 standard errors to either side."""
    values = np.random.default_rng(5).normal(size=200)
    drawn = difference(resampled_mean(values, np.arange(200), draw(200, 4000, 0)), 0.9)
    error = values.std() / np.sqrt(200)
    assert drawn.estimate == pytest.approx(values.mean())
    assert drawn.high - drawn.low == pytest.approx(2 * 1.645 * error, rel=0.05)
    reference = stats.bootstrap((values,), np.mean, confidence_level=0.9, method="percentile")
    assert drawn.low == pytest.approx(reference.confidence_interval.low, abs=0.1 * error)
    assert drawn.high == pytest.approx(reference.confidence_interval.high, abs=0.1 * error)


def test_intervals_hold_what_they_promise():
    """Over many samples of 40 pieces the 90% interval has the truth in it about as often."""
    rng = np.random.default_rng(11)
    held = 0
    for seed in range(200):
        values = rng.exponential(size=40) - 1
        drawn = difference(resampled_mean(values, np.arange(40), draw(40, 300, seed)), 0.9)
        held += drawn.low <= 0 <= drawn.high
    assert 0.8 < held / 200 < 0.96


def test_pairing_sees_what_lies_between_two_models():
    """A small steady gain is seen through pieces that differ far more from each other."""
    rng = np.random.default_rng(2)
    champion = rng.normal(0, 1, 60)
    challenger = champion + 0.1 + rng.normal(0, 0.05, 60)
    places, weights = np.arange(60), draw(60, 1000, 0)
    gain = resampled_mean(challenger, places, weights) - resampled_mean(champion, places, weights)
    assert difference(gain, 0.9).above == 1.0
    assert difference(-gain, 0.9).above == 0.0


def test_differences_that_are_none():
    """A model beside itself is never better; without an estimate there is no interval either."""
    assert difference(np.zeros(11), 0.9) == Difference(0, 0, 0, 0)
    unknown = difference(np.array([np.nan, 1.0]), 0.9)
    assert np.isnan([unknown.estimate, unknown.low, unknown.high, unknown.above]).all()
