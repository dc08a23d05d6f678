"""Walk what fsspec reaches by a URL: a bucket, memory, another machine."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from kantor.errors import InputError, one_line
from kantor.intake.upload import Openable, Unreachable, Unusable, is_junk, name_fault

# What stores call an object's content, and the time at which it was written.
_CONTENT = ("ETag", "etag", "md5Hash", "generation")
_TIMES = ("mtime", "created", "updated", "LastModified", "last_modified")


def on_disk(location: str) -> Path | None:
    """The path that `location` is or, as a ``file:`` URL, names; None for what fsspec reaches."""
    if not re.match(r"[A-Za-z0-9+.-]{2,}(://|::)", location):
        return Path(location)
    local = re.match(r"(file|local)://(/.*)", location, re.DOTALL)
    return Path(local[2]) if local else None


def entries(url: str) -> Iterator[Openable | Unusable]:
    """The files below `url`, or the file `url`, sorted by name, hidden ones left out.

    Raises what `listing` raises, and `Unreachable` also while an entry is opened or read.
    """
    system, root, objects = listing(url)
    for key in sorted(objects):
        name = key[len(root) :].lstrip("/") if key != root else key.rpartition("/")[2]
        if is_junk(name):
            continue
        if fault := name_fault(name):
            yield Unusable(name, fault)
        else:
            yield _entry(system, key, name, objects[key], url)


def _entry(system: Any, key: str, name: str, details: Mapping[str, Any], url: str) -> Openable:
    size = details.get("size")

    def opened() -> BinaryIO:
        with failures(url):
            return cast(BinaryIO, _Remote(system.open(key, "rb"), url))

    def is_as_long_as_listed(file: BinaryIO) -> bool:
        return size is None or file.seek(0, 2) == size

    return Openable(name, opened, is_as_long_as_listed, True, mark(details))


def described(details: Mapping[str, Any]) -> str:
    """What a listing says of an object's content: size, hash, times, as far as it says them."""
    return " ".join(str(details.get(name)) for name in ("size", *_CONTENT, *_TIMES))


def mark(details: Mapping[str, Any]) -> str | None:
    """What is `described`, where it is sure to differ for another content; else None.

    So it is with a hash or a counter, or with a time to a fraction of a second: within a whole
    second an object can be replaced by another one of its size.
    """
    times = [details.get(name) for name in _TIMES]
    fine = any(t % 1 if isinstance(t, float) else getattr(t, "microsecond", 0) for t in times)
    return described(details) if fine or any(map(details.get, _CONTENT)) else None


def without_secret(url: str) -> str:
    """The URL as one line, without a user's name and password."""
    return one_line(re.sub(r"://[^/@]*@", "://", url), 1000)


def listing(url: str) -> tuple[Any, str, dict[str, dict[str, Any]]]:
    """What is below `url`, nothing opened: fsspec's file system, the root there, keys with details.

    A bucket has no folders, so an empty one is a bucket without it.

    Raises `InputError` if the URL is unknown, needs a package that is not installed, or names
    nothing; `Unreachable` if the store does not answer, or refuses.
    """
    from fsspec.core import url_to_fs

    try:
        system, root = url_to_fs(url)
    except (ImportError, ValueError) as error:
        reason = one_line(str(error), 200)
        raise InputError(f"{without_secret(url)}: {reason}") from None
    with failures(url, gone=True):
        system.invalidate_cache()
        objects: dict[str, dict[str, Any]] = system.find(root, detail=True)
        bucket = root.partition("/")[0]
        there = objects or system.exists(root) or (bucket and system.exists(bucket))
    if not there:
        raise InputError(f"{without_secret(url)}: nothing there; name a folder, a file or a URL")
    return system, root, objects


class _Remote:
    """A file in a store; what goes wrong while it is read is `Unreachable`."""

    def __init__(self, file: BinaryIO, url: str) -> None:
        self._file, self._url = file, url
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def __enter__(self) -> _Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        with failures(self._url):
            return self._file.read(size)


@contextmanager
def failures(url: str, gone: bool = False) -> Iterator[None]:
    """Make `Unreachable` of the errors that each store's library has of its own.

    With `gone` also of a file that is not there, which else is no failure of the store's.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, FileNotFoundError) and not gone:
            raise
        reason = one_line(str(error) or type(error).__name__, 300)
        raise Unreachable(errno.EIO, reason, without_secret(url)) from error
