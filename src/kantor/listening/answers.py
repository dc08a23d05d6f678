"""The answers, a CSV file with a line for each, and what they say.

Conventions
-----------
`right` of `total` answers are a share with an interval at 95 % after Wilson (1927), Probable
inference, the law of succession, and statistical inference, Journal of the American Statistical
Association 22, 209-212. It takes the answers to be independent of each other.
"""

from __future__ import annotations

import csv
import errno
import fcntl
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, get_type_hints

from kantor.errors import InputError

_NORMAL = 1.959964  # the quantile of the normal distribution at 97.5 %


class Answer(NamedTuple):
    """A line of the file; docs/listening.md describes each column."""

    time: str
    listener: str
    model: str
    candidates: int
    seed: int
    pair: int
    piece: str
    first_bar: int
    order: str
    answer: str
    right: int
    plays: int


_KINDS = tuple(get_type_hints(Answer).values())


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share, from 0 to 1; the whole range without answers."""
    if not total:
        return 0.0, 1.0
    share, square = right / total, _NORMAL**2 / total
    middle = share + square / 2
    half = _NORMAL * math.sqrt(share * (1 - share) / total + square / 4 / total)
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


def read(path: Path) -> list[Answer]:
    """The answers in a file; none where there is no file.

    Raises
    ------
    InputError
        If the file holds something else.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InputError(f"{path}: {reason}; name another file") from None
    head, _, lines = text.partition("\n")
    if text and head.rstrip() != ",".join(Answer._fields):
        raise InputError(f"{path}: no file of answers; name another")
    rows = csv.reader(io.StringIO(lines), strict=True)
    try:
        return [
            Answer._make(kind(cell) for kind, cell in zip(_KINDS, row, strict=True)) for row in rows
        ]
    except (ValueError, csv.Error):
        where = f"{path}, line {rows.line_num + 1}"
        raise InputError(f"{where}: damaged; mend it, or name another file") from None


def append(path: Path, answers: Sequence[Answer]) -> None:
    """Add lines to the file, made if it is missing: all of them, or none if the disk is full.

    Raises
    ------
    OSError
        If the disk refuses; the file is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file.fileno()).st_size
        text = io.StringIO()
        head = [] if size else [Answer._fields]
        csv.writer(text, lineterminator="\n").writerows([*head, *answers])
        lines = text.getvalue().encode()
        try:
            if file.write(lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), size)
            raise
