"""Delete what is kept no longer, and count it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Freed:
    """What was deleted, or would be.

    Attributes
    ----------
    count : int
        Of batches, versions of a model, or whatever is counted.
    files, bytes : int
        The files in them.
    """

    count: int = 0
    files: int = 0
    bytes: int = 0

    def __add__(self, other: Freed) -> Freed:
        return Freed(self.count + other.count, self.files + other.files, self.bytes + other.bytes)


NOTHING = Freed()


def free(path: Path, dry_run: bool = False) -> Freed:
    """Delete a file, or a folder with all that is in it; nothing where there is neither.

    Parameters
    ----------
    dry_run
        Only count the files.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    is_folder = path.is_dir() and not path.is_symlink()
    within = [path] if path.is_file() else path.rglob("*") if is_folder else []
    sizes = [one.lstat().st_size for one in within if not one.is_dir()]
    if is_folder and not dry_run:
        shutil.rmtree(path)
    elif not dry_run:
        path.unlink(missing_ok=True)
    return Freed(0, len(sizes), sum(sizes))
