"""What is measured of the tensors, worked out by hand on small ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.data.checks.tables import measure, piece_table, read_manifest
from kantor.data.checks.windows import window_table
from kantor.data.windows import Windows
from kantor.ensemble import Ensemble, Line
from kantor.errors import InputError
from kantor.formats.pianoroll import to_roll
from kantor.music.score import REST, onset_floor

CHORD = (72, 67, 64, 48)


def tensors(*pitches: np.ndarray, lengths: tuple[int, ...] | None = None) -> Windows:
    """Windows of one piece, from their pitches ``(time, line)``."""
    stacked = np.stack(pitches).astype(np.int8)
    count, steps = stacked.shape[:2]
    return Windows(
        to_roll(stacked),
        np.stack([onset_floor(one) for one in stacked]),
        np.zeros(count, np.int32),
        np.arange(count, dtype=np.int32) * steps,
        np.array(lengths or (steps,) * count, np.int16),
    )


def manifest(*splits: str, meter: str = "4/4", steps: int = 1000) -> pd.DataFrame:
    rows = [
        {"id": f"p{i}", "split": s, "meter": meter, "steps": steps} for i, s in enumerate(splits)
    ]
    return pd.DataFrame(rows)


def held(chord: tuple[int, ...] = CHORD, steps: int = 32) -> np.ndarray:
    return np.tile(np.array(chord, np.int8), (steps, 1))


def measured(windows: Windows, meter: str = "4/4") -> pd.Series:
    table, _ = window_table(windows, manifest("train", meter=meter))
    return table.iloc[0]


def test_a_sound_window_has_no_faults() -> None:
    """A held C major chord is one pitch a voice, no rest, no crossing, all in scale."""
    row = measured(tensors(held()))
    assert row["window_id"] == "p0@0"
    assert row["most_pitches"] == 1
    faults = ["onset_faults", "padding_cells", "overhang", "rest_share", "empty_bar_share"]
    assert not row[faults].any()
    assert row["crossing_share"] == 0
    assert row["in_scale"] == 1
    assert (row["compass_bass"], row["compass_soprano"]) == ("48 to 48", "72 to 72")


def test_faults_of_form_are_counted_in_real_steps() -> None:
    """A second pitch of a line, an onset on a rest, a change without one; a window may begin held.

    A window without a piece in the manifest is named by its row; steps outside the piece count.
    """
    pitches = held()
    pitches[8:12, 0] = REST
    windows = tensors(pitches)
    windows.onsets[0, 0] = False
    assert measured(windows)["onset_faults"] == 0
    windows.onsets[0, 9, 0] = True
    windows.onsets[0, 12, 0] = False
    windows.rolls[0, 31, 50, 3] = True
    row = measured(windows)
    assert (row["onset_faults"], row["most_pitches"]) == (2, 2)
    table, _ = window_table(windows, manifest("train", steps=30))
    assert table["overhang"].tolist() == [2]
    windows.start[0] = -3
    assert measured(windows)["overhang"] == 3
    windows.piece[0] = 7
    row = measured(windows)
    assert (row["window_id"], row["split"]) == ("row 7@-3", "")


def test_padding_is_not_measured_but_must_be_silent() -> None:
    """What follows the real steps counts neither as rest nor as music, and may not sound."""
    pitches = held()
    pitches[16:] = REST
    row = measured(tensors(pitches, lengths=(16,)))
    assert row["rest_share"] == 0
    assert row["empty_bar_share"] == 0
    windows = tensors(held(), lengths=(30,))
    assert measured(windows)["padding_cells"] == 2 * 4


@pytest.mark.parametrize(("meter", "share"), [("4/4", 1 / 8), ("3/4", 1 / 12), ("?", 1 / 8)])
def test_shares_by_hand(meter: str, share: float) -> None:
    """One silent bar of one voice is an eighth of two bars, a twelfth of three begun ones.

    A tenor above the alto for 8 of 32 steps is a quarter, rests elsewhere notwithstanding. All of
    B major is in one scale; a quarter of chromatic cells is not.
    """
    pitches = held()
    pitches[:16, 2] = REST
    assert measured(tensors(pitches), meter)["empty_bar_share"] == pytest.approx(share)
    pitches = held()
    pitches[:8, 2] = 69
    pitches[8:16, 2], pitches[8:16, 3] = 69, REST
    assert measured(tensors(pitches), meter)["crossing_share"] == 0.25
    assert measured(tensors(held((71, 66, 63, 47))), meter)["in_scale"] == 1
    pitches = np.concatenate([held((72, 65, 67, 48), 16), held((72, 66, 68, 49), 16)])
    assert measured(tensors(pitches), meter)["in_scale"] < 1


def test_silence_has_no_range_no_scale_and_no_copy() -> None:
    """A silent window is all rest, and is not a copy of another silent one."""
    silent = np.full((32, 4), REST, np.int8)
    windows = tensors(silent, silent)
    windows.piece[1] = 1
    table, _ = window_table(windows, manifest("train", "test"))
    assert table["rest_share"].tolist() == [1, 1]
    assert table["in_scale"].isna().all()
    assert table["compass_alto"].isna().all()
    assert table["also_in"].isna().all()


@given(st.integers(-12, 12))
@settings(max_examples=10, deadline=None)
def test_a_copy_is_found_in_any_key(semitones: int) -> None:
    """The same pitches moved by any interval are the same content; one other note is not."""
    pitches = held()
    pitches[16:, 1] = 65
    moved, other = pitches + semitones, pitches.copy()
    other[31, 3] += 1
    windows = tensors(pitches, moved, other)
    windows.piece[:] = [0, 1, 2]
    table, _ = window_table(windows, manifest("train", "test", "valid"))
    assert table["also_in"].tolist()[1:] == ["train", ""]
    assert table["also_in"].isna().tolist() == [True, False, False]


def test_drums_neither_rest_nor_cross_nor_sing() -> None:
    """Shares are those of the pitched lines; a drum has a range of one pitch, and onsets."""
    lines = (Line("flute", 60, 96), Line("kick", 36, 36, "drum"), Line("snare", 38, 38, "drum"))
    pitches = np.full((32, 3), REST, np.int8)
    pitches[:, 0], pitches[::8, 1] = 72, 36
    table, counts = window_table(tensors(pitches), manifest("train"), Ensemble("trio", lines))
    row = table.iloc[0]
    assert not row[["onset_faults", "rest_share", "empty_bar_share", "crossing_share"]].any()
    assert row["in_scale"] == 1
    compasses = row[["compass_flute", "compass_kick", "compass_snare"]]
    assert compasses.tolist() == ["72 to 72", "36 to 36", None]
    assert counts.shape == (1, 128, 3)


@pytest.mark.parametrize(
    "fields",
    [
        {"rolls": np.zeros((1, 32, 128, 3), bool)},
        {"rolls": np.zeros(3, bool)},
        {"rolls": np.array(1)},
        {"onsets": np.zeros((1, 31, 4), bool)},
        {"piece": np.zeros((1, 2), np.int32)},
        {"length": np.zeros(1)},
        {"start": np.zeros(2, np.int32)},
        {"rolls": np.full((1, 32, 128, 4), "x")},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_arrays_of_a_wrong_form_are_no_crash(fields: dict[str, np.ndarray]) -> None:
    """What cannot be measured is left out; the table of the arrays shows the form."""
    sound = tensors(held())
    windows = Windows(**{**vars(sound), **fields})
    tables = measure(windows, manifest("train"), 32, {})
    assert "rest_share" not in tables.windows
    assert tables.histograms == {}
    wrong = tables.tensors
    forms = wrong["shape"] == wrong["declared_shape"]
    assert not (forms & (wrong["dtype"] == wrong["declared_dtype"])).all()


def test_more_windows_than_a_chunk_are_measured_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows are measured in chunks, which cannot be seen in the result."""
    pitches = [held(tuple(np.array(CHORD) + i)) for i in range(7)]
    whole, _ = window_table(tensors(*pitches), manifest("train"))
    monkeypatch.setattr("kantor.data.checks.windows.CHUNK", 3)
    parts, _ = window_table(tensors(*pitches), manifest("train"))
    pd.testing.assert_frame_equal(whole, parts)


