"""A log of melodies' features: CSV parts in a folder, appended to by many, never rewritten.

Conventions
-----------
A part is one call of `record`. Its name holds when it was written and how many rows it has, so
that the newest rows are found, and the oldest removed, without reading the others. A part is
moved into place when it is whole: a process killed in the middle leaves no half of one.
"""

from __future__ import annotations

import csv
import io
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kantor.drift.features import COLUMNS, NAMES
from kantor.files import private_folder, save

if TYPE_CHECKING:
    import pandas as pd

KEPT = 20_000  # rows; some 6 MB
_PART = re.compile(r"(\d{16,})-(\d+)-[0-9a-f]{8}\.csv")


def record(
    folder: str | Path, rows: Iterable[Mapping[str, float | str]], keep: int = KEPT
) -> Path | None:
    """Append a batch's rows to the log in `folder`, made if need be.

    The oldest parts go when the others hold `keep` rows; a part is never cut. Safe for several
    processes at once.

    Parameters
    ----------
    rows
        As `kantor.drift.features` gives them.

    Returns
    -------
    Path or None
        The part that was written; None where there was no row.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    count = sum(1 for row in rows if writer.writerow(row))
    if not count:
        return None
    folder = Path(folder)
    private_folder(folder)
    part = folder / f"{time.time_ns() // 1000:016d}-{count}-{uuid.uuid4().hex[:8]}.csv"
    save(part, lambda stream: stream.write(text.getvalue().encode()))
    _drop_old(folder, keep)
    return part


def _parts(folder: Path) -> list[tuple[Path, int]]:
    """The parts and their numbers of rows, the newest first."""
    found = ((path, _PART.fullmatch(path.name)) for path in folder.glob("*.csv"))
    parts = [(path, int(match[2])) for path, match in found if match]
    return sorted(parts, key=lambda part: part[0].name, reverse=True)


def newest(folder: str | Path) -> str:
    """The name of the newest part; empty where there is none."""
    return next((path.name for path, _ in _parts(Path(folder))), "")


def _drop_old(folder: Path, keep: int) -> None:
    held = 0
    for path, count in _parts(folder):
        if held >= keep:
            path.unlink(missing_ok=True)
        held += count


def last(folder: str | Path, count: int) -> pd.DataFrame:
    """The last `count` rows, or as many as there are, the oldest of them first.

    Returns
    -------
    DataFrame
        With the columns `kantor.drift.features.COLUMNS`.
    """
    import pandas as pd

    frames: list[pd.DataFrame] = []
    held = 0
    for path, rows in _parts(Path(folder)):
        if held >= count:
            break
        try:
            frames.insert(0, pd.read_csv(path, dtype=dict.fromkeys(NAMES, str)))
        except FileNotFoundError:  # dropped by another process since it was listed
            continue
        held += rows
    if not frames:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(frames, ignore_index=True).tail(count).reset_index(drop=True)
