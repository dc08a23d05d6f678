"""A folder of MIDI and MusicXML files of any origin."""

from __future__ import annotations

from pathlib import Path

from kantor import settings
from kantor.data.corpus import Piece
from kantor.data.sources import Found, Task, drawn_split
from kantor.data.sources.chorale import chorale
from kantor.errors import InputError
from kantor.formats.reading import read as read_file

# Files that people keep beside scores; anything else that cannot be read is refused aloud.
_NOT_SCORES = {
    ".md",
    ".txt",
    ".rst",
    ".pdf",
    ".csv",
    ".json",
    ".yaml",
    ".yml",
    ".dvc",
    ".gitignore",
}


def tasks(path: Path, split: settings.Split) -> list[Task]:
    """One task a file in `path` and the folders below it, hidden ones left out.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    return [
        Task("folder", file, id, drawn_split(id, split))
        for file, id in files_of(path)
        if file.suffix.lower() not in _NOT_SCORES
    ]


def read(task: Task) -> Found:
    """Read one file.

    Raises
    ------
    InputError
        With the reason, if it is no score of four voices.
    """
    score = chorale(read_file(task.path), task.path.stem, task.ensemble)
    return [Piece(task.id, task.split, task.kind, task.transposition, score)]


def files_of(path: Path) -> list[tuple[Path, str]]:
    """The files below the folder `path` with the ids of their pieces, ordered by id.

    An id is the folder's own name and the file's path in it, wherever the folder lies.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    if not path.is_dir():
        raise InputError(
            f"{path}: no such folder; make it, or correct ingest.sources in params.yaml"
        )
    found = []
    for file in path.rglob("*"):
        relative = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") for part in relative.parts):
            found.append((file, (path.resolve().name / relative).as_posix()))
    return sorted(found, key=lambda pair: pair[1])
