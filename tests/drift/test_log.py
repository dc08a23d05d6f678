"""The log keeps the last rows, whole, whoever writes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kantor.drift import features, last, record
from kantor.drift.features import COLUMNS
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Score


def row(pitch):
    return features(Score(*arrays_of([Note(0, 4, pitch)], 4, voices=1)))


def test_what_is_recorded_is_read(tmp_path):
    """Rows come back as they were, in the order of writing."""
    record(tmp_path / "log", [row(60), row(61)])
    record(tmp_path / "log", [row(62)])
    found = last(tmp_path / "log", 10)
    assert found.to_dict("records") == [row(60), row(61), row(62)]
    assert list(last(tmp_path / "log", 2)["lowest"]) == [61, 62]


def test_nothing_recorded_is_an_empty_table(tmp_path):
    """Where no batch has run yet there are no rows, and an empty batch writes no file."""
    assert record(tmp_path / "log", []) is None
    assert list(last(tmp_path / "log", 5).columns) == list(COLUMNS)
    assert not (tmp_path / "log").exists()


def test_the_log_is_bounded(tmp_path):
    """The oldest parts go; at least the rows that are to be kept stay."""
    for pitch in range(50, 70):
        record(tmp_path, [row(pitch), row(pitch)], keep=5)
    assert len(list(tmp_path.iterdir())) == 3
    assert list(last(tmp_path, 5)["lowest"]) == [67, 68, 68, 69, 69]


def test_many_write_at_once(tmp_path):
    """Nothing is lost between writers, and other files in the folder are left alone."""
    (tmp_path / "notes.csv").write_text("mine")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pitch: record(tmp_path, [row(pitch)]), range(40, 80)))
    assert sorted(last(tmp_path, 1000)["lowest"]) == list(range(40, 80))
    assert (tmp_path / "notes.csv").read_text() == "mine"


def test_a_row_of_other_columns_is_refused(tmp_path):
    """A part is whole or not there: a faulty row leaves nothing behind."""
    with pytest.raises(ValueError, match="tempo"):
        record(tmp_path, [row(60), row(60) | {"tempo": 3}])
    assert list(tmp_path.iterdir()) == []
