"""Write compositions as files with names of our own making, each whole or not at all."""

from __future__ import annotations

import itertools
import re
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from kantor.errors import InputError
from kantor.music.score import Flags, Score

FORMATS = ("mid", "musicxml", "npz", "wav", "png")

_LONGEST_STEM = 80  # characters; 240 bytes at most in UTF-8, room for a suffix
# Names that Windows keeps for devices, for those who copy the files there.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def parse_formats(text: str) -> tuple[str, ...]:
    """The formats in ``"mid,png"``, each once, in the order they are written.

    Raises
    ------
    InputError
        If there is none, or one that is not known.
    """
    wanted = [name.strip().lower().lstrip(".") for name in text.split(",") if name.strip()]
    unknown = [f"format {name!r}" for name in wanted if name not in FORMATS]
    if unknown or not wanted:
        raise InputError(f"{(*unknown, 'no format')[0]}: expected some of {','.join(FORMATS)}")
    return tuple(name for name in FORMATS if name in wanted)


def stems(sources: Sequence[Path]) -> list[str]:
    """A safe name for each source, no two alike even where case does not count.

    Letters, digits and ``-_`` of any script stay; whatever else is in the file's name becomes
    ``_``. The second file of one name is called ``name-2``.
    """
    names: dict[str, str] = {}
    for source in sources:
        stem = _safe(source.stem)
        numbered = itertools.chain([stem], (f"{stem}-{count}" for count in itertools.count(2)))
        name = next(name for name in numbered if name.casefold() not in names)
        names[name.casefold()] = name
    return list(names.values())


def _safe(stem: str) -> str:
    text = unicodedata.normalize("NFC", stem)
    kept = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in text)
    kept = re.sub(r"_+", "_", kept).strip("_-")[:_LONGEST_STEM]
    while len(kept.encode()) > 3 * _LONGEST_STEM:
        kept = kept[:-1]
    return f"_{kept}" if _DEVICE.fullmatch(kept) else kept or "melody"


def path_of(folder: Path, stem: str, take: int, kind: str) -> Path:
    """Where take number `take` (from 1) goes: ``folder/stem-take1.mid``."""
    return folder / f"{stem}-take{take}.{kind}"


def write(score: Score, path: Path, kind: str, given: Flags | None = None) -> None:
    """Write a composition in one of `FORMATS`; its folder exists.

    Whatever happens, the file is there whole or as it was before.

    Parameters
    ----------
    given : (time, line) bool, optional
        Cells that were given, which a picture shows.

    Raises
    ------
    InputError
        One line, if the score cannot be written in that form or the disk refuses.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".kantor-") as scratch:
            partial = Path(scratch) / f"partial.{kind}"
            writer(kind, given)(score, partial)
            partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def writer(kind: str, given: Flags | None) -> Callable[[Score, Path], None]:
    """The function that writes a format; what it needs is loaded only when it is asked for."""
    if kind == "mid":
        from kantor.formats import midi

        return midi.write
    if kind == "musicxml":
        from kantor.formats import musicxml

        return musicxml.write
    if kind == "npz":
        from kantor.formats import pianoroll

        return pianoroll.write
    if kind == "wav":
        from kantor.formats import audio

        return audio.write_wav
    from kantor.formats import picture

    return lambda score, path: picture.write_png(score, path, given)
