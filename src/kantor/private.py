"""Files and folders that only their owner reads: databases, and what the service keeps."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_FOLDER, _FILE = 0o700, 0o600
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite writes beside a database


def private_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, and keep it to its owner."""
    if not path.parent.is_dir():
        private_folder(path.parent)
    path.mkdir(mode=_FOLDER, exist_ok=True)
    _keep(path, _FOLDER)
    return path


def private_file(path: Path) -> Path:
    """Make a file that is empty, if there is none, and keep it to its owner."""
    path.touch(mode=_FILE)
    _keep(path, _FILE)
    return path


def private_database(path: Path) -> Path:
    """The same of an SQLite database, which takes an empty file for one without tables.

    What it writes beside itself has the permissions of the database.
    """
    private_file(path)
    for ending in _BESIDE:
        with suppress(FileNotFoundError):
            _keep(path.with_name(path.name + ending), _FILE)
    return path


def _keep(path: Path, most: int) -> None:
    """Take away what others may do with it; it stays as it is where it is somebody else's."""
    mode = path.stat().st_mode & 0o777
    if mode & ~most:
        with suppress(PermissionError):
            path.chmod(mode & most)
