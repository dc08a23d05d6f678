"""Read key, meter, tempo, clef and transposition, and numbers, of MusicXML."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from xml.etree.ElementTree import Element

from kantor.errors import InputError
from kantor.formats.parsed import believable_tempo
from kantor.formats.remarks import Remarks
from kantor.music.score import Key, Meter

_MINOR_MODES = ("minor", "aeolian", "dorian", "phrygian", "locrian")
_VALUES = ["whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th"]
_VALUES += ["512th", "1024th"]
LENGTHS = {name: Fraction(4, 1 << index) for index, name in enumerate(_VALUES)}
"""Quarters of each note value."""
LENGTHS |= {"breve": Fraction(8), "long": Fraction(16), "maxima": Fraction(32)}
# Long enough for any program's divisions; an exponent would let ten bytes fill the memory.
_NUMBER = re.compile(r"[+-]?(\d{1,9}(\.\d{0,30})?|\.\d{1,30})")
_FINEST = 10**9  # denominator of a decimal
_LINES = {"G": 2, "F": 4, "C": 3}
_STEPS_OF_SEMITONES = (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)
_WIDEST = 48  # semitones of a transposition that is meant


@lru_cache(maxsize=4096)
def number(text: str | None) -> Fraction:
    """A decimal of MusicXML, exact to nine digits after the point.

    Raises
    ------
    InputError
        If it is none.
    """
    text = (text or "").strip()
    if not _NUMBER.fullmatch(text):
        raise InputError(f"damaged MusicXML: {text[:20]!r} where a number is due")
    return Fraction(text).limit_denominator(_FINEST)


def key_of(key: Element, semitones: int, remarks: Remarks) -> Key | None:
    """The key at sounding pitch, `semitones` above the written one; None where it is no usual one.

    Eight sharps or more are respelt, as the same tones with fewer flats.
    """
    written = key.findtext("fifths")
    if written is None:
        if key.find("key-step") is not None:
            remarks.tell("a key signature of single accidentals ignored")
        return None
    fifths = int(number(written))
    if 7 < abs(fifths) <= 12:
        kinds = ("sharps", "flats") if fifths > 0 else ("flats", "sharps")
        respelt = fifths - 12 if fifths > 0 else fifths + 12
        remarks.tell(f"key of {abs(fifths)} {kinds[0]} read as {abs(respelt)} {kinds[1]}")
        fifths = respelt
    minor = key.findtext("mode", "major").strip().lower() in _MINOR_MODES
    return Key(fifths, "minor" if minor else "major").transposed(semitones % 12)


def meter_of(time: Element, remarks: Remarks) -> Meter | None:
    """The meter, additive ones such as 3+2/8 or 2/4+3/8 summed; None where none is usable."""
    if time.find("beats") is None:
        if time.find("senza-misura") is not None:
            remarks.tell("bars without a meter (senza misura) are as long as their notes")
        return None
    bar = Fraction(0)
    finest = 1
    for beats, unit in zip(time.findall("beats"), time.findall("beat-type"), strict=False):
        denominator = int(number(unit.text))
        if denominator < 1:
            raise InputError("damaged MusicXML: a time signature without a beat")
        bar += sum(map(number, (beats.text or "").split("+")), Fraction(0)) / denominator
        finest = max(finest, denominator)
    numerator = int(bar * finest)
    if 0 < bar < 16 and finest in (32, 64, 128) and (16 * numerator) % finest:
        remarks.tell(f"meter {numerator}/{finest} ignored: its bar is no whole number of 16ths")
        return None
    if finest > 32:
        numerator, finest = numerator * 16 // finest, 16
    return Meter(numerator, finest)


def tempo_of(item: Element) -> float | None:
    """Quarters a minute, as played or as marked; None where neither is plausible."""
    sounds = [item] if item.tag == "sound" else item.findall("sound")
    tempi = [_decimal(sound.get("tempo", "")) for sound in sounds]
    for mark in item.findall("direction-type/metronome"):
        unit = LENGTHS.get(mark.findtext("beat-unit", "").strip(), Fraction(0))
        stated = re.search(r"\d+([.,]\d+)?", mark.findtext("per-minute", "")[:40])
        if stated and len(mark.findall("beat-unit")) == 1:
            dots = len(mark.findall("beat-unit-dot")[:3])
            tempi.append(_decimal(stated[0]) * float(unit) * (2 - 0.5**dots))
    return next(filter(None, map(believable_tempo, tempi)), None)


def _decimal(text: str) -> float:
    """A number that may have a comma; 0 where it is none."""
    text = text.strip().replace(",", ".")
    return float(number(text)) if _NUMBER.fullmatch(text) else 0.0


def clef_of(clef: Element) -> tuple[str, int, int] | None:
    """Sign, line and octave change; None for tablature, percussion and what is no clef."""
    sign = clef.findtext("sign", "").strip()
    if sign not in _LINES:
        return None
    line = clef.findtext("line", "").strip()
    octaves = clef.findtext("clef-octave-change", "").strip()
    return (
        sign,
        int(line) if line in ("1", "2", "3", "4", "5") else _LINES[sign],
        int(octaves) if octaves in ("-2", "-1", "1", "2") else 0,
    )


def transposition_of(transpose: Element) -> tuple[int, int]:
    """Diatonic steps and semitones from written to sounding pitch, octaves included."""
    octaves = int(number(transpose.findtext("octave-change", "0")))
    chromatic = int(number(transpose.findtext("chromatic", "0")))
    stated = transpose.findtext("diatonic", "").strip()
    if re.fullmatch(r"-?[0-9]{1,3}", stated):
        diatonic = int(stated)
    else:
        diatonic = 7 * (chromatic // 12) + _STEPS_OF_SEMITONES[chromatic % 12]
    steps, semitones = diatonic + 7 * octaves, chromatic + 12 * octaves
    # Steps that contradict the semitones by an octave or more are not meant.
    if abs(semitones) > _WIDEST or abs(12 * steps - 7 * semitones) > 24:
        steps = 7 * (semitones // 12) + _STEPS_OF_SEMITONES[semitones % 12]
    return steps, semitones
