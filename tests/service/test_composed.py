"""The newest of what was composed is found, however much there is."""

import os

import pytest

from kantor.service import composed as module
from kantor.service.composed import SHOWN, composed


@pytest.fixture
def top(tmp_path):
    return tmp_path / "compositions"


def put(path, time=1000.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("MThd")
    os.utime(path, (time, time))
    return path


def names(found):
    return [path.name for _, path in found]


def test_nothing_yet(top):
    """No folder and an empty one are the same."""
    assert composed(top) == composed(top.parent)


def test_the_newest_come_first(top):
    """Music and pictures in any folder; nothing hidden, nothing else."""
    put(top / "old.mid", 1.0)
    put(top / "deep" / "er" / "new.png", 3.0)
    put(top / "deep" / "mid.musicxml", 2.0)
    for other in (".hidden.mid", ".kantor-x/part.mid", "notes.txt", "mid"):
        put(top / other)
    (top / "folder.mid").mkdir()
    found = composed(top)
    assert names(found.files) == ["new.png", "mid.musicxml", "old.mid"]
    assert not found.more


def test_a_batch_is_its_page(top, monkeypatch):
    """Its files, of which there may be very many, are not looked at."""
    out = top / "batches"
    put(out / "ledger.sqlite")
    for number in (1, 2, 12):
        put(out / f"batch-{number:04d}" / "index.html", number)
    put(out / "batch-0013" / "manifest.csv")  # not done yet
    put(out / "files" / "3f" / "tune.mid")
    looked, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(str(path)) or scandir(path))
    found = composed(top)
    assert [path.parent.name for _, path in found.batches] == [
        "batch-0012",
        "batch-0002",
        "batch-0001",
    ]
    assert found.files == []
    assert looked == [str(top), str(out)]


def test_so_many_are_shown(top):
    """And that there are more."""
    for number in range(SHOWN + 1):
        put(top / f"{number:03d}.mid", number + 1.0)
    found = composed(top)
    assert names(found.files)[0] == f"{SHOWN:03d}.mid"
    assert len(found.files) == SHOWN
    assert found.more


def test_a_very_full_folder_is_listed_by_name(top, monkeypatch):
    """The time of each of its files would have to be looked up."""
    monkeypatch.setattr(module, "_TIMED", 2)
    for name, time in (("a.mid", 3.0), ("b.mid", 2.0), ("c.mid", 1.0)):
        put(top / name, time)
    assert names(composed(top).files) == ["c.mid", "b.mid", "a.mid"]


def test_the_folders_that_changed_last_are_looked_into(top, monkeypatch):
    """So many folders; the rest is said to be there."""
    monkeypatch.setattr(module, "_FOLDERS", 3)
    for number in range(5):
        folder = put(top / str(number) / f"{number}.mid").parent
        os.utime(folder, (number + 1.0, number + 1.0))
    found = composed(top)
    assert sorted(names(found.files)) == ["3.mid", "4.mid"]
    assert found.more
