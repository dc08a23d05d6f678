"""The gate before training: a sound corpus passes, and each way of breaking it is refused."""

from dataclasses import replace

import numpy as np
import pytest
from tests.data.checks.conftest import Data

from kantor.data.windows import Windows
from kantor.music.score import REST, onset_floor


def test_a_sound_corpus_passes(sound):
    """Every check is made, and none fails."""
    assert [one.line for one in sound.outcomes() if one.success is not True] == []


def assert_refused(data, places):
    """The checks named fail and no others; each says on one line where."""
    lines = data.failed()
    assert {*lines} == {*places}
    for check, place in places.items():
        assert place in lines[check]
    assert all("\n" not in line and "expected" in line for line in lines.values())


def test_windows_out_of_order_are_refused(broken):
    """A fault of its own in each of the first ten windows."""
    windows = broken.windows
    windows.rolls[0, 5, 79, 0] = True
    windows.rolls[1, 5, :, 1] = False
    windows.onsets[1, 5:7, 1] = True
    windows.onsets[2, 1:] = False
    windows.length[3] = 28
    windows.length[4] = 0
    windows.start[5] = 140
    windows.start[6] = 36
    windows.piece[8] = 99
    windows.piece[9] = -1
    places = {
        "one_pitch": "choir/train0@4",
        "onsets_match_pitches": "choir/train0@20, choir/train0@36",
        "silent_padding": "choir/train0@52, choir/train0@68",
        "windows_have_steps": "choir/train0@68",
        "windows_inside_pieces": "choir/train0@140",
        "window_ids_unique": "choir/train0@36",
        "windows_have_pieces": "row 99@4, row -1@20",
    }
    assert_refused(broken, places)


def spoil(rolls, fault):
    """Do to the music what `fault` names; the windows of piece n begin with the eight times nth."""
    match fault:
        case "outer voices":
            rolls[..., 0] = np.roll(rolls[..., 0], 12, axis=2)
            rolls[..., 3] = np.roll(rolls[..., 3], -12, axis=2)
        case "inner voices":
            rolls[..., 1] = np.roll(rolls[..., 1], 12, axis=2)
            rolls[..., 2] = np.roll(rolls[..., 2], -12, axis=2)
        case "rests, two keys at once":
            rolls[:, ::8, :, :2] = False
            rolls[:, 16:] = np.roll(rolls[:, 16:], 6, axis=2)
        case "empty bars, crossed voices, drift":
            rolls[::4, :16, :, 3] = False
            rolls[..., [1, 2]] = rolls[..., [2, 1]]
            rolls[64:, ..., 3] = np.roll(rolls[64:, ..., 3], -5, axis=2)
        case "copied windows":  # four of eight of each held-out piece, in another key
            for first in (48, 56, 64, 72):
                rolls[first : first + 4] = np.roll(rolls[first - 48 : first - 44], 2, axis=2)
        case "copied piece":  # its hash is another, its notes are not
            rolls[48:56] = np.roll(rolls[:8], 2, axis=2)


@pytest.mark.parametrize(
    ("fault", "places"),
    [
        ("outer voices", {"range_soprano": "@", "range_bass": "choir/"}),
        ("inner voices", {"range_alto": "@", "range_tenor": "choir/", "crossing_share": "choir/"}),
        ("rests, two keys at once", {"rest_share": "choir/", "in_scale": "choir/"}),
        (
            "empty bars, crossed voices, drift",
            {"empty_bar_share": "choir/", "crossing_share": "choir/", "drift_bass": "test"},
        ),
        ("copied windows", {"windows_in_one_split": "choir/valid6@4"}),
        (
            "copied piece",
            {"pieces_not_copied": "choir/valid6", "windows_in_one_split": "choir/valid6@4"},
        ),
    ],
)
def test_unusual_music_is_refused(broken, fault, places):
    """Ranges, rests, crossings, keys, drift and copies: each by the check that is meant for it."""
    rolls, onsets = broken.windows.rolls, broken.windows.onsets
    spoil(rolls, fault)
    pitches = np.where(rolls.any(axis=2), rolls.argmax(axis=2), REST)
    onsets[:] = onset_floor(pitches.swapaxes(0, 1)).swapaxes(0, 1)
    assert_refused(broken, places)


def test_unfit_pieces_are_refused(broken):
    """A missing or wrong value in some rows, a tenor that is all but silent, the same notes."""
    for row, column, value in (
        (0, "key", ""),
        (1, "meter", "4/5"),
        (2, "voices", 5),
        (4, "bars", ""),
        (9, "content_hash", broken.table.loc[5, "content_hash"]),
    ):
        broken.table.loc[row, column] = value
    broken.windows.rolls[24:32, 4:, :, 2] = False
    broken.windows.onsets[24:32, 4:, 2] = False
    places = {
        "known_key": "choir/train0",
        "known_meter": "choir/train1",
        "all_lines": "choir/train2",
        "voices_heard": "choir/train3",
        "manifest_complete": "choir/train4",
        "pieces_in_one_split": "choir/train5, choir/test9",
    }
    assert_refused(broken, places)


def test_pieces_in_no_right_place_are_refused(broken):
    """An id twice, a split that there is not, too few pieces of one."""
    broken.table.loc[1, "id"] = "choir/train0"
    broken.table.loc[2, "split"] = "holdout"
    broken.table.loc[9, "split"] = "train"
    places = {
        "piece_ids_unique": "choir/train0",
        "window_ids_unique": "choir/train0",
        "known_split": "choir/train2",
        "windows_have_pieces": "choir/train2",
        "pieces_per_split": "test",
    }
    assert_refused(broken, places)


def test_a_piece_without_windows_is_refused(broken):
    """One in ten is more than the share of pieces that may be too short."""
    broken.windows.piece[broken.windows.piece == 4] = 5
    broken.windows.start[:] = np.arange(len(broken.windows.start)) % 100
    assert_refused(broken, {"pieces_have_windows": "choir/train4"})


@pytest.mark.parametrize(
    ("name", "array", "check"),
    [
        ("rolls", np.zeros((10, 32, 128, 3), bool), "tensor_shape"),
        ("length", np.zeros((80, 1), np.int16), "tensor_shape"),
        ("rolls", np.array(1), "tensor_shape"),
        ("start", np.zeros(80), "tensor_dtype"),
    ],
)
def test_arrays_of_a_wrong_form_are_refused(sound, name, array, check):
    """A wrong shape or type fails its check; what cannot be looked at then is said to be so."""
    outcomes = replace(sound, windows=replace(sound.windows, **{name: array})).outcomes()
    by_name = {one.name: one for one in outcomes}
    assert by_name[check].success is False
    assert name in by_name[check].line
    assert (by_name["one_pitch"].success, by_name["drift_bass"].success) == (None, None)
    assert all("not checked" in one.found for one in outcomes if one.success is None)


def test_no_data_at_all_is_refused(sound):
    """An empty corpus does not pass for want of faults; missing columns are named."""
    arrays = {name: array[:0] for name, array in vars(sound.windows).items()}
    failed = Data(Windows(**arrays), sound.table[:0]).failed()
    assert {*failed} == {"pieces_exist", "windows_exist", "pieces_per_split"}
    failed = replace(sound, table=sound.table.drop(columns=["key", "split", "id"])).failed()
    assert "found no id, key, split" in failed["manifest_columns"]
