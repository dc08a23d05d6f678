"""Metrics in groups of pieces."""

from __future__ import annotations

import numpy as np

from kantor.metrics.musical import evaluate_windows
from kantor.metrics.report import by_meter
from kantor.music.score import Meter, Score, onset_floor


def piece(seed: int, meter: Meter = Meter()) -> Score:  # noqa: B008
    """Eight bars of random quarters around four centres."""
    rng = np.random.default_rng(seed)
    notes = np.array([70, 64, 57, 48]) + rng.integers(-5, 6, (32, 4))
    pitches = np.repeat(notes, 4, axis=0).astype(np.int8)
    return Score(pitches, onset_floor(pitches), meter)


REAL = [piece(seed) for seed in range(4)]


def test_by_meter_groups() -> None:
    """4/4, 3/4 and all other meters have a row each, with their own pieces' means."""
    waltz = piece(5, meter=Meter(3, 4))
    rest = [piece(6, meter=Meter(3, 2)), piece(7, meter=Meter(6, 8))]
    table = by_meter([*rest, waltz, *REAL])
    assert list(table.index) == ["4/4", "3/4", "others"]
    assert table["pieces"].tolist() == [4, 1, 2]
    assert table.loc["3/4", "crossing"] == evaluate_windows([waltz])["crossing"].mean()
    assert table.loc["others", "leaps_bass"] == evaluate_windows(rest)["leaps_bass"].mean()
    assert list(by_meter([waltz]).index) == ["3/4"]
