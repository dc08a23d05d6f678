"""What there is to read: one task a file, and what reading it gives."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from kantor import settings
from kantor.data.corpus import Piece, Refusal
from kantor.ensemble import SATB, Ensemble

Found = list[Piece | Refusal]
"""What a file held: pieces, refusals, or both."""


@dataclass(frozen=True)
class Task:
    """One file to read.

    Attributes
    ----------
    kind
        The kind of source.
    path
        The file.
    id
        Of the piece in it, or what the ids of its pieces begin with.
    split
        ``train``, ``valid`` or ``test``; empty where the file itself says.
    transposition
        Semitones by which to move the score.
    repeats
        Whether to play repeats.
    ensemble
        The lines that the score must have.
    """

    kind: str
    path: Path
    id: str
    split: str = ""
    transposition: int = 0
    repeats: bool = False
    ensemble: Ensemble = SATB


def drawn_split(id: str, split: settings.Split) -> str:
    """The split of a piece whose source has none: drawn from its id and the seed.

    Each piece is drawn for itself, so that adding files moves none from one split to another.
    """
    digest = hashlib.sha256(f"{split.seed}:{id}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < split.test:
        return "test"
    return "valid" if share < split.test + split.valid else "train"
