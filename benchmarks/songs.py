"""Real folk songs of every meter as MusicXML, a seeded sample of the corpus that music21 carries.

Songs of the Essen major_tonic, and jigs of O'Neill's and Aird's for 9/8. Only those that are drawn
are parsed, a tenth of a second each. They are made from the installed package and never
committed, as the corpus comes with its encoders' terms.
"""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

METERS = ("4/4", "2/4", "3/4", "3/2", "6/8", "9/8", "3/8", "6/4")
SONGS, JIGS = ("essenFolksong",), ("oneills1850", "airdsAirs")


def tunes(collections: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Name and ABC text of every tune, in an order that is the same each time."""
    from music21 import corpus

    paths = sorted(map(Path, corpus.getPaths()), key=lambda path: path.name)
    for path in paths:
        if path.parent.name in collections and path.suffix == ".abc":
            parts = re.split(r"(?m)^(?=X:)", path.read_text(errors="replace"))
            for number, text in enumerate(parts):
                yield f"{path.stem}-{number:04}", text


def of_meter(text: str, meter: str) -> bool:
    """Whether a tune is in one meter throughout, in four bars or more."""
    meters = re.findall(r"(?m)^\s*\[?M:\s*([^\s\]]+)", text)
    return meters == [meter] and text.count("|") >= 4


def convert(text: str, target: Path) -> bool:
    """Write a tune as MusicXML; False where music21 does not understand it."""
    from music21.abcFormat import ABCFile, translate

    warnings.simplefilter("ignore")
    partial = target.with_name(f".{target.name}")
    try:
        translate.abcToStreamScore(ABCFile().readstr(text)).write("musicxml", partial)
    except Exception:
        partial.unlink(missing_ok=True)
        return False
    partial.replace(target)
    return True


def sample(folder: Path, meter: str, count: int, seed: int) -> list[Path]:
    """So many songs of a meter, or all there are; kept in `folder` for the next time."""
    place = folder / f"{meter.replace('/', '-')}-{count}-{seed}"
    if not place.is_dir():
        draft = place.with_name(f".{place.name}")
        draft.mkdir(parents=True, exist_ok=True)
        found = list(tunes(JIGS if meter == "9/8" else SONGS))
        found = [(name, text) for name, text in found if of_meter(text, meter)]
        random.Random(seed).shuffle(found)
        made = 0
        for name, text in found:
            made += convert(text, draft / f"{name}.musicxml")
            if made == count:
                break
        draft.rename(place)
    return sorted(place.glob("*.musicxml"))
