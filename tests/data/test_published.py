"""The published file gives its pieces in its own splits, or a reason for each that it cannot."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.data.conftest import chorale, pieces, read, reason

from kantor.data.corpus import SPLITS, Piece, Refusal
from kantor.music.score import REST, Meter, onset_floor


def test_published_pieces(tmp_path):
    """As JSON and as arrays with NaN for rests; a run of a pitch is a note, its key estimated."""
    lists, arrays = {}, {}
    for seed, split in enumerate(SPLITS):
        pitches = chorale(seed).pitches.copy()
        pitches[8:12, 1] = REST
        lists[split], arrays[split] = [pitches.tolist()], np.empty(1, object)
        arrays[split][0] = np.where(pitches == REST, np.nan, pitches)
    (tmp_path / "Jsb16thSeparated.json").write_text(json.dumps(lists))
    (tmp_path / "npz").mkdir()
    np.savez(tmp_path / "npz/Jsb16thSeparated", **arrays)
    for folder in (tmp_path, tmp_path / "npz"):
        found = pieces(read("published", folder))
        assert [(piece.id, piece.split) for piece in found] == [
            (f"published/{split}-000", split) for split in SPLITS
        ]
        assert [[piece.score.pitches.tolist()] for piece in found] == [*lists.values()]
        first = found[0].score
        np.testing.assert_array_equal(first.onsets, onset_floor(first.pitches))
        assert first.key is not None
        assert (first.meter, first.pickup) == (Meter(), 0)


@dataclass
class Hostile:
    """Unpickles into a call."""

    target: Path

    def __reduce__(self):
        return (Path.touch, (self.target,))


def test_pickles_run_no_code(tmp_path):
    """An npz that would call something when unpickled is refused, and nothing is called."""
    hostile = np.empty(1, object)
    hostile[0] = Hostile(tmp_path / "called")
    np.savez(tmp_path / "bad.npz", train=hostile, valid=hostile, test=hostile)
    assert "not an array" in reason("published", tmp_path / "bad.npz")
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"[1, 2]", b"{}", b'{"train": 1, "valid": 2, "test": 3}', b"PK\x03\x04", b"[" * 99999],
)
def test_broken_published_files(tmp_path, content):
    """A file of another form is refused whole, in one line."""
    (tmp_path / "bad.json").write_bytes(content)
    assert re.fullmatch(".+", reason("published", tmp_path))


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([[60, 55, 52]] * 16, "shape"),
        ([[60, 55, 52, 200]] * 16, "MIDI"),
        ([[60.5, 55, 52, 48]] * 16, "MIDI"),
        ([[60, 55, 52, 48], [60]], "unequal"),
        ([[-1, -1, -1, -1]] * 16, "no note"),
        ([], "shape"),
    ],
)
def test_broken_published_pieces(tmp_path, rows, word):
    """A piece of another form is refused by its place, the others are read."""
    good = chorale().pitches.tolist()
    splits = {"train": [rows, good], "valid": [good], "test": []}
    (tmp_path / "some.json").write_text(json.dumps(splits))
    bad, *others = read("published", tmp_path)
    assert [type(item) for item in others] == [Piece, Piece]
    assert isinstance(bad, Refusal)
    assert bad.file.endswith("some.json#train-000")
    assert word in bad.reason
