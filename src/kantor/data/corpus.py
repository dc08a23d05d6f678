"""The pieces that were read: kept as one compact file, described by a table.

Conventions
-----------
A corpus is a tuple of pieces. The row of a piece in the manifest is its place in that tuple, and
the `piece` of a window is that row. Reading a saved corpus gives equal scores, and equal corpora
are saved as equal bytes. The file is an npz: the arrays of all scores one after another, and as
JSON what of a piece is not an array.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kantor import files
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, one_line
from kantor.music.score import Key, Meter, Score

if TYPE_CHECKING:
    import pandas as pd

SPLITS = ("train", "valid", "test")
TEXTS = ("id", "title", "key", "meter", "split", "source", "content_hash")
"""Columns of the manifest that hold text."""
NUMBERS = ("tempo", "bars", "pickup", "steps", "voices", "transposition")
"""Columns of the manifest that hold numbers."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Piece:
    """A score with its place in the data.

    Attributes
    ----------
    id : str
        Unique in a corpus, such as ``"jsb/bwv360"``.
    split : str
        ``train``, ``valid`` or ``test``.
    source : str
        The kind of source that it comes from.
    transposition : int
        Semitones by which the score was moved from its file.
    score : Score
    """

    id: str
    split: str
    source: str
    transposition: int
    score: Score


Corpus = tuple[Piece, ...]


@dataclass(frozen=True)
class Refusal:
    """A file that could not be used, and why, in one line."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


def content_hash(score: Score) -> str:
    """32 hexadecimal digits that two scores share if their notes are the same."""
    digest = hashlib.sha256(repr(score.pitches.shape).encode())
    digest.update(score.pitches.tobytes())
    digest.update(score.onsets.tobytes())
    return digest.hexdigest()[:32]


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write arrays by their names to the npz file `path`, in one move."""
    named: dict[str, Any] = arrays
    files.save(path, lambda stream: np.savez_compressed(stream, **named))


def read_arrays(path: Path, build: Callable[[dict[str, NDArray[Any]]], T]) -> T:
    """What `build` makes of the arrays in `path`, an npz that the stage `ingest` wrote.

    Raises
    ------
    InputError
        One line with the remedy, if the file is missing or `build` cannot use it.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return build(dict(stored))
    except FileNotFoundError:
        raise InputError(f"{path}: not found; `dvc repro ingest` writes it") from None
    except Exception as error:  # a damaged file may meet any fault of numpy's and zipfile's
        reason = one_line(str(error))
        raise InputError(f"{path}: damaged ({reason}); run `dvc repro -f ingest`") from None


def save(corpus: Sequence[Piece], path: Path) -> None:
    """Write `corpus` to the npz file `path`, in one move."""
    rows = json.dumps([_row(piece) for piece in corpus], sort_keys=True).encode()
    scores = [piece.score for piece in corpus]
    write_arrays(
        path,
        rows=np.frombuffer(rows, np.uint8),
        pitches=_joined([score.pitches.ravel() for score in scores], np.int8),
        onsets=_joined([score.onsets.ravel() for score in scores], np.bool_),
        fermatas=_joined([score.fermatas for score in scores], np.bool_),
        bar_lines=_joined([score.bar_lines for score in scores], np.int32),
    )


def load(path: Path) -> Corpus:
    """Read what `save` wrote.

    Raises
    ------
    InputError
        If the file is missing, damaged or not such a file.
    """
    return read_arrays(path, _pieces)


def manifest(corpus: Sequence[Piece]) -> pd.DataFrame:
    """One row a piece, in the corpus's order.

    Columns: id, title, key (such as ``"F# minor"``, empty where unknown), meter (``"4/4"``),
    tempo (quarters a minute), bars (whole ones), pickup (steps), steps, voices (the score's
    lines), transposition (semitones), split, source, content_hash.
    """
    import pandas as pd

    rows = [
        _shared(piece)
        | {
            "key": piece.score.key.name if piece.score.key else "",
            "meter": str(piece.score.meter),
            "steps": piece.score.steps,
            "voices": piece.score.pitches.shape[1],
            "content_hash": content_hash(piece.score),
        }
        for piece in corpus
    ]
    return pd.DataFrame(rows, columns=(*TEXTS[:4], *NUMBERS, *TEXTS[4:]))


def _shared(piece: Piece) -> dict[str, object]:
    """What the manifest and the saved corpus say alike."""
    return {
        "id": piece.id,
        "title": piece.score.title,
        "tempo": piece.score.tempo,
        "bars": len(piece.score.bar_lines),
        "pickup": piece.score.pickup,
        "transposition": piece.transposition,
        "split": piece.split,
        "source": piece.source,
    }


def _row(piece: Piece) -> dict[str, object]:
    """What of a piece is not an array; the ensemble, without its sound, where it is not `SATB`."""
    score, ensemble = piece.score, replace(piece.score.ensemble, sound=None)
    row = _shared(piece) | {
        "meter": [score.meter.numerator, score.meter.denominator],
        "key": [score.key.fifths, score.key.mode] if score.key else None,
        "shape": list(score.pitches.shape),
    }
    return row if ensemble == SATB else row | {"ensemble": ensemble.to_dict()}


def _pieces(stored: Mapping[str, NDArray[Any]]) -> Corpus:
    rows = json.loads(stored["rows"].tobytes())
    shapes = [tuple(row["shape"]) for row in rows]
    cells = [steps * lines for steps, lines in shapes]
    arrays = (
        _split(stored["pitches"], cells),
        _split(stored["onsets"], cells),
        _split(stored["fermatas"], [steps for steps, _ in shapes]),
        _split(stored["bar_lines"], [row["bars"] for row in rows]),
    )
    pieces = []
    for row, shape, pitches, onsets, fermatas, bar_lines in zip(rows, shapes, *arrays, strict=True):
        score = Score(
            pitches.reshape(shape),
            onsets.reshape(shape),
            Meter(*row["meter"]),
            row["pickup"],
            Key(*row["key"]) if row["key"] else None,
            row["tempo"],
            row["title"],
            fermatas,
            bar_lines,
            Ensemble.from_dict(row["ensemble"]) if "ensemble" in row else SATB,
        )
        place = row["split"], row["source"], row["transposition"]
        pieces.append(Piece(row["id"], *place, score))
    return tuple(pieces)


def _joined(arrays: Sequence[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype), *arrays]).astype(dtype)


def _split(array: NDArray[Any], lengths: Sequence[int]) -> list[NDArray[Any]]:
    if sum(lengths) != len(array):
        raise ValueError(f"{len(array)} values where {sum(lengths)} are announced")
    return np.split(array, np.cumsum(lengths)[:-1]) if lengths else []
