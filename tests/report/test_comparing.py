"""Verdicts on figures, worked out by hand, and the table of windows that they come from."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from kantor.errors import InputError
from kantor.metrics.distances import draw, resampled_mean, resampled_overlap
from kantor.report.comparing import Comparison, Windows, overlaps, window_table
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
    compared = compare(bodies)
    assert {one.verdict for one in compared.values()} == {"alike"}
    assert overlaps(compared) == {"generated": 1.0, "itself": 1.0}
    headline = measure(bodies, Evaluate(split="valid", samples=1), 0.5)["headline"]
    assert headline["metrics_in_range"] == len(compared) == headline["metrics"]
    assert not [name for name in compared if name.endswith("_soprano")]  # given, not composed


def test_windows_that_are_written_are_read_again(corpus):
    """A pair of tables comes back equal."""
    scores = [piece.score for piece in corpus]
    ids = [piece.id for piece in corpus]
    pair = Windows(window_table(scores, ids), window_table(scores[::-1], ids))
    again = Windows.from_csv(pair.to_csv())
    pd.testing.assert_frame_equal(again.generated, pair.generated, check_exact=True)
    pd.testing.assert_frame_equal(again.real, pair.real, check_exact=True)


def test_the_evaluation_s_figures_follow_from_the_windows(reports):
    """Means and overlap in metrics.json are those of the table."""
    pair = Windows.from_csv((reports / "windows.csv").read_text())
    figures = json.loads((reports / "metrics.json").read_text())
    piece, ids = pd.factorize(pair.real.index.get_level_values("piece"))
    assert list(ids) == ["made/3", "made/4", "made/5"]
    weights = draw(3, 1, 0)
    overlap = []
    for name in pair.real.columns:
        own, real = pair.generated[name].to_numpy(), pair.real[name].to_numpy()
        mean = resampled_mean(own, piece, weights)[0]
        expected = figures["metrics"][name]["generated"]
        assert mean == pytest.approx(math.nan if expected is None else expected, 0, 6e-5, True)
        overlap.append(resampled_overlap(own, real, piece, weights)[0])
    assert np.nanmean(overlap) == pytest.approx(figures["headline"]["overlap"], abs=6e-5)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "side,piece,start,x\nreal,p,0,high\n"])
def test_what_is_no_table_is_refused(text):
    """Other files get one line."""
    with pytest.raises(InputError, match=r"windows.csv: not a table of windows"):
        Windows.from_csv(text)
