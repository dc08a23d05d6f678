"""The comparison of generated music with real music and a baseline."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kantor.metrics.musical import LABELS, evaluate_windows
from kantor.metrics.report import HEADLINE, as_plain, by_meter, compare, headline
from kantor.music.score import Meter, Score, ScoreError, onset_floor


def piece(seed: int, spread: int = 5, meter: Meter = Meter()) -> Score:  # noqa: B008
    """Eight bars of random quarters around four centres."""
    rng = np.random.default_rng(seed)
    notes = np.array([70, 64, 57, 48]) + rng.integers(-spread, spread + 1, (32, 4))
    pitches = np.repeat(notes, 4, axis=0).astype(np.int8)
    return Score(pitches, onset_floor(pitches), meter)


REAL = [piece(seed) for seed in range(4)]
GENERATED = [piece(seed) for seed in range(10, 14)]
BASELINE = [piece(seed, spread=12) for seed in range(20, 24)]


def test_table_has_every_metric_of_every_side() -> None:
    """Columns hold means, the band and the overlaps; rows begin with the metrics in order."""
    table = compare(GENERATED, REAL, BASELINE)
    assert list(table.columns) == [
        "label", "generated", "real", "baseline", "real_sd", "overlap", "overlap_baseline",
    ]  # fmt: skip
    assert list(table.index[: len(LABELS)]) == list(LABELS)
    assert table["label"].notna().all()
    windows = evaluate_windows(REAL)
    assert table.loc["leaps_bass", "real"] == windows["leaps_bass"].mean()
    assert table.loc["leaps_bass", "real_sd"] == windows["leaps_bass"].std(ddof=0)


def test_what_is_like_real_music_overlaps_more() -> None:
    """Music drawn as the real was overlaps more than other music, and lies nearer."""
    table = compare(GENERATED, REAL, BASELINE)
    assert table.loc["overlap", "generated"] > table.loc["overlap", "baseline"]
    movers = table.loc["pitch_movers_bass"]
    assert 0 == movers["real"] < movers["generated"] < movers["baseline"]


def test_real_music_compared_with_itself() -> None:
    """It overlaps itself wholly, and no histogram differs."""
    table = compare(REAL, REAL, REAL)
    assert table.loc["overlap", "generated"] == pytest.approx(1)
    assert (table.filter(like="pitch_variation", axis=0)["generated"] == 0).all()


def test_overlap_leaves_the_soprano_out() -> None:
    """What was given must not count as agreement."""
    table = compare(GENERATED, REAL, BASELINE)
    free = [name for name in LABELS if not name.endswith("_soprano")]
    assert table.loc["overlap", "generated"] == pytest.approx(table.loc[free, "overlap"].mean())


def test_whole_pieces_are_another_table() -> None:
    """With steps=None a piece is one passage."""
    table = compare(GENERATED, REAL, BASELINE, steps=None)
    whole = evaluate_windows(REAL, None)
    assert len(whole) == len(REAL)
    assert table.loc["crossing", "real"] == whole["crossing"].mean()


def test_headline_has_the_telling_rows() -> None:
    """Eight metrics, all of them in the table."""
    assert list(headline(compare(GENERATED, REAL, BASELINE)).index) == list(HEADLINE)


@pytest.mark.parametrize("bad", [[], [REAL[0].voice(0)]])
def test_sides_must_be_of_four_voices(bad: list[Score]) -> None:
    """An empty side or a melody alone is refused by name."""
    with pytest.raises(ScoreError, match="generated"):
        compare(bad, REAL, BASELINE)


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


def test_plain_data_is_json_and_rounded() -> None:
    """NaN becomes null, numbers have six digits, and the text is the same each time."""
    table = compare(GENERATED, REAL, BASELINE)
    plain = as_plain(table)
    text = json.dumps(plain, allow_nan=False)
    assert text == json.dumps(as_plain(compare(GENERATED, REAL, BASELINE)), allow_nan=False)
    assert plain["overlap"]["real_sd"] is None
    value = plain["tonal_distance"]["real"]
    assert value == float(f"{table.loc['tonal_distance', 'real']:.6g}")
    assert type(by_meter(REAL)["pieces"].iloc[0].item()) is int
