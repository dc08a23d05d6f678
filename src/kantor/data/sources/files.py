"""Sources with a piece in each file: the JSB Chorales, any folder, a folder of multitracks.

A multitrack is a ``.npz`` file of pypianoroll (0.x and 1.x), as in the Lakh Pianoroll Dataset:
``info.json`` with the resolution in time steps a quarter and each track's name and whether it is
drums; each track's roll ``(time, 128)`` of velocities as the parts of a sparse matrix; tempo and
downbeats by time step. Such rolls mostly lose where a note is repeated at once:
`kantor.formats.pianoroll` says what is kept.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from kantor import settings
from kantor.data.arrays import FAULTS
from kantor.data.chorales import chorales
from kantor.data.sources.scores import score_of
from kantor.data.sources.task import Task, drawn_split
from kantor.errors import InputError, one_line
from kantor.formats.parsed import Limits, check_size
from kantor.formats.pianoroll import parse_multitrack
from kantor.formats.reading import read
from kantor.music.score import Score

# Files that people keep beside scores; anything else that cannot be read is listed as refused.
_NOT_SCORES = {".md", ".txt", ".rst", ".pdf", ".csv", ".json", ".yaml", ".yml", ".dvc"}
_MOST_BYTES = 64_000_000  # of an array, packed or unfolded


def jsb_tasks(path: Path, split: settings.Split) -> list[Task]:
    """One task a chorale; `split` is not needed, the published one holds.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; `make data` brings the chorales")
    return [
        Task(
            "jsb",
            path / row.file,
            f"jsb/{Path(row.file).stem}",
            row.split,
            row.transposition,
            row.repeats,
        )
        for row in chorales()
    ]


def read_jsb(task: Task) -> Score:
    """One chorale, moved to the published key, its repeats written out where they were.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    parsed = read(task.path, expand_repeats=task.repeats)
    score = score_of(parsed, "", task.ensemble).transposed(task.transposition)
    return replace(score, title=f"BWV {task.path.stem.removeprefix('bwv')}")


def folder_tasks(path: Path, split: settings.Split) -> list[Task]:
    """One task a file in `path` and the folders below it, hidden ones left out.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    tasks = _tasks("folder", path, split)
    return [task for task in tasks if task.path.suffix.lower() not in _NOT_SCORES]


def read_any(task: Task) -> Score:
    """One MIDI or MusicXML file.

    Raises
    ------
    InputError
        With the reason, if it is no score of the ensemble.
    """
    return score_of(read(task.path), task.path.stem, task.ensemble)


def multitrack_tasks(path: Path, split: settings.Split) -> list[Task]:
    """One task a ``.npz`` file in `path` and the folders below it.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    tasks = _tasks("multitracks", path, split)
    return [task for task in tasks if task.path.suffix.lower() == ".npz"]


def read_multitrack(task: Task) -> Score:
    """One multitrack.

    Raises
    ------
    InputError
        With the reason, if it is no multitrack or no score of the ensemble.
    """
    import pypianoroll

    try:
        _check(task.path)
        parsed = parse_multitrack(pypianoroll.load(task.path))
    except InputError:
        raise
    except FAULTS as error:
        reason = one_line(str(error)) or type(error).__name__
        raise InputError(f"not a pypianoroll multitrack ({reason})") from None
    return score_of(parsed, task.path.stem, task.ensemble)


def _check(path: Path) -> None:
    """Refuse what would unfold to more than is bearable, before anything is unfolded."""
    with zipfile.ZipFile(path) as archive:
        largest = max((member.file_size for member in archive.infolist()), default=0)
    if largest > _MOST_BYTES:
        raise InputError(f"an array of {largest:,} bytes, more than {_MOST_BYTES:,}")
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


def _tasks(kind: str, path: Path, split: settings.Split) -> list[Task]:
    """One task a file below the folder `path`, hidden ones left out, ordered by id.

    An id is the folder's own name and the file's path in it, wherever the folder lies.
    """
    if not path.is_dir():
        raise InputError(
            f"{path}: no such folder; make it, or correct ingest.sources in params.yaml"
        )
    tasks = []
    for file in path.rglob("*"):
        relative = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in relative.parts):
            id = (path.resolve().name / relative).as_posix()
            tasks.append(Task(kind, file, id, drawn_split(id, split)))
    return sorted(tasks, key=lambda task: task.id)
