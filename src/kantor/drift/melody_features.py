"""What is measured on a melody, a flat row of numbers and names, and the log of such rows.

Conventions
-----------
Histograms are shares that sum to 1, one column a bin, so that a row needs no nesting and a log
of rows can be read by anything. The log is a folder of CSV parts, appended to by many, never
rewritten. A part is one call of `record`. Its name holds when it was written and how many rows it
has, so that the newest rows are found, and the oldest removed, without reading the others. A part
is moved into place when it is whole: a process killed in the middle leaves no half of one.
"""

from __future__ import annotations

import csv
import io
import re
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kantor.errors import InputError
from kantor.files import private_folder, save
from kantor.music.key import key_of
from kantor.music.score import REST, STEPS_PER_QUARTER, Score

if TYPE_CHECKING:
    import pandas as pd

WIDEST = 12  # semitones; wider leaps are counted as this one
PITCH_CLASSES = tuple(f"pitch_class_{pitch}" for pitch in range(12))
INTERVALS = tuple(f"interval_{leap:+d}" for leap in range(-WIDEST, WIDEST + 1))
NUMBERS = ("notes", "lowest", "highest", "range", "density")
NAMES = ("key", "meter")
COLUMNS = (*NUMBERS, *NAMES, *PITCH_CLASSES, *INTERVALS)

KEPT = 20_000  # rows; some 6 MB
_PART = re.compile(r"(\d{16,})-(\d+)-[0-9a-f]{8}\.csv")

Row = dict[str, float | str]


def features(score: Score) -> Row:
    """The features of the leading line of `score`, in the order of `COLUMNS`.

    Returns
    -------
    dict
        ``notes``: how many. ``lowest``, ``highest``: MIDI numbers. ``range``: semitones between
        them. ``density``: notes a quarter, rests counted. ``key``: such as ``"F# minor"``,
        estimated where the score names none. ``meter``: such as ``"3/4"``. ``pitch_class_0`` to
        ``_11``: share of the sounding time on C to B. ``interval_-12`` to ``_+12``: share of the
        steps from one note to the next, in semitones; all 0 for a single note.

    `InputError` if no note sounds.
    """
    melody = score.line(score.ensemble.leads)
    pitches = melody.pitches[:, 0].astype(np.int64)
    sounding = pitches[pitches != REST]
    if not sounding.size:
        raise InputError("no note sounds: there is nothing to measure")
    notes = pitches[melody.onsets[:, 0]]
    key = key_of(score)
    lowest, highest = int(sounding.min()), int(sounding.max())
    density = round(len(notes) * STEPS_PER_QUARTER / score.steps, 6)
    numbers = (len(notes), lowest, highest, highest - lowest, density)
    classes = np.bincount(sounding % 12, minlength=12) / sounding.size
    leaps = np.clip(np.diff(notes), -WIDEST, WIDEST) + WIDEST
    intervals = np.bincount(leaps, minlength=len(INTERVALS)) / max(1, leaps.size)
    shares = (round(float(share), 6) for share in (*classes, *intervals))
    values: tuple[float | str, ...] = (*numbers, key.name, str(score.meter), *shares)
    return dict(zip(COLUMNS, values, strict=True))


def record(folder: str | Path, rows: Iterable[Row], keep: int = KEPT) -> Path | None:
    """Append a batch's rows to the log in `folder`, made if need be; the part that was written.

    The oldest parts go when the others hold `keep` rows; a part is never cut. Safe for several
    processes at once. Without a row nothing is written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    count = sum(1 for row in rows if writer.writerow(row))
    if not count:
        return None
    folder = private_folder(Path(folder))
    part = folder / f"{time.time_ns() // 1000:016d}-{count}-{uuid.uuid4().hex[:8]}.csv"
    save(part, lambda stream: stream.write(text.getvalue().encode()))
    held = 0
    for path, rows_in_part in _parts(folder):
        if held >= keep:
            path.unlink(missing_ok=True)
        held += rows_in_part
    return part


def _parts(folder: Path) -> list[tuple[Path, int]]:
    """The parts and their numbers of rows, the newest first."""
    matches = [(path, _PART.fullmatch(path.name)) for path in folder.glob("*.csv")]
    parts = [(path, int(match[2])) for path, match in matches if match]
    return sorted(parts, key=lambda part: part[0].name, reverse=True)


def newest(folder: str | Path) -> str:
    """The name of the newest part; empty where there is none."""
    return next((path.name for path, _ in _parts(Path(folder))), "")


def last(folder: str | Path, count: int) -> pd.DataFrame:
    """The last `count` rows, or as many as there are, the oldest first, with `COLUMNS`."""
    import pandas as pd

    frames: list[pd.DataFrame] = []
    held = 0
    for path, rows_in_part in _parts(Path(folder)):
        if held >= count:
            break
        try:
            frames.insert(0, pd.read_csv(path, dtype=dict.fromkeys(NAMES, str)))
        except FileNotFoundError:  # dropped by another process since it was listed
            continue
        held += rows_in_part
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))
    return rows.tail(count).reset_index(drop=True)
