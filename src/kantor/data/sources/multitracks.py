"""A folder of pypianoroll ``.npz`` multitracks, such as the Lakh Pianoroll Dataset.

The format (pypianoroll 0.x and 1.x): ``info.json`` with the resolution in time steps a quarter
and each track's name and whether it is drums; each track's roll ``(time, 128)`` of velocities as
the parts of a sparse matrix; tempo and downbeats by time step. Such rolls mostly lose where a
note is repeated at once: `kantor.formats.pianoroll` says what can be told.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np

from kantor import settings
from kantor.data.arrays import FAULTS
from kantor.data.corpus import Piece
from kantor.data.sources import Found, Task, drawn_split
from kantor.data.sources.chorale import chorale
from kantor.data.sources.folder import files_of
from kantor.errors import InputError, one_line
from kantor.formats.parsed import Limits, check_size
from kantor.formats.pianoroll import parse_multitrack

_MOST_BYTES = 64_000_000  # of an array, packed or unfolded


def tasks(path: Path, split: settings.Split) -> list[Task]:
    """One task a ``.npz`` file in `path` and the folders below it.

    Raises
    ------
    InputError
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
    InputError
        With the reason, if it is no multitrack or has not four voices.
    """
    import pypianoroll

    try:
        _check(task.path)
        recording = parse_multitrack(pypianoroll.load(task.path))
    except InputError:
        raise
    except FAULTS as error:
        reason = one_line(str(error)) or type(error).__name__
        raise InputError(f"not a pypianoroll multitrack ({reason})") from None
    score = chorale(recording, task.path.stem, task.ensemble)
    return [Piece(task.id, task.split, task.kind, task.transposition, score)]


def _check(path: Path) -> None:
    """Refuse what would unfold to more than is bearable, before anything is unfolded."""
    with zipfile.ZipFile(path) as archive:
        sizes = [member.file_size for member in archive.infolist()]
    if max(sizes, default=0) > _MOST_BYTES:
        raise InputError(f"an array of {max(sizes):,} bytes, more than {_MOST_BYTES:,}")
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        info = json.loads(stored["info.json"])
        resolution = int(info.get("resolution") or info["beat_resolution"])
        shapes = [stored[name] for name in stored.files if name.endswith("_csc_shape")]
    if not 1 <= resolution <= 10_000:
        raise InputError(f"a resolution of {resolution} time steps a quarter")
    longest = max((int(shape[0]) for shape in shapes), default=0)
    check_size(Limits(), tracks=len(shapes), quarters=longest / resolution)
    if any(int(shape[0]) * int(shape[1]) > _MOST_BYTES for shape in shapes):
        raise InputError(f"a roll of more than {_MOST_BYTES:,} cells")
