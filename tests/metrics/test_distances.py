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


def test_distances_of_histograms_by_hand() -> None:
    """A scale is at no distance from itself and at another from noise (the workshop: 9.165 for
    both); rests are left out, and silence is at no known distance.
    """
    scale = pitch_histogram(np.array([60, REST, 62, 64, 65, REST]))
    assert scale[[60, 62, 64, 65]].tolist() == [0.25] * 4
    assert total_variation(scale, scale) == earth_movers(scale, scale) == 0
    assert total_variation(scale, pitch_histogram(np.array([60, 62, 66, 68]))) == 0.5
    assert total_variation(scale, pitch_histogram(np.array([61, 63, 66, 68]))) == 1
    silence = pitch_histogram(np.array([REST, REST]))
    assert np.isnan(total_variation(silence, scale))
    assert np.isnan(earth_movers(silence, silence))


def test_lines_are_counted_apart() -> None:
    """Each line of several pieces has its own histogram."""
    pitches = np.array([[72, 48], [74, 48]], np.int8)
    score = Score(pitches, onset_floor(pitches))
    histograms = line_histograms([score, score])
    assert histograms[0, 74] == 0.5
    assert histograms[1, 48] == 1


@given(pitch_lists, st.integers(0, 12))
def test_earth_movers_counts_semitones(pitches: list[int], by: int) -> None:
    """A line moved up by n semitones is n away."""
    low = np.array(pitches) % 115
    assert earth_movers(pitch_histogram(low), pitch_histogram(low + by)) == pytest.approx(by)


@given(pitch_lists, pitch_lists)
def test_total_variation_is_a_share(first: list[int], second: list[int]) -> None:
    """It lies between 0 and 1 and does not care for the order of its arguments."""
    one, other = pitch_histogram(np.array(first)), pitch_histogram(np.array(second))
    assert -1e-12 <= total_variation(one, other) <= 1 + 1e-12
    assert total_variation(one, other) == total_variation(other, one)


def test_overlap_area_by_hand() -> None:
    """Half of one side shares its bin with the other; equal constants overlap wholly; NaN is left
    out, and with nothing left the answer is NaN.
    """
    assert overlap_area([0, 0, 1, 1], [0, 0, 0, 0]) == 0.5
    assert overlap_area([0, 0.5, 1], [0, 0.5, 1]) == pytest.approx(1)
    assert overlap_area([0, 0.1], [0.9, 1]) == 0
    assert overlap_area([2, 2], [2]) == overlap_area([0, 1, np.nan], [0, 1]) == 1
    assert np.isnan(overlap_area([np.nan], [1]))
