"""Real folk tunes from the corpus that music21 carries: made once, kept in a folder.

They are made from the installed package and never committed, as the corpus comes with its
encoders' terms.
"""

from __future__ import annotations

import random
import re
import sys
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from kantor.data.grid import score_of
from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.formats import abc_reader
from kantor.formats.parsed import Limits
from kantor.music.score import Score

METERS = ("4/4", "2/4", "3/4", "3/2", "6/8", "9/8", "3/8", "6/4")
ESSEN, JIGS = ("essenFolksong",), ("oneills1850", "airdsAirs")
_LAST_OF_LINE = re.compile(r"(?m)([_=^]*[A-Ga-g][,']*\d*/*\d*)([^A-Ga-g\n]*)$")
_REGULAR = 0.9  # share of the bars that are whole
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


def songs() -> Iterator[tuple[str, Score]]:
    """The Essen folk songs as scores ``(time, 1)``, their phrases closed by fermatas.

    Each line of such a song's ABC text is a phrase. Songs whose bars are not those of one meter
    are left out, and those without a key.
    """
    for name, text in texts(ESSEN):
        head, mark, body = text.partition("\nK:")
        key, _, body = body.partition("\n")
        marked = head + mark + key + "\n" + _LAST_OF_LINE.sub(r"!fermata!\1\2", body)
        try:
            parsed = abc_reader.parse(marked.encode(), Limits())
            score = score_of(parsed, name, SATB.only(0)) if parsed.key else None
        except InputError:
            continue
        if score is None:
            continue
        off = (score.bar_lines - score.pickup) % score.meter.bar_steps
        if len(parsed.meters) == 1 and len(off) > 3 and (off == 0).mean() >= _REGULAR:
            yield name, score


def is_held_out(name: str) -> bool:
    """Whether a tune is left out where tunes are counted: one in ten, drawn by its name."""
    return zlib.crc32(name.encode()) % 10 == 0


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
