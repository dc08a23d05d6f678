"""Thousands of real folk melodies as MIDI files, made once from the corpus that music21 carries.

Tunes of the Essen major_tonic, the Nottingham database, O'Neill's, Aird's and Ryan's, one file a
tune: ``python benchmarks/folk.py build/folk``. They are made from the installed package and never
committed, as the corpus comes with its encoders' terms. Stopped, it goes on where it was.

Where more are asked for than there are (some 10,000), each comes in several keys: packed into zip
files, as what is sent in such numbers would be.
"""

from __future__ import annotations

import sys
import warnings
import zipfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

COLLECTIONS = ("essenFolksong", "nottingham-dataset", "oneills1850", "airdsAirs", "ryansMammoth")
MEMBERS = 5_000
"""Of a zip file."""
SHIFTS = (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6)
"""Semitones: no tune comes twice in one key."""


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


def packs(folder: Path, count: int, into: Path) -> None:
    """So many melodies in zip files, in several keys where that many tunes are not in `folder`.

    Raises
    ------
    SystemExit
        If even all keys are not enough.
    """
    tunes = sorted(folder.glob("*.mid"))
    jobs: list[tuple[int, Sequence[Path], Path]] = []
    for shift in SHIFTS:
        for first in range(0, len(tunes), MEMBERS):
            part = tunes[first : first + min(MEMBERS, count)]
            count -= len(part)
            jobs.append((shift, part, into / f"tunes-{len(jobs):02}.zip"))
            if not count:
                with ProcessPoolExecutor(2) as pool:
                    list(pool.map(_pack, *zip(*jobs, strict=True)))
                return
    raise SystemExit(f"{folder}: {count:,} melodies too few, in {len(SHIFTS)} keys each")


def _pack(shift: int, tunes: Sequence[Path], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as pack:
        for path in tunes:
            pack.writestr(f"{path.stem}{shift:+d}.mid", _moved(path, shift))


def _moved(path: Path, shift: int) -> bytes:
    """A tune in another key; one that Kantor would refuse stays, with a byte at its end."""
    from kantor.compose.from_file import read_request
    from kantor.errors import InputError
    from kantor.formats import midi

    if not shift:
        return path.read_bytes()
    try:
        return midi.to_bytes(read_request(path).score.line(0).transposed(shift))
    except InputError:
        return path.read_bytes() + bytes([shift % 256])


if __name__ == "__main__":
    print(f"{len(melodies(Path(sys.argv[1]), 1 << 30)):,} melodies")
