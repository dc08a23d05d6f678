"""Real folk tunes from the corpus that music21 carries: made once, kept in a folder.

They are made from the installed package and never committed, as the corpus comes with its
encoders' terms.
"""

from __future__ import annotations

import random
import re
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

METERS = ("4/4", "2/4", "3/4", "3/2", "6/8", "9/8", "3/8", "6/4")
ESSEN, JIGS = ("essenFolksong",), ("oneills1850", "airdsAirs")
ALL = (*ESSEN, "nottingham-dataset", *JIGS, "ryansMammoth")


def texts(collections: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Name and ABC text of every tune, in an order that is the same each time."""
    from music21 import corpus

    paths = [path for path in map(Path, corpus.getPaths()) if path.suffix == ".abc"]
    for path in sorted(paths, key=lambda path: (path.parent.name, path.name)):
        if path.parent.name in collections:
            parts = re.split(r"(?m)^(?=X:)", path.read_text(errors="replace"))
            for number, text in enumerate(parts):
                yield f"{path.stem}-{number:04}", text


def write(folder: Path, kind: str, tune: tuple[str, str]) -> bool:
    """Write a tune as ``midi`` or ``musicxml``; False where music21 does not understand it."""
    from music21.abcFormat import ABCFile, translate

    name, text = tune
    warnings.simplefilter("ignore")
    target = folder / f"{name}.{'mid' if kind == 'midi' else kind}"
    partial_file = target.with_name(f".{target.name}")
    try:
        if not target.exists():
            translate.abcToStreamScore(ABCFile().readstr(text)).write(kind, partial_file)
            partial_file.replace(target)
    except Exception:  # whatever music21 raises on a tune
        partial_file.unlink(missing_ok=True)
        return False
    return True


def midi_files(folder: Path, count: int) -> list[Path]:
    """So many tunes of all collections as MIDI files in `folder`, made if they are missing.

    Raises
    ------
    SystemExit
        If the corpus has fewer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tunes = sorted(folder.glob("*.mid"))
    if len(tunes) < count:
        with ProcessPoolExecutor(2) as pool:
            made = pool.map(partial(write, folder, "midi"), texts(ALL), chunksize=20)
            for number, _ in enumerate(made, 1):
                print(f"{number:,} tunes", end="\r", file=sys.stderr)
        tunes = sorted(folder.glob("*.mid"))
    if len(tunes) < count:
        raise SystemExit(f"{folder}: {len(tunes):,} tunes, not {count:,}")
    return tunes[:count]


def of_meter(folder: Path, meter: str, count: int, seed: int) -> list[Path]:
    """So many songs in one meter throughout as MusicXML, or all there are, drawn by a seed."""
    place = folder / f"{meter.replace('/', '-')}-{count}-{seed}"
    if not place.is_dir():
        draft = place.with_name(f".{place.name}")
        draft.mkdir(parents=True, exist_ok=True)
        songs = [
            tune
            for tune in texts(JIGS if meter == "9/8" else ESSEN)
            if re.findall(r"(?m)^\s*\[?M:\s*([^\s\]]+)", tune[1]) == [meter]
            and tune[1].count("|") >= 4
        ]
        random.Random(seed).shuffle(songs)
        made = 0
        for song in songs:
            made += write(draft, "musicxml", song)
            if made == count:
                break
        draft.rename(place)
    return sorted(place.glob("*.musicxml"))
