"""Distances of distributions, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor.metrics.distances import (
    earth_movers,
    line_histograms,
    overlap_area,
    pitch_histogram,
    total_variation,
)
from kantor.music.score import REST, Score, onset_floor

pitch_lists = st.lists(st.integers(0, 127), min_size=1, max_size=30)


def test_equal_histograms_are_at_distance_zero() -> None:
    """A scale is at no distance from itself (the workshop's figure is 9.165)."""
    scale = pitch_histogram(np.array([60, 62, 64, 65, 67, 69, 71, 72]))
    assert total_variation(scale, scale) == 0
    assert earth_movers(scale, scale) == 0


def test_scale_and_noise_differ() -> None:
    """Another distribution is at another distance (the workshop's is the same for all)."""
    scale = pitch_histogram(np.array([60, 62, 64, 65]))
    assert total_variation(scale, pitch_histogram(np.array([60, 62, 66, 68]))) == 0.5
    assert total_variation(scale, pitch_histogram(np.array([61, 63, 66, 68]))) == 1


def test_histogram_leaves_rests_out() -> None:
    """Two C and one D among rests are two thirds and one third."""
    histogram = pitch_histogram(np.array([60, REST, 60, 62, REST]))
    assert histogram[[60, 62]] == pytest.approx([2 / 3, 1 / 3])
    assert histogram.sum() == pytest.approx(1)


def test_silence_has_no_histogram() -> None:
    """Distances to silence are NaN, not 0."""
    silence = pitch_histogram(np.array([REST, REST]))
    assert np.isnan(total_variation(silence, pitch_histogram(np.array([60]))))
    assert np.isnan(earth_movers(silence, silence))


def test_voices_are_counted_apart() -> None:
    """Each voice of several pieces has its own histogram."""
    pitches = np.array([[72, 48], [74, 48]], np.int8)
    score = Score(pitches, onset_floor(pitches))
    histograms = line_histograms([score, score])
    assert histograms[0, 74] == 0.5
    assert histograms[1, 48] == 1


@given(pitch_lists, st.integers(0, 12))
def test_earth_movers_counts_semitones(pitches: list[int], by: int) -> None:
    """A voice moved up by n semitones is n away."""
    low = np.array(pitches) % 115
    assert earth_movers(pitch_histogram(low), pitch_histogram(low + by)) == pytest.approx(by)


@given(pitch_lists, pitch_lists)
def test_total_variation_is_a_share(first: list[int], second: list[int]) -> None:
    """It lies between 0 and 1 and does not care for the order of its arguments."""
    one, other = pitch_histogram(np.array(first)), pitch_histogram(np.array(second))
    assert -1e-12 <= total_variation(one, other) <= 1 + 1e-12
    assert total_variation(one, other) == total_variation(other, one)


def test_overlap_area_by_hand() -> None:
    """Half of one side shares its bin with the other."""
    assert overlap_area([0, 0, 1, 1], [0, 0, 0, 0]) == 0.5
    assert overlap_area([0, 0.5, 1], [0, 0.5, 1]) == pytest.approx(1)
    assert overlap_area([0, 0.1], [0.9, 1]) == 0


def test_overlap_area_of_constants_and_nan() -> None:
    """Two equal constants overlap wholly; NaN is left out; nothing left is NaN."""
    assert overlap_area([2, 2], [2]) == 1
    assert overlap_area([0, 1, np.nan], [0, 1]) == 1
    assert np.isnan(overlap_area([np.nan], [1]))
