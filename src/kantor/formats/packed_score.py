"""The score inside packed MusicXML (.mxl), however its zip file names it."""

from __future__ import annotations

import html
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from kantor.errors import InputError, one_line
from kantor.formats.parsed import Limits, check_size
from kantor.formats.safe_xml import utf8_of

_MEMBERS = 100  # of a packed score
_CONTAINER = "meta-inf/container.xml"
_CONTAINER_BYTES = 100_000
_HEAD = 4_000  # bytes that show whether a member is a score
_ROOT_FILE = re.compile(r"full-path\s*=\s*([\"'])(.{1,1000}?)\1\s*(?:/?>|media-type)", re.DOTALL)
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


def unpacked(data: bytes, limits: Limits) -> bytes:
    """The score inside a packed file (.mxl), never more than the limit of text and one byte.

    It is the member that the container names or, where that is missing, damaged or wrong, the
    only score there is.

    Raises
    ------
    InputError
        If the zip file is damaged, not a score, or beyond `limits`.
    """
    check_size(limits, bytes=len(data))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > _MEMBERS:
                raise InputError(f"a zip file of more than {_MEMBERS} members, not a score")
            named = {_plain(info.filename): info for info in infos}
            for name in _named(archive, named.get(_CONTAINER)):
                if _plain(name) in named:
                    return _read(archive, named[_plain(name)], limits.text + 1)
            scores = [info for name, info in named.items() if _is_score(archive, name, info)]
            if len(scores) > 1:
                raise InputError(f"a zip file of {len(scores)} scores; unpack it and choose one")
            if not scores:
                raise InputError("a zip file, but not a packed MusicXML score (.mxl)")
            return _read(archive, scores[0], limits.text + 1)
    except InputError:
        raise
    except (*ZIP_FAULTS, OSError) as error:
        raise InputError(f"a damaged zip file ({one_line(str(error), 80)})") from None


def names_one_score(names: Iterable[str], loosely: bool) -> bool:
    """Whether a zip file is a packed score, by the names of what is in it.

    It has a container or, `loosely`, one member that may be a score.
    """
    plain = [_plain(name) for name in names]
    return _CONTAINER in plain or (loosely and sum(map(_may_be_score, plain)) == 1)


def _plain(name: str) -> str:
    """A member's name for comparing: some programs write backslashes, or another case."""
    return name.replace("\\", "/").removeprefix("./").lstrip("/").casefold()


def _named(archive: zipfile.ZipFile, container: zipfile.ZipInfo | None) -> Iterator[str]:
    """The paths that the container may mean by its root files, those of scores first.

    It need not be sound XML.
    """
    if container is None:
        return
    text = utf8_of(_read(archive, container, _CONTAINER_BYTES))
    if b"<!ENTITY" in text:
        raise InputError("XML that declares entities of its own; export the score again")
    paths = [match[2] for match in _ROOT_FILE.finditer(text.decode("utf-8", "replace"))]
    for path in sorted(paths[:_MEMBERS], key=lambda path: not _may_be_score(_plain(path))):
        yield from (html.unescape(path), unquote(html.unescape(path)), path)


def _is_score(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> bool:
    """Whether a member holds a score, by its beginning."""
    if not _may_be_score(name):
        return False
    head = utf8_of(_read(archive, info, _HEAD))
    return b"score-partwise" in head or b"score-timewise" in head


def _may_be_score(name: str) -> bool:
    hidden = any(part.startswith((".", "__macosx", "meta-inf")) for part in name.split("/"))
    return not hidden and name.endswith((".xml", ".musicxml"))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    if info.flag_bits & 0x1:
        raise InputError("encrypted; pack it without a password")
    if info.compress_type not in PACKINGS:
        raise InputError("a zip file packed in a way that MusicXML does not use")
    with archive.open(info) as member:
        return member.read(most)
