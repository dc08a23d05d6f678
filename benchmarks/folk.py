"""Thousands of real folk melodies as MIDI files, made once from the corpus that music21 carries.

Tunes of the Essen collection, the Nottingham database, O'Neill's, Aird's and Ryan's, one file a
tune: ``python benchmarks/folk.py build/folk``. They are made from the installed package and never
committed, as the corpus comes with its encoders' terms. Stopped, it goes on where it was.
"""

from __future__ import annotations

import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

COLLECTIONS = ("essenFolksong", "nottingham-dataset", "oneills1850", "airdsAirs", "ryansMammoth")


def sources() -> list[Path]:
    """The files of the collections, in an order that is the same each time."""
    from music21 import corpus

    paths = map(Path, corpus.getPaths())
    found = [path for path in paths if path.parent.name in COLLECTIONS and path.suffix == ".abc"]
    return sorted(found, key=lambda path: (COLLECTIONS.index(path.parent.name), path.name))


def convert(folder: Path, source: Path) -> int:
    """Write every tune of a file that music21 understands; how many there are."""
    from music21.abcFormat import ABCFile

    warnings.simplefilter("ignore")
    done = folder / f".{source.stem}.done"
    if not done.exists():
        abc = ABCFile()
        abc.open(source)
        tunes = abc.read().splitByReferenceNumber()
        abc.close()
        for number, tune in tunes.items():
            target = folder / f"{source.stem}-{number or 0:04}.mid"
            if not target.exists():
                _write(tune, target)
        done.touch()
    return len(list(folder.glob(f"{source.stem}-*.mid")))


def _write(tune: Any, target: Path) -> None:
    """Write a tune; one that music21 does not understand is left out."""
    from music21.abcFormat import translate

    partial_file = target.with_name(f".{target.name}")
    try:
        translate.abcToStreamScore(tune).write("midi", partial_file)
    except Exception:
        partial_file.unlink(missing_ok=True)
    else:
        partial_file.replace(target)


def melodies(folder: Path, count: int) -> list[Path]:
    """So many melodies in `folder`, made if they are missing.

    Raises
    ------
    SystemExit
        If the corpus has fewer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(folder.glob("*.mid"))
    if len(found) < count:
        with ProcessPoolExecutor(2) as pool:
            made = 0
            for number in pool.map(partial(convert, folder), sources()):
                made += number
                print(f"{made:,} melodies", end="\r", file=sys.stderr)
        found = sorted(folder.glob("*.mid"))
    if len(found) < count:
        raise SystemExit(f"{folder}: {len(found):,} melodies, not {count:,}")
    return found[:count]


if __name__ == "__main__":
    print(f"{len(melodies(Path(sys.argv[1]), 1 << 30)):,} melodies")
