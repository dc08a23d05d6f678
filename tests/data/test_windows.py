"""Windows begin at bar lines, cover the piece and hold its notes and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kantor import settings
from kantor.data import windows
from kantor.data.corpus import Piece
from kantor.errors import InputError
from kantor.music.score import REST, Meter, Score, onset_floor

COMMON = Meter()


def piece(steps, meter=COMMON, pickup=0, lines=()):
    """A piece whose soprano changes in every step, so that each step can be told."""
    pitches = np.full((steps, 4), 60, np.int8)
    pitches[:, 0] = 40 + np.arange(steps) % 40
    bar_lines = np.array(lines, np.int32)
    score = Score(pitches, onset_floor(pitches), meter, pickup, bar_lines=bar_lines)
    return Piece("a", "train", "jsb", 0, score)


def cut(made, steps=32, hop=1):
    return windows.cut([made], settings.Windows(steps=steps, hop_bars=hop))


@pytest.mark.parametrize(
    ("made", "starts", "lengths"),
    [
        (piece(64), [0, 16, 32], [32, 32, 32]),
        (piece(64, pickup=4), [4, 20, 36], [32, 32, 28]),
        (piece(56, pickup=4), [4, 20, 36], [32, 32, 20]),
        (piece(48, Meter(3, 4)), [0, 12, 24], [32, 32, 24]),
        (piece(32, Meter(3, 4)), [0], [32]),
        (piece(16), [0], [16]),
        (piece(15), [], []),
        (piece(80, lines=[8, 24, 30, 46]), [8, 24, 30, 46], [32, 32, 32, 32]),
    ],
)
def test_windows_start_at_bars(made, starts, lengths):
    """One a bar, never in the pickup; a padded one only where it covers more and is half music."""
    found = cut(made)
    assert found.start.tolist() == starts
    assert found.length.tolist() == lengths


def test_the_distance_is_in_bars_and_the_lines_are_the_ensembles():
    """A window every so many bars; a piece of other lines is named."""
    assert cut(piece(96), hop=2).start.tolist() == [0, 32, 64]
    score = Score(np.full((32, 3), 60), onset_floor(np.full((32, 3), 60)))
    with pytest.raises(InputError, match="trio: 3 lines; the ensemble has 4"):
        cut(Piece("trio", "train", "folder", 0, score))


@hypothesis_settings(max_examples=25)
@given(st.integers(0, 150), st.sampled_from([8, 32, 64]), st.integers(1, 3), st.integers(0, 15))
def test_windows_hold_the_pieces_notes(steps, size, hop, pickup):
    """Pitches and onsets are the piece's own, save of a held start; then rests without onsets."""
    made = piece(steps, pickup=pickup)
    found = cut(made, size, hop)
    for window in range(len(found.piece)):
        start, length = int(found.start[window]), int(found.length[window])
        roll, onsets = found.rolls[window], found.onsets[window]
        pitches = np.where(roll.any(axis=1), roll.argmax(axis=1), REST)
        own = slice(start, start + length)
        np.testing.assert_array_equal(pitches[:length], made.score.pitches[own])
        np.testing.assert_array_equal(onsets[1:length], made.score.onsets[own][1:])
        np.testing.assert_array_equal(onsets[0], pitches[0] != REST)
        assert not roll[length:].any()
        assert not onsets[length:].any()


FORM = {
    "rolls": ((32, 128, 4), bool),
    "onsets": ((32, 4), bool),
    "piece": ((), np.int32),
    "start": ((), np.int32),
    "length": ((), np.int16),
}
"""Of one window."""


def test_saved_windows_read_back(tmp_path):
    """Shapes and types are those promised, none at all too; equal windows are equal bytes."""
    for name, made in (("some", piece(60, pickup=4)), ("none", piece(3))):
        found = cut(made)
        windows.save(found, tmp_path / name)
        read = windows.load(tmp_path / name)
        for field, (shape, dtype) in FORM.items():
            before, after = getattr(found, field), getattr(read, field)
            np.testing.assert_array_equal(after, before)
            assert after.dtype == before.dtype == dtype
            assert after.shape == (len(found.piece), *shape)
        windows.save(read, tmp_path / "again")
        assert (tmp_path / name).read_bytes() == (tmp_path / "again").read_bytes()
    (tmp_path / "windows.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match="damaged"):
        windows.load(tmp_path / "windows.npz")
