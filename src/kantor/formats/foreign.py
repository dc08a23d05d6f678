"""Recognise files of other programs, which are not read, and say how to export notes from them.

A file is known by its content where that tells, else by its name's ending.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import PurePath
from typing import NamedTuple

from kantor.formats.packed_score import ZIP_FAULTS

_HEAD = 4_000  # bytes that are looked at
_GZIP = b"\x1f\x8b"
_XML = rb"\s*(<[?!][^>]*>\s*)*"  # what may stand before the root


class Foreign(NamedTuple):
    """A kind of file, and how it is known."""

    what: str
    remedy: str
    endings: str  # separated by spaces
    head: bytes | None = None  # a pattern for how it begins, unpacked if it is packed by gzip
    member: str | None = None  # a pattern for the name of a file in it, if it is a zip file


def _exports(program: str) -> str:
    return f"in {program} choose File > Export > MusicXML or MIDI"


_RECORDING = "play or sing the melody into a program that records MIDI, or let one transcribe it"
_PICTURE = "write the notes in a notation program, or let one recognise them, and export MusicXML"
_PIECE = "export MIDI from the program that made it"
_CONVERTED = "convert it to MusicXML or MIDI"

KINDS = (
    Foreign(
        "a MuseScore file", _exports("MuseScore"), "mscz mscx mscs", _XML + rb"<museScore\b",
        r"[^/]+\.mscx$",
    ),
    Foreign(
        "a Guitar Pro file", _exports("Guitar Pro"), "gp gpx gp3 gp4 gp5 gtp",
        rb"BCF[ZS]|.FICHIER GUITARE? PRO|" + _XML + rb"<GPIF\b", r"(content/)?score\.gpif$",
    ),
    Foreign(
        "a Sibelius file", _exports("Sibelius"), "sib",
        rb"\x0fSIBELIUS",
    ),
    Foreign(
        "a Finale file", _exports("Finale"), "musx mus ftmx",
        rb"ENIGMA BINARY FILE", r"notationmetadata\.xml$",
    ),
    Foreign(
        "a Dorico file", _exports("Dorico"), "dorico", None,
        r".*\.dtn$",
    ),
    Foreign(
        "a GarageBand file",
        "GarageBand exports no MIDI itself; open it in Logic Pro and choose File > Export > "
        "Selection as MIDI File",
        "band", None, r"([^/]+\.band/|projectdata$)",
    ),
    Foreign(
        "a Logic Pro file",
        "in Logic Pro choose File > Export > Score as MusicXML, or Selection as MIDI File",
        "logicx logic", None, r"([^/]+\.logicx/|alternatives/\d+/projectdata$)",
    ),
    Foreign(
        "a Cubase file", "in Cubase choose File > Export > MIDI File or MusicXML", "cpr npr",
        rb"RIF[F2].{4,12}NUND",
    ),
    Foreign(
        "an Ableton Live file", "in Live right-click the clip and choose Export MIDI Clip",
        "als alc", _XML + rb"<Ableton\b",
    ),
    Foreign("an FL Studio file", "in FL Studio choose File > Export > MIDI file", "flp", rb"FLhd"),
    Foreign(
        "a Reaper project", "in Reaper choose File > Export project MIDI", "rpp",
        rb"<REAPER_PROJECT",
    ),
    Foreign("a Studio One song", _PIECE, "song", None, r"song/song\.xml$"),
    Foreign("a Bitwig project", _PIECE, "bwproject", rb"BtWg"),
    Foreign("a Cakewalk project", _PIECE, "cwp wrk", rb"CAKEWALK"),
    Foreign(
        "a NoteWorthy Composer file", "export MusicXML or MIDI from NoteWorthy Composer",
        "nwc nwctxt", rb"\[NoteWorthy ArtWare\]|\[NWZ\]|!NoteWorthyComposer",
    ),
    Foreign("a Power Tab file", "export MIDI from Power Tab Editor", "ptb pt2", rb"ptab"),
    Foreign(
        "a TuxGuitar file", _exports("TuxGuitar"), "tg",
        rb".{0,3}T\0?u\0?x\0?G\0?u\0?i\0?t\0?a\0?r",
    ),
    Foreign("a capella file", "export MusicXML or MIDI from capella", "cap capx",
            rb"cap3-v:|" + _XML + rb"<score\b[^>]*whc\.de"),
    Foreign("an Encore file", _PIECE, "enc", rb"SC[OX][WX]"),
    Foreign("an Overture file", _PIECE, "ove", rb"OVSC"),
    Foreign("a Band-in-a-Box file", "in Band-in-a-Box save it as a MIDI file", "mgu sgu mg2"),
    Foreign(
        "a LilyPond file",
        r"add \midi { } to its \score block, run LilyPond, and take the MIDI file", "ly ily",
        rb"(\s|%[^\n]*\n)*(\\version\s*\"|\\(relative|score|header|new|language|include)\b)",
    ),
    Foreign("an MEI file", f"{_CONVERTED}, such as with MuseScore 4", "mei",
            _XML + rb"<mei\b"),
    Foreign("a Humdrum file", f"{_CONVERTED}, such as with music21", "krn humdrum",
            rb"(\s|!![^\n]*\n)*\*\*(kern|recip|mens|dynam)\b"),
    Foreign("a PDF, a picture of notes", _PICTURE, "pdf", rb"\s*%PDF"),
    Foreign("a picture, not notes", _PICTURE, "png jpg jpeg gif tif tiff bmp webp heic svg",
            rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*|RIFF.{4}WEBP|.{4}ftyp(heic|mif1|avif)|"
            + _XML + rb"<svg\b"),
    Foreign("a recording, not notes", _RECORDING,
            "wav mp3 ogg oga opus flac m4a aac aif aiff wma mp4 mov webm",
            rb"RIFF.{4}WAVE|RF64|ID3|\xff[\xf2\xf3\xfa\xfb\xf1\xf9]|OggS|fLaC|FORM.{4}AIF|"
            rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11|.{4}ftyp|\x1a\x45\xdf\xa3"),
)  # fmt: skip
"""Pictures stand before recordings: both may be of the kind "ftyp"."""


def by_content(data: bytes, most: int) -> str | None:
    """What a file is, in one line with the remedy; None if its content does not tell.

    A zip file of more than `most` bytes is not opened.
    """
    if data.startswith(b"PK"):
        found = of_members(_names(data)) if len(data) <= most else None
    else:
        head = _inflated(data) if data.startswith(_GZIP) else data[:_HEAD]
        found = next((one for one in KINDS if one.head and _begins(one.head, head)), None)
    return message_of(found)


def of_members(names: Iterable[str]) -> Foreign | None:
    """The kind of a zip file, by the names of what is in it."""
    plain = [name.replace("\\", "/").casefold() for name in names]
    for kind in KINDS:
        if kind.member and any(re.match(kind.member, name) for name in plain):
            return kind
    return None


def by_ending(name: str) -> Foreign | None:
    """The kind of a file, by its name."""
    ending = PurePath(name).suffix.casefold().removeprefix(".")
    return next((one for one in KINDS if ending and ending in one.endings.split()), None)


def message_of(kind: Foreign | None) -> str | None:
    """The message of an error for a kind of file; None for none."""
    return f"{kind.what}; {kind.remedy}" if kind else None


def _begins(pattern: bytes, head: bytes) -> bool:
    return re.match(pattern, head.removeprefix(b"\xef\xbb\xbf"), re.DOTALL) is not None


def _names(data: bytes) -> list[str]:
    with suppress(*ZIP_FAULTS, OSError), zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()
    return []


def _inflated(data: bytes) -> bytes:
    """The beginning of what gzip packed."""
    with suppress(zlib.error):
        return zlib.decompressobj(31).decompress(data, _HEAD)
    return b""
