"""A full disk: known by whatever error it comes as, and told in one line with its remedy.

Libraries report it each in their own way: `OSError`, an operation of TensorFlow that failed, a
database that is full.
"""

from __future__ import annotations

import errno
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEARLY_FULL = 50_000_000
_FULL = re.compile(
    r"no space left|quota exceeded|(disk|database) (or disk )?is full|requested and \d+ written"
    r"|disk i/o error",
    re.IGNORECASE,
)
_REMEDY = "make room and run it again: what is finished is kept"


class DiskFull(OSError):
    """There was no room to write; the message is one line with the remedy."""


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that there is no room left."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if _FULL.search(str(error)[:10_000]):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def room() -> Iterator[None]:
    """Turn whatever a full disk makes fail into `DiskFull`; other errors pass.

    Raises
    ------
    DiskFull
    """
    try:
        yield
    except Exception as error:
        if not is_full(error):
            raise
        raise DiskFull(f"no space left on the disk; {_REMEDY}") from error


def hint(path: Path) -> str | None:
    """One line if the disk that holds `path` is nearly full, for errors that do not say so."""
    free = shutil.disk_usage(path).free
    if free >= NEARLY_FULL:
        return None
    return f"the disk is nearly full ({free / 1e6:.0f} MB left); {_REMEDY}"


if __name__ == "__main__":
    if line := hint(Path.cwd()):
        print(line, file=sys.stderr)
