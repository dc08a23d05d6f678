"""Read a music file that may be anything: the one door for uploads and for data.

What a file is, is decided by its content, not by its name. Everything that can be checked is
checked before parsing, and each parser stops at the first limit it meets.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from kantor.errors import InputError, one_line
from kantor.formats import midi_reader, musicxml_reader
from kantor.formats.parsed import Limits, ParsedFile

_MEMBERS = 100  # of a packed MusicXML file
_CONTAINER_BYTES = 100_000
_PROLOGUE_BYTES = 100_000
# The last two are of encodings that nobody knows.
_XML_FAULTS = (expat.ExpatError, ElementTree.ParseError, LookupError, ValueError)
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Others than these take memory as the zip file bids."""
ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,  # encrypted
    EOFError,
    ValueError,
    OverflowError,
)
"""What Python raises for damaged zip files, `OSError` aside."""


def read(
    path: str | Path, limits: Limits | None = None, *, expand_repeats: bool = False
) -> ParsedFile:
    """Read MIDI or MusicXML, packed or not.

    Parameters
    ----------
    path
        A regular file; its name plays no part.
    limits
        What is refused as too much.
    expand_repeats
        Write out what MusicXML repeats, first and second endings included.

    Raises
    ------
    InputError
        One line that names the file, the fault and, where there is one, the remedy.
    """
    limits = limits or Limits()
    try:
        data = _bytes_of(Path(path), limits)
        return parse(data, limits, expand_repeats=expand_repeats)
    except InputError as error:
        raise InputError(f"{one_line(str(path), 1000)}: {error}") from None


def _bytes_of(path: Path, limits: Limits) -> bytes:
    """The content of a regular file of bearable size; a pipe is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise InputError("no such file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise InputError(f"cannot be opened ({reason.lower()})") from None
    try:
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(kind):
            raise InputError("a folder, not a file; `kantor batch` composes for all that is in it")
        if not stat.S_ISREG(kind):
            raise InputError("not a regular file but a pipe, socket or device")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(max(limits.bytes, limits.text) + 1)
    finally:
        os.close(descriptor)
    if not data:
        raise InputError("the file is empty")
    return data


def parse(data: bytes, limits: Limits, *, expand_repeats: bool = False) -> ParsedFile:
    """Read the bytes of a file; parameters as for `read`.

    Raises
    ------
    InputError
        One line that names the fault and, where there is one, the remedy.
    """
    if data.startswith(b"MThd"):
        _check_bytes(data, limits.bytes)
        return midi_reader.parse(data, limits)
    if data.startswith(b"PK"):
        _check_bytes(data, limits.bytes)
        data = _unpacked(data, limits)
    _check_bytes(data, limits.text)
    root = _xml_root(data, limits)
    return musicxml_reader.parse(root, limits, expand_repeats)


def _check_bytes(data: bytes, allowed: int) -> None:
    if len(data) > allowed:
        raise InputError(f"larger than {allowed:,} bytes; cut the piece into smaller ones")


def _unpacked(data: bytes, limits: Limits) -> bytes:
    """The score inside a packed MusicXML file, never more than the limit and one byte."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > _MEMBERS:
                raise InputError(f"a zip file of more than {_MEMBERS} members, not a score")
            if "META-INF/container.xml" not in archive.namelist():
                raise InputError("a zip file, but not a packed MusicXML score (.mxl)")
            container = _member(archive, "META-INF/container.xml", _CONTAINER_BYTES)
            root = _xml_tree(container, Limits(elements=1_000))
            files = [item.get("full-path", "") for item in root.iter() if _is_rootfile(item)]
            if not files:
                raise InputError("a packed score that names no root file")
            return _member(archive, files[0], limits.text + 1)
    except InputError:
        raise
    except KeyError:
        raise InputError("a packed score whose root file is missing") from None
    except (*ZIP_FAULTS, OSError) as error:
        raise InputError(f"a damaged zip file ({one_line(str(error), 80)})") from None


def _is_rootfile(item: ElementTree.Element) -> bool:
    return str(item.tag).rpartition("}")[2] == "rootfile"


def _member(archive: zipfile.ZipFile, name: str, allowed: int) -> bytes:
    if archive.getinfo(name).compress_type not in PACKINGS:
        raise InputError("a zip file packed in a way that MusicXML does not use")
    with archive.open(name) as member:
        return member.read(allowed)


def _xml_root(data: bytes, limits: Limits) -> ElementTree.Element:
    """The score element of a MusicXML file."""
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        raise InputError("neither MIDI nor MusicXML; export it as one of them")
    root = _xml_tree(data, limits)
    if root.tag not in ("score-partwise", "score-timewise"):
        raise InputError(f"XML, but not MusicXML (its root is <{one_line(str(root.tag), 40)}>)")
    return root


def _xml_tree(data: bytes, limits: Limits) -> ElementTree.Element:
    if data.count(b"<") > limits.elements:
        raise InputError(f"more than {limits.elements:,} XML tags; cut the piece into smaller ones")
    try:
        _refuse_declarations(data)
        return ElementTree.fromstring(data)
    except InputError:
        raise
    except _XML_FAULTS as error:
        raise InputError(f"damaged XML ({one_line(str(error), 80)})") from None


class _RootReached(Exception):
    """Ends the look at the prologue."""


def _refuse_declarations(data: bytes) -> None:
    """Read up to the root element; what a document type declares inside the file is refused.

    MusicXML names its document type but never declares anything itself. Entities declared there
    are how a kilobyte is made to unfold to gigabytes, or to fetch other files.
    """

    def doctype(_name: str, _system: str | None, _public: str | None, internal: bool) -> None:
        if internal:
            raise InputError("XML that declares entities of its own; export the score again")

    def root(_name: str, _attributes: dict[str, str]) -> None:
        raise _RootReached

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = root
    try:
        parser.Parse(data[:_PROLOGUE_BYTES], len(data) <= _PROLOGUE_BYTES)
    except _RootReached:
        return
    raise InputError("XML without a root element")
