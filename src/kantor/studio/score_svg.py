"""Scores as engraved music: SVG by Verovio, in which notes and bars say where they stand.

A note head has the id ``n-LINE-START-END``, a bar ``m-START-END``; times are steps of the piece.
Colours are left to the page (``currentColor``), and no font is needed but a serif one: Verovio
draws music as outlines, and its few signs within words become Unicode's.

Verovio serves one thread at a time; Studio calls these functions in a process of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring
from xml.sax.saxutils import escape

from kantor.errors import InputError, one_line
from kantor.formats import musicxml
from kantor.formats.engraving import letter_of
from kantor.formats.musicxml_instruments import identity
from kantor.formats.staves import Layout, staves_of
from kantor.music.excerpts import excerpt
from kantor.music.score import Score
from kantor.studio.chord_names import Chord, chords_of

if TYPE_CHECKING:
    import verovio

_OPTIONS: dict[str, Any] = {
    "adjustPageHeight": True,
    "breaks": "auto",
    "footer": "none",
    "header": "none",
    "smuflTextFont": "none",
    "svgFormatRaw": True,
    "svgRemoveXlink": True,
    "svgViewBox": True,
    "xmlIdSeed": 1,
    "logLevel": "off",
}
_TALLEST = 60_000  # of a page, in Verovio's units
_SIGNS = dict(zip(map(ord, "\uea63\uea64\uea65\uea66\uea67\ueca5\uecb7"), "𝄫♭♮♯𝄪♩.", strict=True))
"""SMuFL's signs within words (chord names, tempo), and Unicode's for them."""
_SIGN = re.compile(r'<tspan font-family="Leipzig" font-size="(\d+)px">([^<]*)</tspan>')
_TITLE, _TITLE_SIZE = re.compile(r'(class="pgHead.*?<tspan font-size=")[1-9]\d*'), 680
_PLACEHOLDER = re.compile(r'<g id="\w+" class="[\w ]*placeholder[\w ]*"><ellipse [^>]*/></g>')
_HARMONY = re.compile(r'class="harm">.*?</text>')


def engrave(score: Score, start: int, end: int, width: int, layout: Layout = "open") -> str:
    """Bars of a score as one SVG, `width` pixels wide, with chord names under the bass.

    Parameters
    ----------
    start, end
        Steps at which bars begin or the piece ends.
    """
    part = excerpt(score, start, end)
    chords = [one._replace(step=one.step + start) for one in chords_of(part)]
    scale = 34 if width < 600 else 40
    size = {"pageWidth": round(width * 100 / scale), "pageHeight": _TALLEST, "scale": scale}
    margins = {f"pageMargin{side}": 25 for side in ("Right", "Top", "Bottom")}
    margins["pageMarginLeft"] = 60  # names of voices may be wider than in Verovio's own font
    first = int((score.bar_lines < start).sum()) + 1 if start else None
    text = marked(part, start, chords, layout, first, end < score.steps)
    return _cleaned(_loaded(text, size | margins).renderToSVG(1))


def pages(score: Score, layout: Layout = "open", credit: str = "") -> list[str]:
    """A score as SVGs of A4 pages, to be printed; the first has title, composer and `credit`."""
    size = {"pageWidth": 2100, "pageHeight": 2970, "scale": 80, "scaleToPageSize": True}
    margins = {"pageMarginLeft": 180, "pageMarginRight": 180, "pageMarginTop": 160}
    more = {"adjustPageHeight": False, "header": "auto", "footer": "none", "pageMarginBottom": 180}
    text = marked(score, 0, chords_of(score), layout)
    heading = _heading(score, credit)
    text = text.replace("<part-list>", f"{heading}<part-list>", 1)
    toolkit = _loaded(text, size | margins | more)
    first, *others = [toolkit.renderToSVG(page + 1) for page in range(toolkit.getPageCount())]
    return [_cleaned(page) for page in (_TITLE.sub(rf"\g<1>{_TITLE_SIZE}", first, 1), *others)]


def _heading(score: Score, credit: str) -> str:
    """Title, composer and credit as MusicXML has them."""
    notation = score.notation
    texts = [(score.title or " ", "center", "top"), (notation.composer, "right", "bottom")]
    texts += [(credit, "left", "bottom")]
    return "".join(
        f'<credit page="1"><credit-words justify="{side}" valign="{height}">'
        f"{escape(one_line(text))}</credit-words></credit>"
        for text, side, height in texts
        if text
    )


def _loaded(text: str, options: dict[str, Any]) -> verovio.toolkit:
    """Verovio with a MusicXML text, laid out."""
    toolkit = _toolkit()
    toolkit.resetOptions()
    toolkit.setOptions(_OPTIONS | options)
    toolkit.resetXmlIdSeed(1)
    if not toolkit.loadData(text) or not toolkit.getPageCount():
        raise InputError("the score cannot be engraved")
    return toolkit


@cache
def _toolkit() -> verovio.toolkit:
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    return verovio.toolkit()


def marked(
    score: Score,
    start: int,
    chords: list[Chord],
    layout: Layout,
    first: int | None = None,
    goes_on: bool = False,
) -> str:
    """MusicXML with ids and chord names, for Verovio.

    Parameters
    ----------
    start
        The step of the piece at which the excerpt `score` begins.
    chords
        With steps of the piece.
    first
        The number of its first bar, where the piece does not begin with it.
    goes_on
        Whether the piece does after the excerpt's end.
    """
    root = fromstring(musicxml.to_bytes(score, layout))
    if score.ensemble.writing == "accompaniment":
        chords = []  # they stand above the lead already
    staves = staves_of(score, layout)
    parts = root.findall("part")
    bass = sum(not staff.of_drums for staff in staves) - 1
    for at, (part, staff) in enumerate(zip(parts, staves, strict=True)):
        now = start
        drums = {identity(at + 1, score.ensemble.lines[line]): line for line in staff.lines}
        for index, measure in enumerate(part):
            if first is not None:
                measure.set("number", str(first + index))
            names = [one for one in chords if at == bass]
            now = _mark(measure, staff.lines, drums if staff.of_drums else {}, now, names)
        if first is not None:
            _continue(part[0])
        if goes_on:
            _leave_open(part[-1])
    if first is not None:
        for name in root.iter("part-name"):
            name.set("print-object", "no")
    return tostring(root, encoding="unicode")


def _mark(
    measure: Element,
    lines: tuple[int, ...],
    drums: Mapping[str, int],
    start: int,
    chords: list[Chord],
) -> int:
    """Give a measure's notes their ids and the chords that begin with them; where it ends.

    `drums` are the lines of a drums' staff by their instruments.
    """
    now = end = start
    for item in list(measure):
        length = int(item.findtext("duration") or 0)
        if item.tag == "backup":
            now -= length
        elif item.tag == "note":
            now -= length if item.find("chord") is not None else 0
            voice, drum = int(item.findtext("voice") or 1) - 1, item.find("instrument")
            if drum is not None or not drums:
                line = lines[voice] if drum is None else drums[drum.get("id", "")]
                item.set("id", f"n-{line}-{now}-{now + length}")
            place = list(measure).index(item)
            for chord in reversed(chords) if not voice else ():
                if now <= chord.step < now + length:
                    measure.insert(place, _harmony(chord, chord.step - now))
            now += length
            end = max(end, now)
    measure.set("id", f"m-{start}-{end}")
    return end


def _harmony(chord: Chord, offset: int) -> Element:
    """A chord name below the staff."""
    item = Element("harmony", {"placement": "below"})
    for tag, place in (("root", chord.root), ("bass", chord.bass)):
        if tag == "bass":
            SubElement(item, "kind", {"text": chord.kind.suffix}).text = chord.kind.name
        if tag == "root" or chord.bass != chord.root:
            letter, alteration = letter_of(place)
            note = SubElement(item, tag)
            SubElement(note, f"{tag}-step").text = letter
            if alteration:
                SubElement(note, f"{tag}-alter").text = str(alteration)
    if offset:
        SubElement(item, "offset").text = str(offset)
    return item


def _continue(measure: Element) -> None:
    """Begin in the middle of a piece: meter, tempo and swing were told before."""
    for time in measure.iter("time"):
        time.set("print-object", "no")
    for direction in measure.findall("direction"):
        told = ("direction-type/metronome", "sound/swing")
        if any(direction.find(path) is not None for path in told):
            measure.remove(direction)


def _leave_open(measure: Element) -> None:
    """Take the final bar line away; a repeat sign stays."""
    for line in measure.findall("barline"):
        if line.find("repeat") is None and line.findtext("bar-style") == "light-heavy":
            measure.remove(line)


def _cleaned(svg: str) -> str:
    """An SVG of no colour and no font of its own."""

    def sign(match: re.Match[str]) -> str:
        text = "".join(_SIGNS.get(ord(one), "") for one in match[2])
        return f'<tspan font-size="{round(int(match[1]) * 0.6)}px">{text}</tspan>'

    svg = _PLACEHOLDER.sub("", svg)
    svg = _HARMONY.sub(lambda match: match[0].replace('"405px"', '"350px"'), _SIGN.sub(sign, svg))
    return svg.replace(' color="black"', ' fill="currentColor"', 1)
