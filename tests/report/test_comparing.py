"""Verdicts on figures, worked out by hand."""

from __future__ import annotations

import math

import pytest

from kantor.report.comparing import Comparison, overlaps
from kantor.report.measuring import Bodies, compare, measure
from kantor.settings import Evaluate


@pytest.mark.parametrize(
    ("generated", "verdict"),
    [(0.50, "alike"), (0.54, "alike"), (0.46, "alike"), (0.58, "in range"), (0.61, "outside")],
)
def test_a_verdict_follows_from_error_and_spread(generated, verdict):
    """Within two errors alike, within the spread in range, beyond it outside, on both sides."""
    assert Comparison(generated, 0.5, 0.1, 0.02, {}).verdict == verdict
    assert Comparison(1 - generated, 0.5, 0.1, 0.02, {}).verdict == verdict


def test_a_distance_below_the_real_one_is_no_fault():
    """Nearer to the training data than Bach's held-out pieces are is not outside; a metric with
    nothing to count is neither good nor bad.
    """
    assert Comparison(0.1, 0.5, 0.05, 0.0, {}, is_distance=True).verdict == "alike"
    assert Comparison(0.9, 0.5, 0.05, 0.0, {}, is_distance=True).verdict == "outside"
    assert Comparison(math.nan, 0.5, 0.1, 0.02, {}).verdict == ""


def test_bach_himself_passes_everywhere(corpus):
    """A model that writes what Bach wrote is alike in every metric, overlapping fully."""
    real = [piece.score for piece in corpus if piece.split == "valid"]
    training = [piece.score for piece in corpus if piece.split == "train"]
    bodies = Bodies(real, real, {"itself": real}, training)
    table = compare(bodies)
    assert {entry.verdict for entry in table.values()} == {"alike"}
    assert overlaps(table) == {"generated": 1.0, "itself": 1.0}
    headline = measure(bodies, Evaluate(split="valid", samples=1), 0.5)["headline"]
    assert headline["metrics_in_range"] == len(table) == headline["metrics"]
    assert not [name for name in table if name.endswith("_soprano")]  # given, not composed
