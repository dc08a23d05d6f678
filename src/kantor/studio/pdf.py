"""Engraved pages as PDF: the small part of SVG that Verovio writes, as PDF's own drawing.

Text is drawn as outlines of STIX General, which matplotlib carries: nothing has to be embedded,
and every reader shows the same.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from kantor.errors import one_line

WIDTH, HEIGHT = 595.276, 841.89
"""Of A4, in points."""
_ROUND = 0.5523  # control points of a quarter of a circle
_BOLD, _ITALIC = {"tempo", "ending", "reh"}, {"dir", "dynam", "mNum"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def pdf_of(pages: Sequence[str], title: str) -> bytes:
    """A PDF of A4 pages; the same pages give the same bytes.

    Parameters
    ----------
    pages
        SVGs as `kantor.studio.score_svg.pages` makes them.
    """
    sheets = [_Sheet(fromstring(page)).content for page in pages]
    first = 4
    kids = " ".join(f"{first + 2 * at} 0 R" for at in range(len(sheets)))
    named = (b"\xfe\xff" + one_line(title).encode("utf-16-be")).hex()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(sheets)}>>".encode(),
        f"<</Title<{named}>/Producer(Kantor)>>".encode(),
    ]
    for at, content in enumerate(sheets):
        packed = zlib.compress(content.encode())
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]/Resources<<>>"
            f"/Contents {first + 2 * at + 1} 0 R>>".encode(),
            b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(packed), packed),
        ]
    written = [b"%d 0 obj%b\nendobj\n" % numbered for numbered in enumerate(objects, 1)]
    head = b"%PDF-1.4\n"
    *starts, end = accumulate(map(len, written), initial=len(head))
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    count = len(objects) + 1
    return (
        b"%b%bxref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R/Info 3 0 R>>\n"
        % (
            head,
            b"".join(written),
            count,
            table,
            count,
        )
        + b"startxref\n%d\n%%%%EOF\n" % end
    )


class _Sheet:
    """One page; `content` is what PDF draws, in `HEIGHT` by `WIDTH` points from below."""

    def __init__(self, root: Element) -> None:
        self._glyphs = {
            group.get("id"): (path.get("d", ""), path.get("transform", ""))
            for group in root.findall("{*}defs/{*}g")
            for path in group.findall("{*}path")
        }
        drawing = root.find("{*}svg")
        assert drawing is not None, "Verovio draws in an SVG within the SVG"
        left, top, width, height = map(float, drawing.get("viewBox", "").split())
        scale = min(WIDTH / width, HEIGHT / height)
        self._parts = [
            f"{scale:.6f} 0 0 {-scale:.6f} {-left * scale:.3f} {HEIGHT + top * scale} cm"
        ]
        self._walk(drawing, "")
        self.content = "\n".join(self._parts)

    def _walk(self, parent: Element, style: str) -> None:
        for item in parent:
            tag = item.tag.rpartition("}")[2]
            if tag == "g":
                classes = set(item.get("class", "").split())
                own = "Bol" if classes & _BOLD else "Italic" if classes & _ITALIC else style
                with_transform = _matrix(item.get("transform", ""))
                self._parts.append("q " + with_transform)
                self._walk(item, own)
                self._parts.append("Q")
            elif tag == "use":
                shape, turned = self._glyphs[item.get("href", "").lstrip("#")]
                place = f"{_matrix(item.get('transform', ''))} {_matrix(turned)}"
                self._parts.append(f"q {place} {_outline(shape)} f Q")
            elif tag == "text":
                self._text(item, style)
            elif tag in ("path", "rect", "ellipse", "polygon", "polyline"):
                self._parts.append(_shape(tag, item))

    def _text(self, item: Element, style: str) -> None:
        """Runs of text, one after the other; a run with a place of its own begins a new line."""
        lines: list[tuple[float, float, str, list[tuple[str, float, str]]]] = []
        self._gather(item, {"font-size": "0px", "x": "0", "y": "0"}, style, lines)
        for x, y, anchor, runs in lines:
            width = sum(_advance(text, size, face) for text, size, face in runs)
            x -= {"middle": width / 2, "end": width}.get(anchor, 0)
            for text, size, face in runs:
                for letter in text:
                    shape, advance = _letter(letter, face)
                    if shape:
                        by = size / 1000
                        self._parts.append(f"q {by} 0 0 {-by} {x:.1f} {y:.1f} cm {shape} f Q")
                    x += advance * size / 1000

    def _gather(self, item: Element, given: dict[str, str], style: str, lines: list[Any]) -> None:
        own = given | dict(item.items())
        if not lines or item.get("x") or item.get("y"):
            lines.append((float(own["x"]), float(own["y"]), own.get("text-anchor", ""), []))
        if "bold" in own.get("font-weight", ""):
            style = "Bol"
        elif "italic" in own.get("font-style", ""):
            style = "Italic"
        if item.text and (size := float(own["font-size"].removesuffix("px"))):
            lines[-1][3].append((item.text, size, style))
        for child in item:
            self._gather(child, own, style, lines)


def _matrix(transform: str) -> str:
    """SVG's ``translate(…) scale(…)`` as PDF's operators."""
    written = []
    for name, inside in re.findall(r"(\w+)\(([^)]*)\)", transform):
        x, *rest = map(float, _NUMBER.findall(inside))
        if name == "translate":
            written.append(f"1 0 0 1 {x} {rest[0] if rest else 0} cm")
        elif name == "scale":
            written.append(f"{x} 0 0 {rest[0] if rest else x} 0 0 cm")
    return " ".join(written)


def _shape(tag: str, item: Element) -> str:
    def of(name: str) -> float:
        return float(item.get(name, "0"))

    if tag == "rect":
        return f"{of('x')} {of('y')} {of('width')} {of('height')} re f"
    width = of("stroke-width")
    if tag in ("polygon", "polyline"):
        points = _NUMBER.findall(item.get("points", ""))
        first, *more = zip(points[::2], points[1::2], strict=True)
        lines = " ".join(f"{x} {y} l" for x, y in more)
        return f"{width} w {first[0]} {first[1]} m {lines} {'f' if tag == 'polygon' else 'S'}"
    if tag == "ellipse":
        return _ellipse(of("cx"), of("cy"), of("rx"), of("ry")) + " f"
    ends = " 1 J 1 j" if item.get("stroke-linecap") == "round" else ""
    closed = "z" in item.get("d", "").lower() or "c" in item.get("d", "").lower()
    filled = closed and item.get("fill") != "none"
    paint = ("B" if filled else "S") if width else "f"
    return f"q {width} w{ends} {_outline(item.get('d', ''))} {paint} Q"


def _ellipse(x: float, y: float, across: float, down: float) -> str:
    corners = []
    for one, other in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        then, next_ = -other, one  # a quarter further
        points = (
            (one + _ROUND * then, other + _ROUND * next_),
            (then + _ROUND * one, next_ + _ROUND * other),
            (then, next_),
        )
        corners.append(
            " ".join(f"{x + across * a:.1f} {y + down * b:.1f}" for a, b in points) + " c"
        )
    return f"{x + across} {y} m " + " ".join(corners)


@cache
def _outline(shape: str) -> str:
    """An SVG path as PDF's operators."""
    from fontTools.pens.recordingPen import RecordingPen
    from fontTools.svgLib.path import parse_path

    pen = RecordingPen()
    parse_path(shape, pen)
    return _drawn(pen.value)


