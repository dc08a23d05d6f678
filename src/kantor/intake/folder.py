"""Walk a folder whose content others may change meanwhile; no link is ever followed.

Every folder is held open and its files are opened relative to it, so that a name which turns
into a link between two looks leads nowhere.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from kantor.errors import InputError, one_line
from kantor.intake.names import is_junk
from kantor.intake.upload import Entry, StillChanging, Unusable

_DEEPEST = 32
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# A pipe is not waited for, a link not followed.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW

_Mark = tuple[int, int, int]


def entries(path: Path, settle: float) -> Iterator[Entry | Unusable]:
    """The files below the folder `path`, or the file `path`, sorted by name, hidden ones left out.

    Parameters
    ----------
    path
        Trusted: if it is itself a link, that is followed.
    settle
        Seconds for which a file must not have changed when it is opened; the walk waits for it.
        One that is another than when it was last looked at is `StillChanging`: opened again, it
        is compared with what it was then.

    Raises
    ------
    InputError
        If there is nothing at `path`, or it cannot be opened.
    """
    path, descriptor = _opened(path)
    try:
        only = None if path.is_dir() else path.name
        yield from _Folder(descriptor, "", settle, only).entries(_DEEPEST)
    finally:
        os.close(descriptor)


def check(path: Path) -> None:
    """Make sure that there is something at `path`.

    Raises
    ------
    InputError
        As `entries` would.
    """
    os.close(_opened(path)[1])


def _opened(path: Path) -> tuple[Path, int]:
    """Where `path` leads to, and its folder, or the folder that it is in, open."""
    try:
        path = path.resolve(strict=True)
        return path, os.open(path if path.is_dir() else path.parent, _FOLDER)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (getattr(error, "strerror", None) or "not a file name").lower()
        shown = one_line(str(path), 1000)
        raise InputError(f"{shown}: {reason}; name a folder, a file or a URL") from None


class _Folder:
    """An open folder as it was listed."""

    def __init__(self, descriptor: int, prefix: str, settle: float, only: str | None) -> None:
        self._descriptor = descriptor
        self._prefix = prefix
        self._settle = settle
        self._kinds: dict[str, int] = {}
        self._marks: dict[str, _Mark] = {}
        self._settled_at: dict[str, float] = {}
        with os.scandir(descriptor) as items:
            for item in items:
                if item.name == only or (only is None and not is_junk(item.name)):
                    with suppress(FileNotFoundError):
                        self._note(item.name, item.stat(follow_symlinks=False))

    def _note(self, name: str, status: os.stat_result) -> None:
        """Keep how a file looks now, and from when on it may be opened if it stays like that."""
        self._kinds[name] = stat.S_IFMT(status.st_mode)
        self._marks[name] = _mark(status)
        if status.st_mtime > time.time() - self._settle:
            self._settled_at[name] = time.monotonic() + self._settle

    def entries(self, levels: int) -> Iterator[Entry | Unusable]:
        """All files, folders in their place among them, `levels` deep at most."""
        for name in sorted(self._kinds, key=os.fsencode):
            kind, shown = self._kinds[name], self._prefix + name
            if stat.S_ISDIR(kind):
                yield from self._inner(name, levels)
            elif stat.S_ISLNK(kind):
                yield Unusable(shown, "a symbolic link, which is not followed; send the file")
            elif not stat.S_ISREG(kind):
                yield Unusable(shown, "not a regular file but a pipe, socket or device; remove it")
            else:
                yield self._entry(name)

    def _inner(self, name: str, levels: int) -> Iterator[Entry | Unusable]:
        prefix = f"{self._prefix}{name}/"
        if levels == 0:
            yield Unusable(prefix, f"folders more than {_DEEPEST} deep; flatten them")
            return
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=self._descriptor)
        except FileNotFoundError:
            return
        except OSError as error:
            fault = (error.strerror or "unknown error").lower()
            yield Unusable(prefix, f"the folder cannot be opened ({fault}); make it readable")
            return
        try:
            yield from _Folder(descriptor, prefix, self._settle, None).entries(levels - 1)
        finally:
            os.close(descriptor)

    def _entry(self, name: str) -> Entry:
        return Entry(self._prefix + name, partial(self._open, name), partial(self._is_same, name))

    def _open(self, name: str) -> BinaryIO:
        """Open a file that has settled."""
        time.sleep(max(0.0, self._settled_at.get(name, 0.0) - time.monotonic()))
        file = os.fdopen(os.open(name, _FILE, dir_fd=self._descriptor), "rb")
        if not self._is_same(name, file):
            file.close()
            raise StillChanging
        return file

    def _is_same(self, name: str, file: BinaryIO) -> bool:
        """Whether a file is what it was when it was last looked at; what it is now is noted."""
        status = os.fstat(file.fileno())
        same = stat.S_ISREG(status.st_mode) and self._marks[name] == _mark(status)
        if not same:
            self._note(name, status)
        return same


def _mark(status: os.stat_result) -> _Mark:
    """What differs when a file has been written to or replaced."""
    return status.st_ino, status.st_size, status.st_mtime_ns
