"""A full disk is told in one line, however it shows."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from kantor import disk

FULL = OSError(errno.ENOSPC, "No space left on device", "build/windows.npz")


def chained(inner: Exception) -> Exception:
    """An error that another one led to."""
    outer = RuntimeError("could not save")
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    "error",
    [
        FULL,
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError("4096 requested and 512 written"),  # numpy
        OSError("Unable to write (errno = 28, error message = 'No space left on device')"),  # HDF5
        RuntimeError("{{function_node}} ./x.tempstate; No space left on device [Op:SaveV2]"),
        sqlite3.OperationalError("database or disk is full"),
        chained(FULL),
    ],
)
def test_no_room_is_known_and_told_with_its_remedy(error: Exception) -> None:
    """As numpy, HDF5, TensorFlow and SQLite say it, also as the cause of another error."""
    with (
        pytest.raises(disk.DiskFull, match=r"^no space left on the disk; make room .*$") as told,
        disk.room(),
    ):
        raise error
    assert str(told.value).isprintable()


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "denied"), ValueError("full")])
def test_other_errors_pass(error: Exception) -> None:
    """What has nothing to do with room is not explained by it."""
    with pytest.raises(type(error)), disk.room():
        raise error


def test_a_nearly_full_disk_is_hinted_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """For programs that do not say why they failed; silent where there is room."""
    for free, told in ((disk.NEARLY_FULL, False), (1_000_000, True)):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr(disk.shutil, "disk_usage", lambda _, usage=usage: usage)
        assert bool(disk.hint(Path())) is told


def test_nothing_was_wrong() -> None:
    """Work that succeeds is left alone."""
    with disk.room():
        done = True
    assert done