def _drawn(moves: Sequence[tuple[str, Any]]) -> str:
    written: list[str] = []
    last = (0.0, 0.0)
    for name, points in moves:
        if name == "qCurveTo":
            for control, point in _quadratic(points):
                first = tuple(a + (b - a) * 2 / 3 for a, b in zip(last, control, strict=True))
                second = tuple(a + (b - a) * 2 / 3 for a, b in zip(point, control, strict=True))
                written.append(_numbers(first, second, point) + " c")
                last = point
            continue
        operator = {"moveTo": "m", "lineTo": "l", "curveTo": "c", "closePath": "h"}.get(name)
        if operator:
            written.append(f"{_numbers(*points)} {operator}".strip())
        last = points[-1] if points else last
    return " ".join(written)


def _quadratic(points: Sequence[Any]) -> list[tuple[Any, Any]]:
    """TrueType's curves, between whose control points others are implied."""
    from fontTools.pens.basePen import decomposeQuadraticSegment

    return list(decomposeQuadraticSegment(points))


def _numbers(*points: Sequence[float]) -> str:
    return " ".join(f"{value:.6g}" for point in points for value in point)


def _advance(text: str, size: float, face: str) -> float:
    return sum(_letter(letter, face)[1] for letter in text) * size / 1000


@cache
def _letter(letter: str, face: str) -> tuple[str, float]:
    """The outline of a letter and how far it advances, of 1000 an em; "?" for what is unknown."""
    from fontTools.pens.recordingPen import DecomposingRecordingPen

    for one in (face, ""):
        glyphs, names = _font(one)
        if name := names.get(ord(letter)):
            pen = DecomposingRecordingPen(glyphs)
            glyphs[name].draw(pen)
            return _drawn(pen.value), float(glyphs[name].width)
    return _letter("?", face)


@cache
def _font(face: str) -> tuple[Any, dict[int, str]]:
    import matplotlib
    from fontTools.ttLib import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts/ttf"
    font = TTFont(folder / f"STIXGeneral{face}.ttf")
    return font.getGlyphSet(), font.getBestCmap()
