"""Object stores, by way of fsspec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from tests.intake.archives import zipped

from kantor.intake import Limits, Refused, Upload, store, uploads
from kantor.intake.entry import Unreachable
from kantor.music.score import ScoreError


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
    """Sorted, zip files opened, limits kept, hidden files passed over."""
    bucket.pipe("/inbox/b.mid", tune)
    bucket.pipe("/inbox/a/tunes.zip", zipped(("c.mid", tune)))
    bucket.pipe("/inbox/large.mid", b"MThd" + bytes(2_000))
    bucket.pipe("/inbox/.hidden", tune)
    bucket.pipe("/elsewhere/d.mid", tune)
    one = found("memory://inbox", file_bytes=1_000)
    assert list(one) == ["a/tunes.zip/c.mid", "b.mid", "large.mid"]
    assert one["b.mid"].data == one["a/tunes.zip/c.mid"].data == tune
    assert isinstance(one["large.mid"], Refused)


def test_one_object_is_a_location_too(bucket: fsspec.AbstractFileSystem, tune: bytes) -> None:
    """Named by its whole URL."""
    bucket.pipe("/inbox/b.mid", tune)
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


def test_a_store_that_is_not_there_is_said(bucket: fsspec.AbstractFileSystem) -> None:
    """Nothing at the place, or a kind of store that nobody knows."""
    with pytest.raises(ScoreError, match="memory://nowhere: nothing there"):
        list(uploads("memory://nowhere", Limits()))
    with pytest.raises(ScoreError, match="klingon://"):
        list(uploads("klingon://inbox", Limits()))


def test_secrets_in_a_url_are_not_told() -> None:
    """Neither user nor password of a URL reach a message."""
    assert store.without_secret("s3://key:secret@bucket/a\nb") == "s3://bucket/a b"
    with pytest.raises(ScoreError) as refusal:
        list(uploads("klingon://key:secret@inbox", Limits()))
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("path", ["C:\\inbox", "inbox", "a:b", "./a://b"])
def test_paths_are_no_urls(path: str) -> None:
    """Also those with a colon in them."""
    assert not store.is_url(path)


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
    with pytest.raises(ScoreError, match="nothing there"):
        list(uploads("memory://other/inbox", Limits()))
