"""Stores of uploads are read, and what was refused is kept with its reason."""

import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.intake.files import TUNE, zipped

from kantor.errors import InputError
from kantor.intake import Limits, Refused, Upload, quarantine, store, uploads
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


LIMITS = Limits()


def refused(name, data, reason="damaged"):
    return Upload.of(name, data).refused(reason)


def packed(path):
    """The bytes in a file of the quarantine, and the reasons."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    return content, content.pop("reasons.txt").decode()


def test_bytes_and_reason_lie_in_one_file(tmp_path):
    """Under names of our own making. The same uploads again are kept once, and count as new."""
    uploads = [refused(name, data) for name, data in (("../a", b"1"), ("../a", b"2"), ("b", b"1"))]
    folder = tmp_path / "new" / "quarantine"
    for _ in range(2):
        quarantine(folder, [*uploads, Refused("c", "too large", "0" * 64, None)], LIMITS)
        (path,) = folder.iterdir()
        assert path.stat().st_mtime > 1_000
        os.utime(path, (1_000, 1_000))
    content, reasons = packed(path)
    assert sorted(content.values()) == [b"1", b"2"]
    assert all(name.removesuffix(".data").isalnum() and name in reasons for name in content)
    assert [reasons.count(f"file: {name}\n") for name in ("../a", "b", "c")] == [2, 1, 1]
    assert reasons.count("reason: damaged\n") == 3
    assert reasons.count("kept: nothing") == 1
    assert uploads[0].sha256 in reasons


def test_many_uploads_make_few_files_and_none_is_lost(tmp_path):
    """Ten thousand of them twenty files, in which each has its bytes and its reason."""
    contents = {b"%d" % number for number in range(10_000)}
    uploads = [refused("bad.zip/a.mid", data, f"no melody {data.decode()}") for data in contents]
    quarantine(tmp_path, uploads, LIMITS)
    files = [packed(path) for path in tmp_path.iterdir()]
    assert len(files) == 20
    assert {data for content, _ in files for data in content.values()} == contents
    lines = {line for _, reasons in files for line in reasons.splitlines()}
    assert {f"reason: {one.reason}" for one in uploads} <= lines


def test_what_unpacks_to_much_is_kept_packed(tmp_path):
    """A small zip file of many zeros does not become a large quarantine."""
    uploads = [refused(f"{n}.mid", bytes(4_000_000) + b"%d" % n) for n in range(20)]
    quarantine(tmp_path, uploads, LIMITS)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert sum(sizes) < 200_000
    assert len(sizes) == 2  # of 64 MB each at most


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        ({"quarantine_files": 3}, {"5", "6", "7"}),
        ({"quarantine_bytes": 5_000}, {"5", "6", "7"}),
        ({"quarantine_bytes": 1}, {"7"}),
    ],
)
def test_the_oldest_files_go_first(tmp_path, limit, left):
    """Their number and bytes stay within the limit, but the newest always stays."""
    deleted = 0
    for number in range(8):
        before = set(tmp_path.iterdir())
        deleted += quarantine(tmp_path, [refused(f"{number}", os.urandom(1_000))], Limits(**limit))
        (new,) = set(tmp_path.iterdir()) - before
        os.utime(new, (number, number))
    assert deleted == 8 - len(left)
    reasons = [packed(path)[1] for path in tmp_path.iterdir()]
    assert {text.splitlines()[0].removeprefix("file: ") for text in reasons} == left
