"""The JSB Chorales in the published split, from the files of music21's corpus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kantor import settings
from kantor.data.chorales import chorales
from kantor.data.corpus import Piece
from kantor.data.sources import Found, Task
from kantor.data.sources.chorale import chorale
from kantor.errors import InputError
from kantor.formats.reading import read as read_file


def tasks(path: Path, split: settings.Split) -> list[Task]:
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


def read(task: Task) -> Found:
    """Read one chorale, moved to the published key, its repeats written out where they were.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    recording = read_file(task.path, expand_repeats=task.repeats)
    score = chorale(recording, "", task.ensemble).transposed(task.transposition)
    number = task.path.stem.removeprefix("bwv")
    score = replace(score, title=f"BWV {number}")
    return [Piece(task.id, task.split, "jsb", task.transposition, score)]
