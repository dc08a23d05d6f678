"""Read what stands beside the notes of MusicXML: lyrics, chord symbols, words, dynamics and slurs.

Times are quarters from the measure's start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, NamedTuple
from xml.etree.ElementTree import Element

from kantor.errors import one_line
from kantor.formats.attribute_reader import number
from kantor.formats.remarks import Remarks
from kantor.music.notation import ChordSymbol, Dynamic, Lyric

FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
ELISION = "‿"
"""Joins the syllables that are sung to one note."""
_KINDS = re.compile(
    r"(major|minor)(-seventh|-sixth)?|(major|minor|dominant)(-ninth|-11th|-13th)|dominant|"
    r"major-minor|augmented(-seventh)?|diminished(-seventh)?|half-diminished|"
    r"suspended-(second|fourth)|Neapolitan|Italian|French|German|Tristan|pedal|power|other"
)
_MARK = re.compile(r"[pmfrsz]{1,6}|n")
_JUMPS = re.compile(
    r"\b(D\.? ?[CS]\.|D\.?[CS]\b|da capo|dal segno|(to |al(la)? )?coda\b|(al )?fine\b|segno\b)",
    re.IGNORECASE,
)
_TECHNIQUES = re.compile(
    r"\W*((?i:\d|pizz|arco\b|con sord|senza sord|sord|mute|open\b|div(\b|isi)|unis|sol[oi]\b|"
    r"tutti\b|a ?[234]\b|ped\b|sim\b|simile|trem|gliss|sul |ord(\b|in)|col legno|stacc|ten\b|marc|"
    r"V\.? ?S\b|N\.? ?C\b|let ring|P\. ?M)|[A-H][#b]?(m|maj|min|dim|sus|aug)?\d*(/\w+)?$)"
)
_TEMPO = re.compile(
    r"\b(allegr|andant|adagi|larg|lent|grave\b|moder|viva|vivo|viv\b|prest|tempo|rit\b|ritard|riten|"
    r"rall|accel|string|allarg|meno\b|mosso|calando|morendo|smorz|rubato|maestos|moto\b|brio\b|"
    r"animat|tranquill|marcia|swing|straight|langsam|schnell|m(ä|ae)(ß|ss)ig|lebhaft|ruhig|bewegt|"
    r"getragen|feierlich|munter|z(ü|ue)gig|gehend|vite\b|vif\b|mod(é|e)r|anim(é|e)|c(é|e)dez|retenu|"
    r"slow|fast|lively|bright|medium|ballad|freely|broadly|steady|brisk|l'istesso|quasi)",
    re.IGNORECASE,
)
_LOST_NOTATIONS = {
    "articulations": "articulations",
    "ornaments": "ornaments",
    "technical": "fingerings and playing techniques",
    "arpeggiate": "arpeggios",
    "glissando": "glissandos",
    "slide": "glissandos",
    "accidental-mark": "ornaments",
}
_LOST_DIRECTIONS = {
    "segno": "da capo and dal segno",
    "coda": "da capo and dal segno",
    "rehearsal": "rehearsal marks",
    "pedal": "pedal marks",
    "octave-shift": "octave lines",
    "harp-pedals": "pedal marks",
    "scordatura": "scordatura",
}
_JUMP_ATTRIBUTES = ("dacapo", "dalsegno", "tocoda", "fine")


class SlurEdge(NamedTuple):
    """Where a slur begins or stops; `number` tells those apart that overlap."""

    start: Fraction
    begins: bool
    number: str
    voice: str


class DirectionWords(NamedTuple):
    """Words of a direction; `tempo` where they certainly stand on the tempo."""

    start: Fraction
    text: str
    tempo: bool


Mark = Lyric | ChordSymbol | Dynamic | SlurEdge | DirectionWords
"""All have their time as `start`."""


def lyric_of(item: Element, start: Fraction) -> Lyric | None:
    """A syllable; several that are sung to one note are joined by a tie."""
    texts: list[str] = []
    syllabics: list[str] = []
    extend = False
    for child in item:
        if child.tag == "text":
            texts.append(one_line(child.text or "", 60))
        elif child.tag == "syllabic":
            syllabics.append((child.text or "").strip())
        elif child.tag == "extend":
            extend = child.get("type", "start") == "start"
    text = ELISION.join(filter(None, texts))
    if not text:
        return None
    verse = re.search(r"(\d{1,2})\D*$", item.get("number", "1")[:40])
    return Lyric(start, text, _syllabic(syllabics), verse[1] if verse else "1", extend)


def _syllabic(stated: list[str]) -> Literal["single", "begin", "middle", "end"]:
    begins = not stated or stated[0] not in ("middle", "end")
    ends = not stated or stated[-1] not in ("begin", "middle")
    if begins:
        return "single" if ends else "begin"
    return "end" if ends else "middle"


def chord_of(item: Element, start: Fraction, fifths: int, remarks: Remarks) -> ChordSymbol | None:
    """A chord symbol, moved by `fifths` from written to sounding pitch."""
    kind = item.find("kind")
    stated = (kind.text or "").strip() if kind is not None else "major"
    text = one_line(kind.get("text", ""), 40) if kind is not None else ""
    if stated == "none":
        return ChordSymbol(start, None, "none", text)
    root = _place(item.find("root"), "root", fifths)
    if item.find("frame") is not None:
        remarks.lost.add("chord diagrams")
    if root is None:
        remarks.lost.add("chords by degree")
        return None
    degrees = []
    for degree in item.findall("degree")[:12]:
        value, change = degree.findtext("degree-value"), degree.findtext("degree-type", "").strip()
        if change in ("add", "alter", "subtract"):
            alter = int(number(degree.findtext("degree-alter", "0")))
            degrees.append((int(number(value)), alter, change))
    bass = _place(item.find("bass"), "bass", fifths)
    if not _KINDS.fullmatch(stated):
        stated, text = "other", text or one_line(stated, 40)
    return ChordSymbol(start, root, stated, text, bass, tuple(degrees))


def _place(item: Element | None, what: str, fifths: int) -> int | None:
    """The place of a root or bass on the line of fifths, C = 0; within four sharps or flats."""
    step = FIFTHS.get(item.findtext(f"{what}-step", "").strip()) if item is not None else None
    if item is None or step is None:
        return None
    place = step + 7 * round(number(item.findtext(f"{what}-alter", "0").strip() or "0")) + fifths
    return place if -15 <= place <= 19 else place % 12


def direction_marks(item: Element, start: Fraction, remarks: Remarks) -> Iterator[Mark]:
    """Words, dynamics and hairpins of a ``<direction>``."""
    words: list[str] = []
    on_tempo = any(sound.get("tempo") for sound in item.findall("sound"))
    swings = item.find("sound/swing") is not None  # how it is played, which a style says anew
    for child in (one for kind in item.findall("direction-type") for one in kind):
        if child.tag == "words" and not swings:
            words.append(child.text or "")
        elif child.tag == "dynamics":
            yield from _dynamics_of(child, start)
        elif child.tag == "wedge":
            if child.get("type") in ("crescendo", "diminuendo", "stop"):
                yield Dynamic(start, child.get("type", ""))
        elif child.tag == "metronome":
            on_tempo = True
        elif child.tag in _LOST_DIRECTIONS:
            remarks.lost.add(_LOST_DIRECTIONS[child.tag])
    text = one_line(" ".join(words), 80)
    if _JUMPS.search(text):
        remarks.lost.add("da capo and dal segno")
    elif on_tempo or _TEMPO.search(text):
        if any(one.isalpha() for one in text):
            yield DirectionWords(start, text, True)
    elif _TECHNIQUES.match(text):
        remarks.lost.add("fingerings and playing techniques")
    elif sum(map(str.isalpha, text)) > 3 and not re.search(r"-( |$)|^-", text):  # no syllable
        yield DirectionWords(start, text, False)
    for sound in item.findall("sound"):
        tell_jumps(sound, remarks)


def tell_jumps(sound: Element, remarks: Remarks) -> None:
    """Tell of da capo and the like."""
    if any(sound.get(name) for name in _JUMP_ATTRIBUTES):
        remarks.lost.add("da capo and dal segno")


def _dynamics_of(item: Element, start: Fraction) -> Iterator[Dynamic]:
    """The mark of a ``<dynamics>``; MusicXML may write one by several elements."""
    tags = [child.tag if child.tag != "other-dynamics" else child.text or "" for child in item]
    mark = "".join(tags[:6]).strip()
    if _MARK.fullmatch(mark):
        yield Dynamic(start, mark)


def note_marks(
    notations: list[Element], start: Fraction, voice: str, remarks: Remarks
) -> Iterator[Mark]:
    """Slurs and dynamics of a note's ``<notations>``; tells what else there is."""
    for child in (one for item in notations for one in item):
        if child.tag == "slur":
            if child.get("type") in ("start", "stop"):
                begins = child.get("type") == "start"
                yield SlurEdge(start, begins, child.get("number", "1")[:8], voice)
        elif child.tag == "dynamics":
            yield from _dynamics_of(child, start)
        elif child.tag in _LOST_NOTATIONS:
            remarks.lost.add(_LOST_NOTATIONS[child.tag])
