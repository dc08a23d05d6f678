"""Read the fields of ABC (key, meter, unit, tempo) and its chord symbols."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

from kantor.errors import InputError, one_line
from kantor.formats.abc_signs import ACCIDENTALS
from kantor.formats.mark_reader import FIFTHS

_MODES = {"maj": 0, "ion": 0, "mix": -1, "dor": -2, "min": -3, "m": -3, "aeo": -3, "phr": -4}
_MODES |= {"loc": -5, "lyd": 1}
_NAMES = {0: "major", -1: "mixolydian", -2: "dorian", -3: "minor", -4: "phrygian"}
_NAMES |= {-5: "locrian", 1: "lydian"}
_KEY = re.compile(
    r"([A-G])([#b]?)\s*(maj|ion|mix|dor|min|aeo|phr|loc|lyd|m(?![a-z]))?[a-z]*", re.IGNORECASE
)
_CLEF = re.compile(r"\b(treble|bass|tenor|alto|soprano|mezzosoprano|baritone|perc)\b([+-]8)?")
_CLEFS = {"treble": ("G", 2), "bass": ("F", 4), "alto": ("C", 3), "tenor": ("C", 4)}
_CLEFS |= {"soprano": ("C", 1), "mezzosoprano": ("C", 2), "baritone": ("F", 3)}
_CLEFS |= {"perc": ("percussion", 2)}
_CHORD = re.compile(r"([A-G])([#b♯♭]?)([^/\s]{0,12})(?:/([A-G])([#b♯♭]?))?")
_CHORDS = {
    **dict.fromkeys(("", "M", "maj"), "major"),
    **dict.fromkeys(("m", "min", "-"), "minor"),
    "7": "dominant",
    **dict.fromkeys(("m7", "min7", "-7"), "minor-seventh"),
    **dict.fromkeys(("maj7", "M7", "Maj7"), "major-seventh"),
    **dict.fromkeys(("dim", "o", "°"), "diminished"),
    **dict.fromkeys(("dim7", "o7", "°7"), "diminished-seventh"),
    **dict.fromkeys(("m7b5", "ø", "ø7"), "half-diminished"),
    **dict.fromkeys(("aug", "+"), "augmented"),
    **dict.fromkeys(("aug7", "+7"), "augmented-seventh"),
    **dict.fromkeys(("sus", "sus4"), "suspended-fourth"),
    "sus2": "suspended-second",
    "6": "major-sixth",
    "m6": "minor-sixth",
    "9": "dominant-ninth",
    "m9": "minor-ninth",
    "maj9": "major-ninth",
    "11": "dominant-11th",
    "13": "dominant-13th",
    "5": "power",
}


class AbcKey(NamedTuple):
    """A key, the accidentals that it implies by letter, and how the line is written."""

    fifths: int | None  # None where no key is named
    mode: str
    implied: Mapping[str, int]
    clef: tuple[str, int, int] | None
    octaves: int
    semitones: int  # from written to sounding pitch


def key_of(text: str) -> AbcKey:
    """The key of a field such as ``K:A dorian``, ``K:Hp`` or ``K:D exp _b ^f clef=bass``."""
    fifths: int | None = None
    mode = 0
    match = _KEY.match(text)
    if re.match(r"hp\b", text, re.IGNORECASE):
        fifths, mode = 2, -1
    elif match and match[1].isupper():
        fifths = FIFTHS[match[1]] + 7 * {"": 0, "#": 1, "b": -1}[match[2].lower()]
        mode = _MODES[(match[3] or "maj").lower()]
        fifths += mode
    sharps = 0 if fifths is None or re.search(r"\bexp\b", text) else fifths
    implied = {letter: (sharps - place - 2) // 7 + 1 for letter, place in FIFTHS.items()}
    for sign, letter in re.findall(r"(?<!\w)(\^\^|\^|=|__|_)([A-Ga-g])(?![\w])", text):
        implied[letter.upper()] = ACCIDENTALS[sign]
    return AbcKey(fifths, _NAMES[mode], implied, *written_of(text))


def written_of(text: str) -> tuple[tuple[str, int, int] | None, int, int]:
    """Clef, octaves and semitones of transposition that a key or a voice names."""
    clef = None
    if match := _CLEF.search(text):
        sign, line = _CLEFS[match[1]]
        clef = sign, line, {"+8": 1, "-8": -1}.get(match[2] or "", 0)
    octaves = re.search(r"\boctave=(-?\d)\b", text)
    semitones = re.search(r"\btranspose=(-?\d{1,2})\b", text)
    return clef, int(octaves[1]) if octaves else 0, int(semitones[1]) if semitones else 0


def meter_of(text: str) -> tuple[str, int] | None:
    """The upper number of the meter, which may be a sum, and the lower one; None for free meter."""
    text = text.strip().replace(" ", "").replace("(", "").replace(")", "")
    if text in ("C", "c"):
        return "4", 4
    if text.upper() == "C|":
        return "2", 2
    match = re.match(r"(\d{1,2}(?:\+\d{1,2}){0,7})/(\d{1,3})", text)
    return (match[1], int(match[2])) if match else None


def unit_of(text: str) -> Fraction:
    """The unit of note lengths, in quarters.

    Raises
    ------
    InputError
        If the field names no length.
    """
    match = re.fullmatch(r"(\d{1,2})(?:/(\d{1,3}))?", text.strip().replace(" ", ""))
    if not match or not int(match[1]) or (match[2] and not 1 <= int(match[2]) <= 512):
        raise InputError(f"damaged ABC (L:{one_line(text, 20)}: expected a length such as 1/8)")
    return 4 * Fraction(int(match[1]), int(match[2] or 1))


def tempo_of(text: str, unit: Fraction) -> Element | None:
    """The direction of a tempo such as ``Q:"Allegro" 1/4=120``; `unit` is in quarters."""
    words = " ".join(re.findall(r'"([^"]*)"', text))
    rest = re.sub(r'"[^"]*"', " ", text).strip()
    beat, _, speed = rest.rpartition("=")
    number = re.fullmatch(r"\d{1,4}(\.\d{1,4})?", speed.strip())
    lengths = [
        4 * Fraction(int(top), int(bottom))
        for top, bottom in re.findall(r"(\d{1,2})/(\d{1,3})", beat)
        if int(bottom)
    ]
    if not lengths:  # the old way: so many units
        count = re.search(r"\d{1,2}", beat)
        lengths = [unit * (int(count[0]) if count else 1)]
    if not words and not number:
        return None
    direction = words_of(words)
    if number:
        tempo = float(Fraction(speed.strip()) * sum(lengths))
        SubElement(direction, "sound", tempo=f"{tempo:.6f}")
    return direction


def words_of(text: str) -> Element:
    """The words as a direction of MusicXML."""
    direction = Element("direction")
    SubElement(SubElement(direction, "direction-type"), "words").text = one_line(text, 80)
    return direction


def chord_of(text: str) -> Element:
    """A text in quotes as MusicXML: a chord symbol, or else a direction of words."""
    text = text.strip()
    match = _CHORD.fullmatch(text)
    free = text.upper().replace(" ", "") in ("N.C.", "NC", "N.C")
    if text[:1] in tuple("^_<>@") or not (match or free):
        return words_of(re.sub(r"^(@-?[\d.]*,?-?[\d.]*|[\^_<>])\s*", "", text))
    harmony = Element("harmony")
    if match and not free:
        _add_place(harmony, "root", match[1], match[2])
    kind = SubElement(harmony, "kind")
    kind.text = "none" if free or not match else _CHORDS.get(match[3], "other")
    if match and match[3] and not free:
        kind.set("text", match[3])
    if match and match[4]:
        _add_place(harmony, "bass", match[4], match[5])
    return harmony


def _add_place(harmony: Element, what: str, step: str, sign: str) -> None:
    place = SubElement(harmony, what)
    SubElement(place, f"{what}-step").text = step
    SubElement(place, f"{what}-alter").text = str({"": 0, "#": 1, "♯": 1}.get(sign, -1))
