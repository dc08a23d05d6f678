"""A folder of pypianoroll ``.npz`` multitracks, such as the Lakh Pianoroll Dataset.

The format (pypianoroll 0.x and 1.x): ``info.json`` with the resolution in time steps a quarter
and each track's name and whether it is drums; each track's roll ``(time, 128)`` of velocities as
the parts of a compressed sparse column matrix, a column a pitch; tempo and downbeats by time
step. Such rolls lose where a note is repeated at once; a change of velocity shows some of it.

Read here without pypianoroll: its `load` unfolds every track whatever its size.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor import settings
from kantor.data.corpus import Piece
from kantor.data.sources import Found, Task, drawn_split
from kantor.data.sources.chorale import chorale
from kantor.data.sources.folder import files_of
from kantor.music.reading import Limits, Part, Recording, TimedNote
from kantor.music.recording import believable_tempo, check_size, one_line
from kantor.music.score import Meter, ScoreError

_MOST_BYTES = 64_000_000  # of an array, unpacked
_DEFAULT_TEMPO = 80.0


def tasks(path: Path, split: settings.Split) -> list[Task]:
    """One task a ``.npz`` file in `path` and the folders below it.

    Raises
    ------
    ScoreError
        If there is no such folder.
    """
    return [
        Task("multitracks", file, id, drawn_split(id, split))
        for file, id in files_of(path)
        if file.suffix.lower() == ".npz"
    ]


def read(task: Task) -> Found:
    """Read one multitrack.

    Raises
    ------
    ScoreError
        With the reason, if it is no multitrack or has not four voices.
    """
    try:
        recording = _recording(_arrays(task.path))
    except (ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        if isinstance(error, ScoreError):
            raise
        reason = one_line(str(error)) or type(error).__name__
        raise ScoreError(f"not a pypianoroll multitrack ({reason})") from None
    score = chorale(recording, task.path.stem)
    return [Piece(task.id, task.split, task.kind, task.transposition, score)]


def _arrays(path: Path) -> dict[str, Any]:
    """The file's arrays, and ``info.json`` as bytes, none of them larger than is bearable."""
    with zipfile.ZipFile(path) as archive:
        largest = max((member.file_size for member in archive.infolist()), default=0)
    if largest > _MOST_BYTES:
        raise ScoreError(f"an array of {largest:,} bytes, more than {_MOST_BYTES:,}")
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _recording(arrays: Mapping[str, Any]) -> Recording:
    info = json.loads(arrays["info.json"])
    resolution = int(info.get("resolution") or info["beat_resolution"])
    if not 1 <= resolution <= 10_000:
        raise ValueError(f"a resolution of {resolution}")
    parts, index = [], 0
    while str(index) in info:
        track = info[str(index)]
        notes = _notes(arrays, f"pianoroll_{index}_csc", resolution)
        parts.append(
            Part(one_line(str(track.get("name") or "")), notes, bool(track.get("is_drum")))
        )
        index += 1
        check_size(Limits(), tracks=index, notes=sum(len(part.notes) for part in parts))
    ends = [note.end for part in parts for note in part.notes]
    check_size(Limits(), quarters=float(max(ends, default=Fraction(0))))
    lines, meter = _bars(arrays.get("downbeat"), resolution)
    return Recording(
        tuple(part for part in parts if part.notes),
        _tempo(arrays.get("tempo")),
        ((Fraction(0), meter),),
        None,
        None,
        one_line(str(info.get("name") or "")),
        bar_lines=lines,
        length=max(ends, default=Fraction(0)),
    )


def _notes(arrays: Mapping[str, Any], name: str, resolution: int) -> tuple[TimedNote, ...]:
    """Runs of one velocity in each column of the sparse roll."""
    data, times, starts = (arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
    notes = []
    for pitch in range(min(128, len(starts) - 1)):
        span = slice(int(starts[pitch]), int(starts[pitch + 1]))
        kept = data[span] != 0
        time, velocity = times[span][kept].astype(np.int64), data[span][kept]
        if not time.size:
            continue
        order = np.argsort(time, kind="stable")
        time, velocity = time[order], velocity[order].astype(np.int64)
        breaks = np.flatnonzero((np.diff(time) != 1) | (np.diff(velocity) != 0))
        first, last = np.r_[0, breaks + 1], np.r_[breaks, len(time) - 1]
        notes += [
            TimedNote(Fraction(int(a), resolution), Fraction(int(b) + 1, resolution), pitch)
            for a, b in zip(time[first], time[last], strict=True)
        ]
    return tuple(sorted(notes))


def _tempo(tempo: NDArray[Any] | None) -> float:
    """The tempo that holds longest, in quarters a minute."""
    middle = float(np.median(tempo)) if tempo is not None and tempo.size else _DEFAULT_TEMPO
    return middle if believable_tempo(middle) else _DEFAULT_TEMPO


def _bars(downbeat: NDArray[Any] | None, resolution: int) -> tuple[tuple[Fraction, ...], Meter]:
    """Bar lines in quarters, and the meter that their usual distance makes; 4/4 where unknown."""
    times = np.flatnonzero(downbeat) if downbeat is not None else np.zeros(0, np.int64)
    lines = tuple(Fraction(int(time), resolution) for time in times)
    if len(times) < 2:
        return (), Meter()
    lengths, counts = np.unique(np.diff(times), return_counts=True)
    quarters = Fraction(int(lengths[counts.argmax()]), resolution)
    for denominator in (4, 8, 16):
        beats = quarters * denominator / 4
        if beats.denominator == 1 and 1 <= beats <= 64:
            return lines, Meter(int(beats), denominator)
    return (), Meter()
