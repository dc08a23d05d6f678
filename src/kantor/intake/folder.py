"""Walk a folder whose content others may change meanwhile; no link is ever followed.

Every folder is held open and its files are opened relative to it, so that a name which turns
into a link between two looks leads nowhere.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from kantor.errors import InputError, one_line
from kantor.intake.upload import Openable, StillChanging, Unusable, is_junk

_DEEPEST = 32
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# A pipe is not waited for, a link not followed.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW
# What differs when a file has been written to or replaced.
_identity = attrgetter("st_ino", "st_size", "st_mtime_ns")


def entries(path: Path, settle: float) -> Iterator[Openable | Unusable]:
    """The files below the folder `path`, or the file `path`, sorted by name, hidden ones left out.

    The path is trusted: if it is itself a link, that is followed. A file must not have changed for
    `settle` seconds when it is opened; the walk waits for it. One that is another than when it was
    last looked at is `StillChanging`: opened again, it is compared with what it was then. Raises
    `InputError` as `opened` does.
    """
    with opened(path) as (descriptor, only):
        yield from _walk(descriptor, "", settle, only)


@contextmanager
def opened(path: Path) -> Iterator[tuple[int, str | None]]:
    """The folder `path`, open; for a file the folder that it is in, and its name there.

    Raises `InputError` if there is nothing at `path`, or it cannot be opened.
    """
    try:
        real = path.resolve(strict=True)
        only = None if real.is_dir() else real.name
        descriptor = os.open(real.parent if only else real, _FOLDER)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (getattr(error, "strerror", None) or "not a file name").lower()
        shown = one_line(str(path), 1000)
        raise InputError(f"{shown}: {reason}; name a folder, a file or a URL") from None
    try:
        yield descriptor, only
    finally:
        os.close(descriptor)


def _walk(
    folder: int, prefix: str, settle: float, only: str | None = None, levels: int = _DEEPEST
) -> Iterator[Openable | Unusable]:
    """All files of an open folder, or the `only` one, inner folders in their place among them."""
    listed = {}
    with os.scandir(folder) as items:
        for item in items:
            if item.name == only or (only is None and not is_junk(item.name)):
                with suppress(FileNotFoundError):
                    listed[item.name] = _File(folder, item.name, settle, item)
    for name in sorted(listed, key=os.fsencode):
        file, shown = listed[name], prefix + name
        if stat.S_ISLNK(file.mode):
            yield Unusable(shown, "a symbolic link, which is not followed; send the file")
        elif stat.S_ISREG(file.mode):
            yield Openable(shown, file.open, file.is_unchanged)
        elif not stat.S_ISDIR(file.mode):
            yield Unusable(shown, "not a regular file but a pipe, socket or device; remove it")
        elif levels == 0:
            yield Unusable(f"{shown}/", f"folders more than {_DEEPEST} deep; flatten them")
        else:
            try:
                inner = os.open(name, _FOLDER, dir_fd=folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                fault = (error.strerror or "unknown error").lower()
                reason = f"the folder cannot be opened ({fault}); make it readable"
                yield Unusable(f"{shown}/", reason)
                continue
            try:
                yield from _walk(inner, f"{shown}/", settle, levels=levels - 1)
            finally:
                os.close(inner)


class _File:
    """A file in an open folder, as it was when it was last looked at."""

    def __init__(self, folder: int, name: str, settle: float, item: os.DirEntry[str]) -> None:
        self._folder, self._name, self._settle = folder, name, settle
        self._settled_at = 0.0
        self._look(item.stat(follow_symlinks=False))

    def _look(self, status: os.stat_result) -> None:
        self.mode, self._identity = status.st_mode, _identity(status)
        if status.st_mtime > time.time() - self._settle:
            self._settled_at = time.monotonic() + self._settle

    def open(self) -> BinaryIO:
        """Open it once it has settled."""
        time.sleep(max(0.0, self._settled_at - time.monotonic()))
        file = os.fdopen(os.open(self._name, _FILE, dir_fd=self._folder), "rb")
        if not self.is_unchanged(file):
            file.close()
            raise StillChanging
        return file

    def is_unchanged(self, file: BinaryIO) -> bool:
        """Whether it was neither written to nor replaced since it was last looked at."""
        before, now = self._identity, os.fstat(file.fileno())
        self._look(now)
        return stat.S_ISREG(now.st_mode) and _identity(now) == before
