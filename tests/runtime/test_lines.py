"""Pieces of any lengths composed in rows, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantor import runtime
from kantor.music.conditioning import Conditioning
from kantor.runtime import lines

SEEDS = np.array([3, 1, 4, 1, 5])


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 8))
def test_rows_are_filled_evenly(lengths: list[int], most: int) -> None:
    """No two pieces overlap, no row has a gap, none is longer than the shortest by a piece."""
    places = lines.arranged(lengths, most)
    ends = []
    for row in range(min(most, len(lengths))):
        spans = sorted((start, lengths[i]) for i, (r, start) in enumerate(places) if r == row)
        end = 0
        for start, length in spans:
            assert start == end
            end += length
        ends.append(end)
    assert ends == sorted(ends, reverse=True)
    assert ends[0] - ends[-1] <= max(lengths)
    assert sum(ends) == sum(lengths)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_what_stood_before_in_a_row_does_not_matter(
    model: runtime.Generator, batch: Conditioning, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """A piece that follows another one is the take that it is alone."""
    expected = model.compose(batch, SEEDS)

    def few(lengths: Any) -> Any:
        return arranged(lengths, rows)

    arranged = lines.arranged
    monkeypatch.setattr(lines, "arranged", few)
    assert all(map(np.array_equal, model.compose(batch, SEEDS), expected))
