"""Write compositions as files with names of our own making, each whole or not at all."""

from __future__ import annotations

import itertools
import re
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kantor.errors import InputError
from kantor.music.score import Flags, Score

if TYPE_CHECKING:
    from kantor.formats.staves import Layout

FORMATS = ("mid", "musicxml", "npz", "wav", "mp3", "ogg", "png")
DEFAULTS = {
    "midi": ("mid", "png"),
    "musicxml": ("mid", "musicxml", "png"),
    "abc": ("mid", "musicxml", "png"),
}
"""The formats that are written if none is named, by the kind of file that was read."""

_ALSO = {"midi": "mid", "xml": "musicxml", "mxl": "musicxml"}  # what people write for them
_LONGEST_STEM = 50  # characters; at most thrice as many bytes in UTF-8, room for what follows
# Names that Windows keeps for devices, for those who copy the files there.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def parse_formats(text: str) -> tuple[str, ...]:
    """The formats in ``"mid,png"``, each once, in the order they are written.

    Raises
    ------
    InputError
        If there is none, or one that is not known.
    """
    words = [name.strip().lower().lstrip(".") for name in text.split(",") if name.strip()]
    wanted = [_ALSO.get(word, word) for word in words]
    unknown = [f"format {name!r}" for name in wanted if name not in FORMATS]
    if unknown or not wanted:
        raise InputError(
            f"{(*unknown, 'no format')[0]}: expected some of {','.join(FORMATS)}, "
            "separated by commas"
        )
    return tuple(name for name in FORMATS if name in wanted)


def stems(
    sources: Sequence[PurePath],
    suffix: str = "",
    is_free: Callable[[Any, str], bool] = lambda source, stem: True,
) -> list[str]:
    """A safe name for each source, no two alike even where case does not count.

    Letters, digits and ``-_`` of any script stay; whatever else is in the file's name becomes
    ``_``. The second file of one name is called ``name-2``.

    Parameters
    ----------
    suffix
        What follows each name, before the number.
    is_free
        Whether a source may have a name; else it gets the next number.
    """
    names: dict[str, str] = {}
    for source in sources:
        stem = f"{_safe(source.stem)}{suffix}"
        numbered = itertools.chain([stem], (f"{stem}-{count}" for count in itertools.count(2)))
        name = next(
            name for name in numbered if name.casefold() not in names and is_free(source, name)
        )
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


def write(
    score: Score,
    path: Path,
    kind: str,
    given: Flags | None = None,
    layout: Layout = "open",
    overwrite: bool = True,
) -> None:
    """Write a composition in one of `FORMATS`; its folder exists.

    Whatever happens, the file is there whole or as it was before.

    Parameters
    ----------
    given : (time, line) bool, optional
        Cells that were given, which a picture shows.
    layout
        Of MusicXML.
    overwrite
        Whether a file of this name may be replaced.

    Raises
    ------
    InputError
        One line, if the score cannot be written in that form, the disk refuses, or a file must not
        be replaced.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".kantor-") as scratch:
            partial = Path(scratch) / f"partial.{kind}"
            writer(kind, given, layout)(score, partial)
            if path.exists() and not overwrite:
                raise InputError("another run has just written it; run the command again")
            partial.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def writer(
    kind: str,
    given: Flags | None,
    layout: Layout = "open",
    gains: Sequence[float] | None = None,
) -> Callable[[Score, Path], None]:
    """The function that writes a format; what it needs is loaded only when it is asked for.

    `gains` is what each line's sound is multiplied by.
    """
    if kind == "mid":
        from kantor.formats import midi

        return midi.write
    if kind == "musicxml":
        from kantor.formats import musicxml

        return lambda score, path: musicxml.write(score, path, layout)
    if kind == "npz":
        from kantor.formats import pianoroll

        return pianoroll.write
    if kind in ("wav", "mp3", "ogg"):
        from kantor.formats import audio

        sounds: dict[str, Callable[..., None]] = {
            "wav": audio.write_wav,
            "mp3": audio.write_mp3,
            "ogg": audio.write_ogg,
        }
        return partial(sounds[kind], gains=gains)
    from kantor.formats import picture

    return lambda score, path: picture.write_png(score, path, given)
