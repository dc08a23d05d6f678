"""Read a music file that may be anything: the one door for uploads and for data.

What a file is, is decided by its content, not by its name. Each kind of file has a module with
two functions, `recognises`, which looks at the first bytes, and `parse`, which checks all that can
be checked before it parses and stops at the first limit it meets. A new kind of file is one more
line in `READERS`. Files of other programs are named (`kantor.formats.foreign`), by their name's
ending where their content does not tell.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from kantor.errors import InputError, one_line
from kantor.formats import abc_reader, foreign, midi_reader, musicxml_reader, packed_score
from kantor.formats.parsed import Limits, ParsedFile

READERS: tuple[tuple[Callable[[bytes], bool], Callable[..., ParsedFile]], ...] = (
    (midi_reader.recognises, midi_reader.parse),
    (musicxml_reader.recognises, musicxml_reader.parse),
    (abc_reader.recognises, abc_reader.parse),
)


def read(
    path: str | Path, limits: Limits | None = None, *, expand_repeats: bool = False
) -> ParsedFile:
    """Read a regular file: MIDI, MusicXML (packed or not) or ABC.

    Parameters
    ----------
    limits
        What is refused as too much.
    expand_repeats
        Write out what MusicXML or ABC repeats, first and second endings included.

    Raises
    ------
    InputError
        One line that names the file, the fault and, where there is one, the remedy.
    """
    limits = limits or Limits()
    try:
        data = _bytes_of(Path(path), max(limits.bytes, limits.text) + 1)
        return parse(data, limits, str(path), expand_repeats=expand_repeats)
    except InputError as error:
        raise InputError(f"{one_line(str(path), 1000)}: {error}") from None


def parse(
    data: bytes, limits: Limits, name: str = "", *, expand_repeats: bool = False
) -> ParsedFile:
    """Read the bytes of a file; parameters as for `read`, `name` for what nothing else tells.

    Raises
    ------
    InputError
        One line that names the fault and, where there is one, the remedy.
    """
    if fault := foreign.by_content(data, limits.bytes):
        raise InputError(fault)
    called = foreign.message_of(foreign.by_ending(name))
    for recognises, parse_with in READERS:
        if recognises(data):
            try:
                return parse_with(data, limits, expand_repeats=expand_repeats)
            except InputError:
                if called and data.startswith((b"PK", b"<")):  # theirs may be zip files, or XML
                    raise InputError(called) from None
                raise
    raise InputError(called or "neither MIDI, MusicXML nor ABC; export it as one of them")


def is_one_file(name: str, members: Sequence[str]) -> bool:
    """Whether a zip file of this name is one file of a program, and not several files packed."""
    if packed_score.names_one_score(members, loosely=name.casefold().endswith(".mxl")):
        return True
    kind = foreign.by_ending(name)
    return kind is not None and foreign.of_members(members) is kind


def _bytes_of(path: Path, most: int) -> bytes:
    """The first bytes of a regular file, so many at most; a pipe is not waited for."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISREG(kind):
            with path.open("rb") as file:
                data = file.read(most)
    except FileNotFoundError:
        raise InputError("no such file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise InputError(f"cannot be opened ({reason.lower()})") from None
    if stat.S_ISDIR(kind):
        # On macOS programs write folders.
        package = foreign.message_of(foreign.by_ending(path.name))
        wanted = "a folder, not a file; `kantor batch` composes for all that is in it"
        raise InputError(package or wanted)
    if not stat.S_ISREG(kind):
        raise InputError("not a regular file but a pipe, socket or device")
    if not data:
        raise InputError("the file is empty")
    return data
