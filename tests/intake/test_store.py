"""Object stores, by way of fsspec."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest
from tests.intake.archives import zipped

from kantor.errors import InputError
from kantor.intake import Limits, Refused, Upload, store, uploads
from kantor.intake.upload import Unreachable


@pytest.fixture
def bucket() -> Iterator[fsspec.AbstractFileSystem]:
    """An empty store in memory."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield memory
    memory.store.clear()


def found(url: str, **limits: int) -> dict[str, Upload | Refused]:
    return {one.name: one for one in uploads(url, Limits(**limits))}


def test_a_bucket_is_read_like_a_folder(bucket: fsspec.AbstractFileSystem, tune: bytes) -> None:
    """Sorted, zip files opened, limits kept, hidden files passed over; one object as one file."""
    bucket.pipe("/inbox/b.mid", tune)
    bucket.pipe("/inbox/a/tunes.zip", zipped(("c.mid", tune)))
    bucket.pipe("/inbox/large.mid", b"MThd" + bytes(2_000))
    bucket.pipe("/inbox/.hidden", tune)
    bucket.pipe("/elsewhere/d.mid", tune)
    one = found("memory://inbox", file_bytes=1_000)
    assert list(one) == ["a/tunes.zip/c.mid", "b.mid", "large.mid"]
    assert one["b.mid"].data == one["a/tunes.zip/c.mid"].data == tune
    assert isinstance(one["large.mid"], Refused)
    assert list(found("memory://inbox/b.mid")) == ["b.mid"]


def test_an_object_replaced_since_the_listing_is_left(
    bucket: fsspec.AbstractFileSystem, tune: bytes
) -> None:
    """It has another size than it had; the next pass finds it."""
    bucket.pipe("/inbox/a.mid", tune)
    bucket.pipe("/inbox/b.mid", tune)
    bucket.pipe("/inbox/c.mid", tune)
    walk = uploads("memory://inbox", Limits())
    assert next(walk).name == "a.mid"
    bucket.pipe("/inbox/b.mid", tune + b"more")
    bucket.rm("/inbox/c.mid")
    assert list(walk) == []


class Remembered(dict):
    """What a walk remembers."""

    def has(self, name: str, mark: str) -> bool:
        return self.get(name) == mark

    def note(self, name: str, mark: str) -> None:
        self[name] = mark


