"""The pieces that were read: kept as one compact file, described by a table.

Conventions
-----------
A corpus is a tuple of pieces. The row of a piece in the manifest is its place in that tuple, and
the `piece` of a window is that row. Reading a saved corpus gives equal scores, and equal corpora
are saved as equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.arrays import read_stage_output, write_stage_output
from kantor.ensemble import SATB, Ensemble
from kantor.music.score import Key, Meter, Score

if TYPE_CHECKING:
    import pandas as pd

SPLITS = ("train", "valid", "test")


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


def save(corpus: Sequence[Piece], path: Path) -> None:
    """Write `corpus` to the npz file `path`, in one move."""
    rows = json.dumps([_row(piece) for piece in corpus], sort_keys=True).encode()
    scores = [piece.score for piece in corpus]

    write_stage_output(
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
    return read_stage_output(path, _pieces)


def manifest(corpus: Sequence[Piece]) -> pd.DataFrame:
    """One row a piece, in the corpus's order.

    Columns: id, title, key (such as ``"F# minor"``, empty where unknown), meter (``"4/4"``),
    tempo (quarters a minute), bars (whole ones), pickup (steps), steps, voices, transposition
    (semitones), split, source, content_hash.
    """
    import pandas as pd

    return pd.DataFrame([_described(piece) for piece in corpus], columns=_COLUMNS)


_COLUMNS = [
    "id",
    "title",
    "key",
    "meter",
    "tempo",
    "bars",
    "pickup",
    "steps",
    "voices",
    "transposition",
    "split",
    "source",
    "content_hash",
]


def _described(piece: Piece) -> tuple[object, ...]:
    score = piece.score
    return (
        piece.id,
        score.title,
        score.key.name if score.key else "",
        str(score.meter),
        score.tempo,
        len(score.bar_lines),
        score.pickup,
        score.steps,
        score.pitches.shape[1],
        piece.transposition,
        piece.split,
        piece.source,
        content_hash(score),
    )


def _row(piece: Piece) -> dict[str, object]:
    score = piece.score
    ensemble = {} if score.ensemble == SATB else {"ensemble": score.ensemble.to_dict()}
    return ensemble | {
        "id": piece.id,
        "split": piece.split,
        "source": piece.source,
        "transposition": piece.transposition,
        "title": score.title,
        "tempo": score.tempo,
        "meter": [score.meter.numerator, score.meter.denominator],
        "key": [score.key.fifths, score.key.mode] if score.key else None,
        "pickup": score.pickup,
        "shape": list(score.pitches.shape),
        "bars": len(score.bar_lines),
    }


def _pieces(stored: Mapping[str, NDArray[Any]]) -> Corpus:
    rows = json.loads(stored["rows"].tobytes())
    steps = [row["shape"][0] for row in rows]
    cells = [row["shape"][0] * row["shape"][1] for row in rows]
    pitches = _parted(stored["pitches"], cells)
    onsets = _parted(stored["onsets"], cells)
    fermatas = _parted(stored["fermatas"], steps)
    bar_lines = _parted(stored["bar_lines"], [row["bars"] for row in rows])
    pieces = []
    for i, row in enumerate(rows):
        score = Score(
            pitches[i].reshape(row["shape"]),
            onsets[i].reshape(row["shape"]),
            Meter(*row["meter"]),
            row["pickup"],
            Key(*row["key"]) if row["key"] else None,
            row["tempo"],
            row["title"],
            fermatas[i],
            bar_lines[i],
            Ensemble.from_dict(row["ensemble"]) if "ensemble" in row else SATB,
        )
        place = (row["id"], row["split"], row["source"], row["transposition"])
        pieces.append(Piece(*place, score))
    return tuple(pieces)


def _joined(arrays: Sequence[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype), *arrays]).astype(dtype)


def _parted(array: NDArray[Any], lengths: Sequence[int]) -> list[NDArray[Any]]:
    if sum(lengths) != len(array):
        raise ValueError(f"{len(array)} values where {sum(lengths)} are announced")
    return np.split(array, np.cumsum(lengths)[:-1]) if lengths else []
