"""The published file gives its pieces in its own splits, or a reason for each that it cannot."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.data.sources.conftest import chorale, pieces, read, reason

from kantor.data.corpus import Piece, Refusal
from kantor.music.score import REST, Meter, onset_floor


def published(folder: Path) -> dict[str, list[list[list[int]]]]:
    """A file of the published form, with a rest in it."""
    splits = {}
    for seed, split in enumerate(("train", "valid", "test")):
        pitches = chorale(seed=seed).pitches.copy()
        pitches[8:12, 1] = REST
        splits[split] = [pitches.tolist()]
    (folder / "Jsb16thSeparated.json").write_text(json.dumps(splits))
    return splits


def test_published_json(tmp_path: Path) -> None:
    """The published split holds; runs of one pitch are one note; the key is estimated."""
    splits = published(tmp_path)
    found = pieces(read("published", tmp_path))
    assert [(piece.id, piece.split) for piece in found] == [
        (f"published/{split}-000", split) for split in splits
    ]
    first = found[0].score
    assert first.pitches.tolist() == splits["train"][0]
    np.testing.assert_array_equal(first.onsets, onset_floor(first.pitches))
    assert first.key is not None
    assert (first.meter, first.pickup) == (Meter(), 0)


def test_published_npz_is_the_same(tmp_path: Path) -> None:
    """Object arrays of float arrays with NaN for rests, as published, give the same pieces."""
    splits = published(tmp_path)
    expected = pieces(read("published", tmp_path))
    (tmp_path / "Jsb16thSeparated.json").unlink()
    arrays = {}
    for split, rows in splits.items():
        values = np.array(rows[0], float)
        arrays[split] = np.empty(1, object)
        arrays[split][0] = np.where(values == REST, np.nan, values)
    np.savez(tmp_path / "Jsb16thSeparated.npz", **arrays)
    for one, other in zip(expected, pieces(read("published", tmp_path)), strict=True):
        np.testing.assert_array_equal(one.score.pitches, other.score.pitches)


class Hostile:
    """Unpickles into a call."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.target,))


def test_pickles_run_no_code(tmp_path: Path) -> None:
    """An npz that would call something when unpickled is refused, and nothing is called."""
    target = tmp_path / "called"
    hostile = np.empty(1, object)
    hostile[0] = Hostile(target)
    assert pickle.dumps(hostile)
    np.savez(tmp_path / "bad.npz", train=hostile, valid=hostile, test=hostile)
    assert "not an array" in reason("published", tmp_path / "bad.npz")
    assert not target.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"[1, 2]", b"{}", b'{"train": 1, "valid": 2, "test": 3}', b"PK\x03\x04", b"[" * 99999],
)
def test_broken_published_files(tmp_path: Path, content: bytes) -> None:
    """A file of another form is refused whole, in one line."""
    (tmp_path / "bad.json").write_bytes(content)
    text = reason("published", tmp_path)
    assert text
    assert "\n" not in text


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
def test_broken_published_pieces(tmp_path: Path, rows: object, word: str) -> None:
    """A piece of another form is refused by its place, the others are read."""
    good = chorale().pitches.tolist()
    splits = {"train": [rows, good], "valid": [good], "test": []}
    (tmp_path / "some.json").write_text(json.dumps(splits))
    found = read("published", tmp_path)
    assert [isinstance(item, Piece) for item in found] == [False, True, True]
    bad = found[0]
    assert isinstance(bad, Refusal)
    assert bad.file.endswith("some.json#train-000")
    assert word in bad.reason
