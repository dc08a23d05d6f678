"""Distances of distributions and the paired bootstrap, by hand and beside other code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.metrics.distances import (
    Difference,
    difference,
    draw,
    earth_movers,
    line_histograms,
    overlap_area,
    resampled_mean,
    resampled_overlap,
    resampled_share,
    total_variation,
)
from kantor.music.score import REST, Score, onset_floor


def histogram(*pitches: int) -> np.ndarray:
    """The histogram of one of two lines, over two pieces."""
    lines = np.array([(127, pitch) for pitch in pitches], np.int8)
    return line_histograms([Score(lines, onset_floor(lines))] * 2)[1]


def test_distances_of_histograms_by_hand() -> None:
    """A scale is at 0 from itself (the workshop: 9.165); silence is at no known distance."""
    scale = histogram(60, REST, 62, 64, 65, REST)
    assert scale[[60, 62, 64, 65]].tolist() == [0.25] * 4
    assert total_variation(scale, scale) == earth_movers(scale, scale) == 0
    assert total_variation(scale, histogram(60, 62, 66, 68)) == 0.5
    assert total_variation(scale, histogram(61, 63, 66, 68)) == 1
    silence = histogram(REST, REST)
    assert np.isnan(total_variation(silence, scale))
    assert np.isnan(earth_movers(silence, silence))


@given(st.lists(st.integers(0, 115), min_size=1, max_size=30), st.integers(0, 12))
def test_earth_movers_counts_semitones(pitches: list[int], by: int) -> None:
    """A line moved up by n semitones is n away."""
    moved = histogram(*(pitch + by for pitch in pitches))
    assert earth_movers(histogram(*pitches), moved) == pytest.approx(by)


def test_overlap_area_by_hand() -> None:
    """Equal constants overlap wholly; NaN is left out, and of nothing the answer is NaN."""
    assert overlap_area([0, 0, 1, 1], [0, 0, 0, 0]) == 0.5
    assert overlap_area([0, 0.5, 1], [0, 0.5, 1]) == pytest.approx(1)
    assert overlap_area([0, 0.1], [0.9, 1]) == 0
    assert overlap_area([2, 2], [2]) == overlap_area([0, 1, np.nan], [0, 1]) == 1
    assert np.isnan(overlap_area([np.nan], [1]))


def test_draws_are_of_as_many_pieces_and_the_first_is_the_pieces_themselves() -> None:
    """Some pieces are drawn more than once; the same seed draws the same."""
    weights = draw(5, 100, seed=3)
    assert np.array_equal(weights, draw(5, 100, seed=3))
    assert not np.array_equal(weights, draw(5, 100, seed=4))
    assert weights.shape == (101, 5)
    assert (weights.sum(axis=1) == 5).all()
    assert (weights[0] == 1).all()
    assert weights.max() > 1


def test_means_by_hand() -> None:
    """Windows of a piece drawn twice count twice, NaN not at all; nothing has no mean."""
    values = np.array([1.0, 3.0, 8.0, 2.0, np.nan, 4.0, np.nan])
    weights = np.array([[1, 1, 1, 1], [0, 0, 3, 0], [2, 1, 0, 0], [0, 0, 0, 2]])
    means = resampled_mean(values, np.array([0, 0, 1, 2, 2, 2, 3]), weights)
    assert means == pytest.approx([18 / 5, 3.0, (4 + 4 + 8) / 5, np.nan], nan_ok=True)


def test_overlap_of_a_draw_is_that_of_its_windows() -> None:
    """As if the windows were written out, in the bins of all pieces."""
    rng = np.random.default_rng(0)
    piece = np.repeat(np.arange(6), 5)
    one, other = rng.random(30), rng.random(30) ** 2
    weights = draw(6, 20, 1)
    drawn = resampled_overlap((one, other), (piece, piece), weights)
    assert drawn[0] == overlap_area(one, other)
    edges = np.linspace(min(one.min(), other.min()), max(one.max(), other.max()), 31)
    for row, value in zip(weights, drawn, strict=True):
        often = row[piece]
        shares = [np.histogram(np.repeat(side, often), edges)[0] for side in (one, other)]
        assert value == pytest.approx(np.minimum(*(side / side.sum() for side in shares)).sum())


def test_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    """Of 200 normal values the 90% interval is 1.645 standard errors to either side."""
    values = np.random.default_rng(5).normal(size=200)
    means = resampled_mean(values, np.arange(200), draw(200, 4000, 0))
    drawn = difference(means, 0.9)
    assert drawn.above == (means[1:] > 0).mean()
    error = values.std() / np.sqrt(200)
    ends = values.mean() + 1.645 * error * np.array([-1, 0, 1])
    assert [drawn.low, drawn.estimate, drawn.high] == pytest.approx(ends, abs=0.1 * error)


def test_shares_of_drawn_pieces() -> None:
    """By hand: hits and chances of each draw's pieces are summed first; no chance gives NaN."""
    weights = np.array([[1, 1, 1], [3, 0, 0], [0, 2, 1], [0, 0, 3]])
    shares = resampled_share([1, 3, 0], [2, 10, 0], weights)
    assert shares == pytest.approx([4 / 12, 3 / 6, 6 / 20, np.nan], nan_ok=True)


def test_intervals_hold_what_they_promise() -> None:
    """A 90% interval holds the true difference in about 90% of many samples."""
    samples = np.random.default_rng(11).exponential(size=(200, 40)) - 1
    places, weights = np.arange(40), draw(40, 300, 0)
    drawn = [difference(resampled_mean(one, places, weights), 0.9) for one in samples]
    assert 0.8 < np.mean([one.low <= 0 <= one.high for one in drawn]) < 0.96


def test_pairing_sees_what_lies_between_two_models() -> None:
    """A small steady gain is seen through pieces that differ far more from each other."""
    champion, noise = np.random.default_rng(2).normal(size=(2, 60))
    models, weights = (champion + 0.1 + 0.05 * noise, champion), draw(60, 1000, 0)
    better, worse = (resampled_mean(one, np.arange(60), weights) for one in models)
    assert difference(better - worse, 0.9).above == 1
    assert difference(worse - better, 0.9).above == 0


def test_differences_that_are_none() -> None:
    """A model beside itself is never better; without an estimate there is no interval either."""
    assert difference(np.zeros(11), 0.9) == Difference(0, 0, 0, 0)
    unknown = difference(np.array([np.nan, 1.0]), 0.9)
    assert np.isnan([unknown.estimate, unknown.low, unknown.high, unknown.above]).all()
