"""The table of the JSB Chorales: which file of music21's corpus each piece of the set is."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("jsb.csv")


@dataclass(frozen=True)
class Chorale:
    """A row of the table of chorales.

    Attributes
    ----------
    split, index
        Its place in the published set: ``train``, ``valid`` or ``test``, counted from 0.
    file
        Its name in music21's corpus, in the folder ``bach``, and in ``data/jsb``.
    transposition
        Semitones from the corpus's key to that of the published set.
    repeats
        Whether the published set plays the repeats.
    """

    split: str
    index: int
    file: str
    transposition: int
    repeats: bool


def chorales() -> list[Chorale]:
    """The 371 chorales of the published set that music21's corpus has, in the set's order."""
    with TABLE.open(newline="", encoding="utf-8") as lines:
        return [
            Chorale(
                row["split"],
                int(row["index"]),
                row["file"],
                int(row["transposition"]),
                row["repeats"] == "1",
            )
            for row in csv.DictReader(lines)
        ]