def test_an_object_that_is_known_is_not_opened(
    bucket: fsspec.AbstractFileSystem, tune: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a zip file; one that was written anew is, be it with the same bytes."""
    for name in ("a.mid", "b.zip", "c.mid"):
        bucket.pipe(f"/inbox/{name}", zipped(("x.mid", tune)) if "zip" in name else tune)
    known = Remembered()
    whole = [one.name for one in uploads("memory://inbox", Limits(), known)]
    assert whole == ["a.mid", "b.zip/x.mid", "c.mid"]
    assert list(known) == ["a.mid", "b.zip", "c.mid"]
    bucket.pipe("/inbox/c.mid", tune)
    assert [one.name for one in uploads("memory://inbox", Limits(), known)] == ["c.mid"]
    monkeypatch.setattr(type(bucket), "open", fails)
    assert list(uploads("memory://inbox", Limits(), known)) == []


def test_what_was_not_read_to_its_end_is_not_known(
    bucket: fsspec.AbstractFileSystem, tune: bytes
) -> None:
    """A walk that ended before it, or an object that changed while it was read."""
    bucket.pipe("/inbox/a.zip", zipped(("x.mid", tune), ("y.mid", tune + b"y")))
    bucket.pipe("/inbox/b.mid", tune)
    known = Remembered()
    walk = uploads("memory://inbox", Limits(), known)
    assert next(walk).name == "a.zip/x.mid"
    assert known == {}
    bucket.pipe("/inbox/b.mid", tune + b"more")
    assert [one.name for one in walk] == ["a.zip/y.mid"]
    assert list(known) == ["a.zip"]


def test_names_are_numbered_as_if_all_were_read(
    bucket: fsspec.AbstractFileSystem, tune: bytes
) -> None:
    """One known and one new that look alike: the new one is called as it was before."""
    bucket.pipe("/inbox/A.mid", tune)
    bucket.pipe("/inbox/a.mid", tune + b"b")
    known = Remembered()
    names = [one.name for one in uploads("memory://inbox", Limits(), known)]
    del known["a.mid"]
    assert [one.name for one in uploads("memory://inbox", Limits(), known)] == names[1:]


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
def test_a_mark_tells_one_content_from_another(details: dict[str, object], is_sure: bool) -> None:
    """By a hash, a counter, or a time to a fraction of a second.

    Within a whole second an object can be replaced by another one of its size.
    """
    mark = store.mark({"size": 9, **details})
    assert (mark is not None) == is_sure
    assert mark is None or mark != store.mark({"size": 8, **details})


def test_a_store_that_is_not_there_is_said(bucket: fsspec.AbstractFileSystem) -> None:
    """Nothing at the place, or a kind of store that nobody knows."""
    with pytest.raises(InputError, match="memory://nowhere: nothing there"):
        list(uploads("memory://nowhere", Limits()))
    with pytest.raises(InputError, match="klingon://"):
        list(uploads("klingon://inbox", Limits()))


def test_secrets_in_a_url_are_not_shown() -> None:
    """Neither user nor password of a URL reach a message."""
    assert store.without_secret("s3://key:secret@bucket/a\nb") == "s3://bucket/a b"
    with pytest.raises(InputError) as refusal:
        list(uploads("klingon://key:secret@inbox", Limits()))
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("path", ["C:\\inbox", "inbox", "a:b", "./a://b"])
def test_paths_are_no_urls(path: str) -> None:
    """Also those with a colon in them."""
    assert store.on_disk(path) == Path(path)


def test_a_file_url_is_a_folder_with_all_its_guards(tmp_path: Path, tune: bytes) -> None:
    """A link below it is refused as below a path."""
    (tmp_path / "a.mid").write_bytes(tune)
    (tmp_path / "b.mid").symlink_to(tmp_path / "a.mid")
    one = found(f"file://{tmp_path}", settle=0)
    assert isinstance(one["a.mid"], Upload)
    assert isinstance(one["b.mid"], Refused)


class NoAnswer(Exception):
    """As the libraries of stores raise: no `OSError`."""


def fails(*_: object, **__: object) -> None:
    raise NoAnswer("could not\nconnect")


@pytest.mark.parametrize("what", ["find", "open"])
def test_a_store_that_does_not_answer_is_said(
    bucket: fsspec.AbstractFileSystem, tune: bytes, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """In one line with its address, whatever its library calls the fault."""
    bucket.pipe("/inbox/a.mid", tune)
    monkeypatch.setattr(type(bucket), what, fails)
    with pytest.raises(Unreachable) as fault:
        list(uploads("memory://inbox", Limits()))
    assert fault.value.filename == "memory://inbox"
    assert fault.value.strerror == "could not connect"


@pytest.mark.parametrize("name", ["a.mid", "a.zip"])
def test_a_store_that_goes_away_is_no_damaged_file(
    bucket: fsspec.AbstractFileSystem, tune: bytes, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What could not be read is not put into quarantine: the walk ends, the next one reads it."""
    bucket.pipe("/inbox/a.mid", tune)
    bucket.pipe("/inbox/a.zip", zipped(("b.mid", tune)))
    real = type(bucket).open

    def breaks(self: object, path: str, *given: object) -> object:
        file, reads = real(self, path, *given), iter(range(99))
        whole = file.read
        file.read = lambda size=-1: whole(size) if next(reads) < 1 else fails()
        return file

    monkeypatch.setattr(type(bucket), "open", breaks)
    with pytest.raises(Unreachable, match="could not connect"):
        list(uploads(f"memory://inbox/{name}", Limits()))


def test_an_empty_place_in_a_bucket_is_an_empty_folder(
    bucket: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket has no folders; before the first upload there is nothing, and nothing wrong."""
    monkeypatch.setattr(type(bucket), "_strip_protocol", lambda path: path.split("://")[-1])
    monkeypatch.setattr(type(bucket), "exists", lambda self, path: path == "bucket")
    monkeypatch.setattr(type(bucket), "find", lambda *_, **__: {})
    assert list(uploads("memory://bucket/inbox", Limits())) == []
    with pytest.raises(InputError, match="nothing there"):
        list(uploads("memory://other/inbox", Limits()))
