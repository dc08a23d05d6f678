"""XML of unknown origin, packed or not, as a tree of elements."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from kantor.errors import InputError, one_line
from kantor.formats.parsed import Limits, check_size

_MEMBERS = 100  # of a packed score
_CONTAINER = "META-INF/container.xml"
_CONTAINER_BYTES = 100_000
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


def tree_of(data: bytes, limits: Limits) -> Element:
    """The root element of XML; names keep their prefix.

    What a document type declares inside the file is refused. MusicXML names its document type
    but never declares anything itself; entities declared there are how a kilobyte is made to
    unfold to gigabytes, or to fetch other files.

    Raises
    ------
    InputError
        If the XML is damaged or beyond `limits`.
    """
    check_size(limits, text=len(data), elements=data.count(b"<"))
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_declarations
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except InputError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: odd encodings
        raise InputError(f"damaged XML ({one_line(str(error), 80)})") from None


def _refuse_declarations(_name: str, _system: object, _public: object, declares: bool) -> None:
    if declares:
        raise InputError("XML that declares entities of its own; export the score again")


def unpacked(data: bytes, limits: Limits) -> bytes:
    """The score inside a packed file (.mxl), never more than the limit of text and one byte.

    Raises
    ------
    InputError
        If the zip file is damaged, not a score, or beyond `limits`.
    """
    check_size(limits, bytes=len(data))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > _MEMBERS:
                raise InputError(f"a zip file of more than {_MEMBERS} members, not a score")
            if _CONTAINER not in archive.namelist():
                raise InputError("a zip file, but not a packed MusicXML score (.mxl)")
            container = _member(archive, _CONTAINER, _CONTAINER_BYTES)
            root = tree_of(container, Limits(elements=1_000))
            names = [item.get("full-path", "") for item in root.iter("rootfile")]
            if not names:
                raise InputError("a packed score that names no root file")
            return _member(archive, names[0], limits.text + 1)
    except InputError:
        raise
    except KeyError:
        raise InputError("a packed score whose root file is missing") from None
    except (*ZIP_FAULTS, OSError) as error:
        raise InputError(f"a damaged zip file ({one_line(str(error), 80)})") from None


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if archive.getinfo(name).compress_type not in PACKINGS:
        raise InputError("a zip file packed in a way that MusicXML does not use")
    with archive.open(name) as member:
        return member.read(most)
