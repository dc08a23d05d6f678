"""Object stores, by way of fsspec."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.intake.files import TUNE, zipped

from kantor.errors import InputError
from kantor.intake import Limits, Refused, store, uploads
from kantor.intake.upload import Unreachable

INBOX = "memory://inbox"


@pytest.fixture
def inbox(bucket):
    """A store with three objects in its inbox."""
    bucket.pipe("/inbox/a.mid", TUNE)
    bucket.pipe("/inbox/b.zip", zipped(("x.mid", TUNE), ("y.mid", TUNE + b"y")))
    bucket.pipe("/inbox/c.mid", TUNE)
    return bucket


class Remembered(dict):
    """What a walk remembers."""

    def has(self, name, mark):
        return self.get(name) == mark

    def note(self, name, mark):
        self[name] = mark


def names(known=None, url=INBOX):
    return [one.name for one in uploads(url, Limits(), known)]


def test_a_bucket_is_read_like_a_folder(inbox):
    """Sorted, zip files opened, limits kept, hidden files passed over; one object as one file."""
    inbox.pipe("/inbox/large.mid", b"MThd" + bytes(2_000))
    inbox.pipe("/inbox/.hidden", TUNE)
    inbox.pipe("/elsewhere/d.mid", TUNE)
    one = {one.name: one for one in uploads(INBOX, Limits(file_bytes=1_000))}
    assert list(one) == ["a.mid", "b.zip/x.mid", "b.zip/y.mid", "c.mid", "large.mid"]
    assert one["a.mid"].data == one["b.zip/x.mid"].data == TUNE
    assert isinstance(one["large.mid"], Refused)
    assert names(url=f"{INBOX}/c.mid") == ["c.mid"]


def test_what_was_not_read_to_its_end_is_not_known(inbox):
    """A walk that ended early, an object replaced or gone; what is known is not read again."""
    known = Remembered()
    walk = uploads(INBOX, Limits(), known)
    assert [next(walk).name, next(walk).name] == ["a.mid", "b.zip/x.mid"]
    assert list(known) == ["a.mid"]
    inbox.pipe("/inbox/c.mid", TUNE + b"more")
    assert [one.name for one in walk] == ["b.zip/y.mid"]
    assert list(known) == ["a.mid", "b.zip"]
    inbox.pipe("/inbox/A.mid", TUNE)
    assert names(known) == ["A.mid", "c.mid"]
    del known["a.mid"]
    assert names(known) == ["a.mid (2)"]
    walk = uploads(INBOX, Limits())
    assert [next(walk).name, next(walk).name] == ["A.mid", "a.mid (2)"]
    inbox.pipe("/inbox/b.zip", zipped(("x.mid", TUNE)))
    inbox.rm("/inbox/c.mid")
    assert list(walk) == []


@pytest.mark.parametrize(
    ("details", "is_sure"),
    [
        ({"ETag": '"1"'}, True),
        ({"generation": "1"}, True),
        ({"mtime": 5.25}, True),
        ({"created": datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)}, True),
        *(({"mtime": t}, False) for t in (None, 5.0, 5, datetime(2026, 1, 1, tzinfo=UTC), "today")),
    ],
    ids=str,
)
def test_a_mark_tells_one_content_from_another(details, is_sure):
    """By a hash, a counter, or a time to a fraction of a second; a whole second is too coarse."""
    mark = store.mark({"size": 9, **details})
    assert (mark is not None) == is_sure
    assert mark is None or mark != store.mark({"size": 8, **details})


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memory://nowhere", "memory://nowhere: nothing there"),
        ("klingon://key:secret@inbox", "^klingon://inbox: "),
    ],
)
def test_a_store_that_is_not_there_is_said(bucket, url, words):
    """Nothing at the place, or a kind of store that nobody knows; never with a password."""
    with pytest.raises(InputError, match=words) as refusal:
        names(url=url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("path", ["C:\\inbox", "inbox", "a:b", "./a://b"])
def test_paths_are_no_urls(path):
    """Also those with a colon in them."""
    assert store.on_disk(path) == Path(path)


@pytest.mark.parametrize("what", ["find", "open", "read"])
@pytest.mark.parametrize("name", ["a.mid", "b.zip"])
def test_a_store_that_does_not_answer_is_said(inbox, monkeypatch, what, name):
    """In one line with its address, whatever its library calls the fault; no file is refused."""
    real = type(inbox).open

    def fails(*_, **__):
        raise RuntimeError("could not\nconnect")

    def breaks(self, path, *given):
        file, reads = real(self, path, *given), iter(range(99))
        whole = file.read
        file.read = lambda size=-1: whole(size) if next(reads) < 1 else fails()
        return file

    method, broken = ("open", breaks) if what == "read" else (what, fails)
    monkeypatch.setattr(type(inbox), method, broken)
    with pytest.raises(Unreachable) as fault:
        names(url=f"{INBOX}/{name}")
    assert fault.value.filename == f"{INBOX}/{name}"
    assert fault.value.strerror == "could not connect"


def test_an_empty_place_in_a_bucket_is_an_empty_folder(bucket, monkeypatch):
    """A bucket has no folders; before the first upload there is nothing, and nothing wrong."""
    monkeypatch.setattr(type(bucket), "_strip_protocol", lambda path: path.split("://")[-1])
    monkeypatch.setattr(type(bucket), "exists", lambda self, path: path == "bucket")
    monkeypatch.setattr(type(bucket), "find", lambda *_, **__: {})
    assert names(url="memory://bucket/inbox") == []
