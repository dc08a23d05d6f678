"""The gate before training: a sound corpus passes, and each way of breaking it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tests.data.checks.conftest import Data

from kantor.data.windows import Windows


def test_a_sound_corpus_passes(sound: Data) -> None:
    """Every check is made, and none fails."""
    assert [one.line for one in sound.outcomes() if one.success is not True] == []


def _windows_out_of_order(data: Data) -> None:
    """A fault of its own in each of the first ten windows."""
    rolls, onsets = data.windows.rolls, data.windows.onsets
    rolls[0, 5, 79, 0] = True
    rolls[1, 5, :, 1] = False
    onsets[1, 5:7, 1] = True
    onsets[2, 1:] = False
    data.windows.length[3] = 28
    data.windows.length[4] = 0
    data.windows.start[5] = 140
    data.windows.start[6] = 36
    data.windows.piece[8] = 99
    data.windows.piece[9] = -1


def _transpose(line: int, semitones: int) -> Callable[[Data], None]:
    def spoil(data: Data) -> None:
        rolls = data.windows.rolls
        rolls[..., line] = np.roll(rolls[..., line], semitones, axis=2)

    return spoil


def _rests(data: Data) -> None:
    data.windows.rolls[:, ::8, :, :2] = False
    data.windows.onsets[:, ::8, :2] = False
    data.windows.onsets[:, 1::8, :2] = data.windows.rolls[:, 1::8, :, :2].any(axis=2)


def _empty_bars(data: Data) -> None:
    data.windows.rolls[::4, :16, :, 3] = False
    data.windows.onsets[::4, :16, 3] = False
    data.windows.onsets[::4, 16, 3] = data.windows.rolls[::4, 16, :, 3].any(axis=1)


def _crossed(data: Data) -> None:
    for array in (data.windows.rolls, data.windows.onsets):
        array[..., [1, 2]] = array[..., [2, 1]]


def _two_keys_at_once(data: Data) -> None:
    rolls = data.windows.rolls
    rolls[:, 16:] = np.roll(rolls[:, 16:], 6, axis=2)
    data.windows.onsets[:, 16] = rolls[:, 16].any(axis=1)


def _drifted(data: Data) -> None:
    first = np.flatnonzero((data.table["split"] == "test").to_numpy()[data.windows.piece])[0]
    rolls = data.windows.rolls
    rolls[first:, ..., 3] = np.roll(rolls[first:, ..., 3], -5, axis=2)


def _copied_windows(data: Data) -> None:
    """Each held-out piece gets four of eight windows of training, in another key."""
    arrays = data.windows
    for row in (6, 7, 8, 9):
        mine, theirs = (np.flatnonzero(arrays.piece == one)[:4] for one in (row, row - 6))
        arrays.rolls[mine] = np.roll(arrays.rolls[theirs], 2, axis=2)
        arrays.onsets[mine] = arrays.onsets[theirs]


def _copied_piece(data: Data) -> None:
    """A held-out piece is a training piece in another key: its hash is another, its notes not."""
    arrays = data.windows
    arrays.rolls[arrays.piece == 6] = np.roll(arrays.rolls[arrays.piece == 0], 2, axis=2)
    arrays.onsets[arrays.piece == 6] = arrays.onsets[arrays.piece == 0]


def _unfit_pieces(data: Data) -> None:
    """A missing or wrong value in some rows, a tenor that is all but silent, the same notes."""
    for row, column, value in (
        (0, "key", ""),
        (1, "meter", "4/5"),
        (2, "voices", 5),
        (4, "bars", ""),
        (9, "content_hash", data.table.loc[5, "content_hash"]),
    ):
        data.table.loc[row, column] = value
    mine = data.windows.piece == 3
    data.windows.rolls[mine, 4:, :, 2] = False
    data.windows.onsets[mine, 4:, 2] = False


def _cell(row: int, column: str, value: object) -> Callable[[Data], None]:
    def spoil(data: Data) -> None:
        data.table.loc[row, column] = value

    return spoil


def _no_windows(data: Data) -> None:
    data.windows.piece[data.windows.piece == 4] = 5
    data.windows.start[:] = np.arange(len(data.windows.start)) % 100


# What is done to a sound corpus, and each check that must fail, with what its line must hold.
FAULTS: dict[str, tuple[list[Callable[[Data], None]], dict[str, str]]] = {
    "windows": (
        [_windows_out_of_order],
        {
            "one_pitch": "choir/train0@4",
            "onsets_match_pitches": "choir/train0@20, choir/train0@36",
            "silent_padding": "choir/train0@52, choir/train0@68",
            "windows_have_steps": "choir/train0@68",
            "windows_inside_pieces": "choir/train0@140",
            "window_ids_unique": "choir/train0@36",
            "windows_have_pieces": "row 99@4, row -1@20",
        },
    ),
    "outer voices": (
        [_transpose(0, 12), _transpose(3, -12)],
        {"range_soprano": "@", "range_bass": "choir/"},
    ),
    "inner voices": (
        [_transpose(1, 12), _transpose(2, -12)],
        {"range_alto": "choir/", "range_tenor": "choir/", "crossing_share": "choir/"},
    ),
    "rests, two keys at once": (
        [_rests, _two_keys_at_once],
        {"rest_share": "choir/", "in_scale": "choir/"},
    ),
    "empty bars, crossed voices, drift": (
        [_empty_bars, _crossed, _drifted],
        {"empty_bar_share": "choir/", "crossing_share": "choir/", "drift_bass": "test"},
    ),
    "copied windows": ([_copied_windows], {"windows_in_one_split": "choir/valid6@4"}),
    "copied piece": (
        [_copied_piece],
        {"pieces_not_copied": "choir/valid6", "windows_in_one_split": "choir/valid6@4"},
    ),
    "unfit pieces": (
        [_unfit_pieces],
        {
            "known_key": "choir/train0",
            "known_meter": "choir/train1",
            "all_lines": "choir/train2",
            "voices_heard": "choir/train3",
            "manifest_complete": "choir/train4",
            "pieces_in_one_split": "choir/train5, choir/test9",
        },
    ),
    "id twice": (
        [_cell(1, "id", "choir/train0")],
        {"piece_ids_unique": "choir/train0", "window_ids_unique": "choir/train0"},
    ),
    "no such split": (
        [_cell(1, "split", "holdout")],
        {"known_split": "train1", "windows_have_pieces": "train1", "pieces_per_split": "train"},
    ),
    "too few pieces": ([_cell(9, "split", "train")], {"pieces_per_split": "test"}),
    "piece without windows": ([_no_windows], {"pieces_have_windows": "choir/train4"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_refused_by_its_own_check(broken: Data, name: str) -> None:
    """Faults in a sound corpus fail the checks that are meant for them, and these say where."""
    spoiling, places = FAULTS[name]
    for spoil in spoiling:
        spoil(broken)
    lines = {check: outcome.line for check, outcome in broken.failed().items()}
    assert {*lines} == {*places}
    for check, place in places.items():
        assert place in lines[check]
    assert all("\n" not in line and "expected" in line for line in lines.values())


@pytest.mark.parametrize(
    ("name", "array", "check"),
    [
        ("rolls", np.zeros((10, 32, 128, 3), bool), "tensor_shape"),
        ("length", np.zeros((80, 1), np.int16), "tensor_shape"),
        ("start", np.zeros(80), "tensor_dtype"),
    ],
)
def test_arrays_of_a_wrong_form_are_refused(
    sound: Data, name: str, array: np.ndarray, check: str
) -> None:
    """A wrong shape or type fails its check; what cannot be looked at then is said to be so."""
    outcomes = Data(replace(sound.windows, **{name: array}), sound.table).outcomes()
    failed = {one.name: one for one in outcomes if one.success is False}
    assert check in failed
    assert name in failed[check].line
    not_made = [one for one in outcomes if one.success is None]
    assert "one_pitch" in {one.name for one in not_made}
    assert all("not checked" in one.found for one in not_made)


def test_rolls_of_another_type_are_refused_and_still_looked_at(broken: Data) -> None:
    """Rolls of floats fail one check, the type; the notes in them are judged all the same."""
    rolls = broken.windows.rolls.astype(np.float32) * 2 - 1
    failed = Data(replace(broken.windows, rolls=rolls), broken.table).failed()
    assert {*failed} == {"tensor_dtype"}


def test_no_data_at_all_is_refused(sound: Data) -> None:
    """An empty corpus does not pass for want of faults."""
    arrays = {name: array[:0] for name, array in vars(sound.windows).items()}
    failed = Data(Windows(**arrays), sound.table[:0]).failed()
    assert {*failed} == {"pieces_exist", "windows_exist", "pieces_per_split"}


def test_a_manifest_without_columns_is_refused(sound: Data) -> None:
    """Missing columns are named."""
    failed = Data(sound.windows, sound.table.drop(columns=["key", "split", "id"])).failed()
    assert "found no id, key, split" in failed["manifest_columns"].line
