"""Where scores come from, by the kinds of `kantor.settings.Source`.

Conventions
-----------
`tasks` lists the work without reading any score, in an order that depends on the files' names
alone. `read` does one piece of it, in whichever process. A file that cannot be used is a refusal
and never an error; only a source that is not there at all raises `InputError`.

A multitrack is a ``.npz`` file of pypianoroll (0.x and 1.x), as in the Lakh Pianoroll Dataset:
``info.json`` with the resolution in time steps a quarter and each track's name and whether it is
drums; each track's roll ``(time, 128)`` of velocities as the parts of a sparse matrix; tempo and
downbeats by time step. `kantor.formats.pianoroll` says which repeated notes are kept.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kantor import settings
from kantor.data import leadsheets, pop909
from kantor.data.chorales import Chorale, chorales
from kantor.data.corpus import Piece, Refusal
from kantor.data.grid import score_of
from kantor.data.humdrum import read_humdrum
from kantor.data.part_table import Row, read_row, table_of
from kantor.data.published import read_published
from kantor.data.quartets import read_quartet
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, one_line
from kantor.formats import reading
from kantor.formats.parsed import Limits, ParsedFile, check_size
from kantor.formats.pianoroll import parse_multitrack
from kantor.music.score import Score

# Files that people keep beside scores; anything else that cannot be read is listed as refused.
_NOT_SCORES = {".md", ".txt", ".rst", ".pdf", ".csv", ".json", ".yaml", ".yml", ".dvc"}
_MOST_BYTES = 64_000_000  # of an array, packed or unfolded


@dataclass(frozen=True)
class Task:
    """One file to read, by the kind of its source.

    `id` and `split` are those of the piece in it. Both are empty where the file itself says, and
    `split` where it is drawn later. The score must have the lines of `ensemble`; it is moved by
    `transposition` semitones.
    """

    kind: str
    path: Path
    ensemble: Ensemble = SATB
    id: str = ""
    split: str = ""
    transposition: int = 0
    repeats: bool = False
    row: Row | None = None  # of a table of parts


def tasks(source: settings.Source, ensemble: Ensemble = SATB) -> list[Task]:
    """The files of `source`, ordered by name, each to be read as a score of `ensemble`.

    Raises
    ------
    InputError
        If the source's path does not exist or does not suit its kind.
    """
    if source.kind == "published":
        return [Task(source.kind, _published(source.path), ensemble)]
    if not source.path.is_dir():
        brought = "`make data` brings the chorales"
        remedy = "make it, or correct ingest.sources in params.yaml"
        raise InputError(
            f"{source.path}: no such folder; {brought if source.kind == 'jsb' else remedy}"
        )
    if source.kind == "table":
        return _rows(source.path, ensemble)
    if source.kind == "jsb":
        return [_chorale(row, source.path, ensemble) for row in chorales()]
    if source.kind == "leadsheets":
        sheets = leadsheets.kept(source.path)
        return [Task(source.kind, path, ensemble, leadsheets.id_of(path)) for path in sheets]
    listed = []
    for file in source.path.rglob("*"):
        relative = file.relative_to(source.path)
        hidden = any(part.startswith(".") for part in relative.parts)
        if file.is_file() and not hidden and _belongs(file, source.kind):
            id = (source.path.resolve().name / relative).as_posix()  # wherever the folder lies
            listed.append(Task(source.kind, file, ensemble, id))
    return sorted(listed, key=lambda task: task.id)


def _published(path: Path) -> Path:
    """The file itself, or the only ``.json`` or ``.npz`` of a folder."""
    files = [path] if path.is_file() else [*path.glob("*.json"), *path.glob("*.npz")]
    if len(files) != 1:
        raise InputError(f"{path}: expected the one file Jsb16thSeparated.json or .npz")
    return files[0]


def _chorale(row: Chorale, folder: Path, ensemble: Ensemble) -> Task:
    path = folder / row.file
    id = f"jsb/{path.stem}"
    return Task("jsb", path, ensemble, id, row.split, row.transposition, row.repeats)


def _rows(folder: Path, ensemble: Ensemble) -> list[Task]:
    """The files of a table that are there."""
    rows = table_of(folder)
    there = [row for row in rows if (folder / row.file).is_file()]
    if not there:
        raise InputError(f"{folder}: none of the {len(rows)} files of its table of parts is there")
    return [Task("table", folder / row.file, ensemble, row.file, row=row) for row in there]


def _belongs(file: Path, kind: str) -> bool:
    if kind == "pop909":
        return pop909.is_song(file)
    ending = file.suffix.lower()
    only = {"multitracks": ".npz", "humdrum": ".krn", "quartets": ".mxl"}.get(kind)
    return ending == only if only else ending not in _NOT_SCORES


def read(task: Task) -> list[Piece | Refusal]:
    """Read one file; what cannot be used comes back as a refusal with its reason."""
    try:
        if task.kind == "published":
            return list(read_published(task.path, task.ensemble))
        if task.kind == "humdrum":
            return [*read_humdrum(task.path, task.ensemble)]
        if task.kind == "quartets":
            return [*read_quartet(task.path, task.ensemble)]
        if task.row:
            return read_row(task.path, task.row, task.id, task.ensemble)
        if task.kind == "pop909":
            excerpts = pop909.read_song(task.path, task.ensemble)
            return [
                Piece(f"{task.id}#{number}", task.split, task.kind, 0, score)
                for number, score in enumerate(excerpts, 1)
            ]
        return [Piece(task.id, task.split, task.kind, task.transposition, _score(task))]
    except InputError as error:
        reason = str(error).removeprefix(f"{task.path}: ")
    except OSError as error:
        reason = error.strerror or str(error)
    except Exception as error:
        # A file may be anything, and one that meets a fault of ours must not cost the others.
        reason = f"unforeseen {type(error).__name__}: {one_line(str(error))}"
    return [Refusal(str(task.path), reason)]


def _score(task: Task) -> Score:
    """The score in a file; a chorale is moved to its published key and named by its number."""
    path = task.path
    if task.kind == "leadsheets":
        return leadsheets.read(path, task.ensemble)
    if task.kind == "multitracks":
        parsed = _multitrack(path)
    else:
        parsed = reading.read(path, expand_repeats=task.repeats)
    score = score_of(parsed, path.stem, task.ensemble).transposed(task.transposition)
    if task.kind == "jsb":
        return replace(score, title=f"BWV {path.stem.removeprefix('bwv')}")
    return score


def _multitrack(path: Path) -> ParsedFile:
    import pypianoroll

    try:
        _check(path)
        return parse_multitrack(pypianoroll.load(path))
    except InputError:
        raise
    except Exception as error:
        reason = one_line(str(error)) or type(error).__name__
        raise InputError(f"not a pypianoroll multitrack ({reason})") from None


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