def test_splits_are_measured_against_training() -> None:
    """Counts, what is required, and the distance of each voice from training."""
    windows = tensors(held(), held((72, 67, 64, 50)))
    windows.piece[1] = 1
    tables = measure(windows, manifest("train", "test"), 32, {"train": 5})
    table = tables.splits.set_index("split")
    assert table["pieces"].tolist() == [1, 0, 1]
    assert table["required_pieces"].tolist() == [5, 0, 0]
    assert table.loc["test", ["drift_bass", "drift_alto"]].tolist() == [1, 0]
    assert table.loc[["train", "valid"], "drift_bass"].isna().all()


def test_gaps_in_the_manifest_are_named() -> None:
    """A cell that is empty, or no number where one belongs, is a gap; a title may be empty."""
    table = pd.DataFrame({"id": ["a", "b"], "title": "", "bars": [4, "x"], "source": ["s", None]})
    pieces = piece_table(table, tensors(held()))
    assert pieces["gaps"].tolist() == ["", "bars source "]
    assert pieces["windows"].tolist() == [1, 0]


@pytest.mark.parametrize("content", [None, b"", b"a,b\n1,2,3\n1\n1,2,3,4\n", b"\xff\xfe\x00"])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A missing or broken table is one line that names the file.

    In a sound one ids such as 007 and titles such as NA stay what they are.
    """
    path = tmp_path / "manifest.csv"
    path.write_text("id,title,bars\n007,NA,4\n")
    assert read_manifest(path).iloc[0].tolist() == ["007", "NA", 4]
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"manifest\.csv: ") as caught:
        read_manifest(path)
    assert "\n" not in str(caught.value)
