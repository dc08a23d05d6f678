"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from kantor import files

KILLED = """
import os, pathlib, signal, sys
from kantor.music import files
def half(file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
files.save(pathlib.Path(sys.argv[1]), half)
"""


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """And nothing beside it."""
    path = tmp_path / "a.csv"
    files.save(path, lambda file: file.write(b"before"))

    def failing(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        files.save(path, failing)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_had_begun_is_swept_away(tmp_path: Path) -> None:
    """Where it was killed in the middle of a write; nothing stands under the name itself."""
    path = tmp_path / "a.csv"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    (left,) = tmp_path.iterdir()
    assert left != path
    files.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_others_write_or_own_is_left(tmp_path: Path) -> None:
    """A process that runs, names that are not `save`'s, and a folder that is not there."""
    kept = {f".a.csv.{os.getpid()}", ".hidden", ".b.csv", "a.123", "..5"}
    for name in kept:
        (tmp_path / name).touch()
    files.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept
    files.sweep(tmp_path / "none")
