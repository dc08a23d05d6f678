"""XML of unknown origin as a tree of elements, in whatever encoding it was really written."""

from __future__ import annotations

import codecs
import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from kantor.errors import InputError, one_line
from kantor.formats.parsed import Limits, check_size

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
"""How text of an encoding begins; the last two stand without a mark of byte order."""
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_ONE_BYTE = re.compile(r"iso8859|cp(125\d|437|850|1140)$|mac-|koi8|latin|ascii")
_SEVERAL_BYTES = re.compile(r"shift_jis|cp932|euc_|gb|hz$|big5|cp9\d\d$|johab|iso2022")
_CONTROLS = bytes(sorted({*range(32)} - {9, 10, 13}))  # which XML does not allow
_JUNK = 1_000  # bytes that may stand before the XML


def tree_of(data: bytes, limits: Limits) -> Element:
    """The root element of XML; prefixes of namespaces are taken off.

    What a document type declares inside the file is refused. MusicXML names its document type
    but never declares anything itself; entities declared there are how a kilobyte is made to
    unfold to gigabytes, or to fetch other files.

    Raises
    ------
    InputError
        If the XML is damaged or beyond `limits`.
    """
    check_size(limits, text=len(data), elements=data.count(b"<"))
    data = utf8_of(data)
    check_size(limits, text=len(data))
    builder = TreeBuilder()
    parser = expat.ParserCreate("utf-8")  # whatever is declared
    parser.buffer_text = True
    parser.EntityDeclHandler = _refuse_declaration
    parser.AttlistDeclHandler = _refuse_declaration
    parser.ElementDeclHandler = _refuse_declaration
    parser.NotationDeclHandler = _refuse_declaration
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        root = builder.close()
    except InputError:
        raise
    except (expat.ExpatError, ValueError) as error:
        fault = one_line(str(error), 80)
        raise InputError(f"damaged XML ({fault}); export the score again") from None
    if ":" in root.tag:
        for element in root.iter():
            element.tag = element.tag.rpartition(":")[2]
    return root


def utf8_of(data: bytes) -> bytes:
    """XML as UTF-8, without what stands before it and what XML does not allow.

    The bytes count for more than the declaration: what is UTF-8 is read as such, and what says so
    but is not, by the encoding of Western Windows.
    """
    start = data[:_JUNK].lstrip(b" \t\r\n")
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            text = data[len(data[:_JUNK]) - len(start) :].decode(encoding, "replace")
            data = text.encode("utf-8", "replace")
            break
    else:
        data = _decoded(data)
    begins = data[:_JUNK].find(b"<")
    return data[max(begins, 0) :].translate(None, _CONTROLS)


def _decoded(data: bytes) -> bytes:
    """Text that begins as ASCII does, as UTF-8."""
    declared = _DECLARED.search(data[: 2 * _JUNK])
    encodings = ["utf-8"]
    if declared:
        try:
            name = codecs.lookup(declared[1].decode("ascii")).name
        except LookupError:
            name = ""
        if _SEVERAL_BYTES.match(name):
            encodings.insert(0, name)
        elif _ONE_BYTE.match(name):
            encodings.append(name)
    for encoding in (*encodings, "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return data if encoding == "utf-8" else text.encode()
    return data.decode("latin-1").encode()


def _refuse_declaration(*_: object) -> None:
    raise InputError("XML that declares entities of its own; export the score again")
