"""Files: written whole or not at all, kept to their owner, deleted and counted; and a full disk."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

NEARLY_FULL = 50_000_000  # bytes that are free
_FOLDER, _FILE = 0o700, 0o600
# Libraries report a full disk each in their own way: TensorFlow, numpy, SQLite.
_FULL = re.compile(
    r"no space left|quota exceeded|(disk|database) (or disk )?is full|requested and \d+ written"
    r"|disk i/o error",
    re.IGNORECASE,
)
_REMEDY = "make room and run it again: what is finished is kept"


def save(path: str | Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then move that into place.

    What stood at `path` stays as it was if `write` fails; the temporary file is removed.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb+") as file:
            write(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def sweep(folder: str | Path) -> None:
    """Remove the temporary files of `save` in `folder` whose process was killed."""
    import psutil

    for path in Path(folder).glob(".*.*"):
        name, _, process = path.name.rpartition(".")
        if name != "." and process.isdecimal() and not psutil.pid_exists(int(process)):
            path.unlink(missing_ok=True)


def private_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, and keep it to its owner."""
    if not path.parent.is_dir():
        private_folder(path.parent)
    path.mkdir(mode=_FOLDER, exist_ok=True)
    _limit(path, _FOLDER)
    return path


def private_file(path: Path) -> Path:
    """Make an empty file, if there is none, and keep it to its owner.

    SQLite takes one for a database without tables, and gives the files beside it its permissions.
    """
    path.touch(mode=_FILE)
    _limit(path, _FILE)
    return path


def _limit(path: Path, most: int) -> None:
    """Take away all permissions beyond `most`; somebody else's file stays as it is."""
    mode = path.stat().st_mode & 0o777
    if mode & ~most:
        with suppress(PermissionError):
            path.chmod(mode & most)


@dataclass(frozen=True)
class Freed:
    """What was deleted, or would be: how many batches or versions, the files in them, bytes."""

    count: int = 0
    files: int = 0
    bytes: int = 0

    def __add__(self, other: Freed) -> Freed:
        return Freed(self.count + other.count, self.files + other.files, self.bytes + other.bytes)


NOTHING = Freed()


def free(path: Path, dry_run: bool = False) -> Freed:
    """Delete a file, or a folder with all that is in it; only count them in a dry run.

    Of a folder what is linked from elsewhere as well is not counted.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    is_folder = path.is_dir() and not path.is_symlink()
    within = [path] if path.is_file() else path.rglob("*") if is_folder else []
    found = [one.lstat() for one in within if not one.is_dir()]
    sizes = [one.st_size for one in found if one.st_nlink == 1 or not is_folder]
    if is_folder and not dry_run:
        shutil.rmtree(path)
    elif not dry_run:
        path.unlink(missing_ok=True)
    return Freed(0, len(sizes), sum(sizes))


class DiskFull(OSError):
    """There was no room to write; the message is one line with the remedy."""


@contextmanager
def full_disk_explained() -> Iterator[None]:
    """Turn whatever error a full disk causes into `DiskFull`; other errors pass."""
    try:
        yield
    except Exception as error:
        if not _is_full(error):
            raise
        raise DiskFull(f"no space left on the disk; {_REMEDY}") from error


def _is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that there is no room left."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if _FULL.search(str(error)[:10_000]):
            return True
        error = error.__cause__ or error.__context__
    return False


def nearly_full(path: Path) -> str | None:
    """One line if the disk that holds `path` is nearly full, for errors that do not say so."""
    free_bytes = shutil.disk_usage(path).free
    if free_bytes >= NEARLY_FULL:
        return None
    return f"the disk is nearly full ({free_bytes / 1e6:.0f} MB left); {_REMEDY}"


if __name__ == "__main__":
    if line := nearly_full(Path.cwd()):
        print(line, file=sys.stderr)
