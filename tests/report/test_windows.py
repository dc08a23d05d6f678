"""The table of windows: what the evaluation measured, to the last bit."""

import json

import numpy as np
import pandas as pd
import pytest

from kantor.errors import InputError
from kantor.metrics.distances import draw, resampled_mean, resampled_overlap
from kantor.report.windows import Windows, table


def test_what_is_written_is_read_again(corpus):
    """A pair of tables comes back equal."""
    scores = [piece.score for piece in corpus]
    ids = [piece.id for piece in corpus]
    pair = Windows(table(scores, ids), table(scores[::-1], ids))
    again = Windows.from_csv(pair.to_csv())
    pd.testing.assert_frame_equal(again.generated, pair.generated, check_exact=True)
    pd.testing.assert_frame_equal(again.real, pair.real, check_exact=True)


def test_the_evaluation_s_figures_follow_from_it(reports):
    """Means and overlap in metrics.json are those of the table."""
    pair = Windows.from_csv((reports / "windows.csv").read_text())
    figures = json.loads((reports / "metrics.json").read_text())
    assert set(pair.real.index.get_level_values("piece")) == {"made/3", "made/4", "made/5"}
    piece = pd.factorize(pair.real.index.get_level_values("piece"))[0]
    weights = draw(3, 1, 0)
    overlaps = []
    for name in pair.real.columns:
        own, real = pair.generated[name].to_numpy(), pair.real[name].to_numpy()
        mean = resampled_mean(own, piece, weights)[0]
        if figures["metrics"][name]["generated"] is None:
            assert np.isnan(mean)
        else:
            assert mean == pytest.approx(figures["metrics"][name]["generated"], abs=6e-5)
        overlaps.append(resampled_overlap(own, real, piece, weights)[0])
    assert np.nanmean(overlaps) == pytest.approx(figures["headline"]["overlap"], abs=6e-5)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "side,piece,start,x\nreal,p,0,high\n"])
def test_what_is_no_table_is_refused(text):
    """Other files get one line."""
    with pytest.raises(InputError, match=r"windows.csv: not a table of windows"):
        Windows.from_csv(text)
