"""One measure of MusicXML as events in exact time, measured from the measure's start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import Element

from kantor.errors import InputError
from kantor.formats.parsed import believable_tempo
from kantor.formats.repeats import Barline, barline_of
from kantor.music.score import Key, Meter

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MINOR_MODES = ("minor", "aeolian", "dorian", "phrygian", "locrian")
_BEAT_UNITS = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25}
# Long enough for any program's divisions; an exponent would let ten bytes fill the memory.
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?")


class Event(NamedTuple):
    """A note, or a rest (`pitch` None); times in quarters from the measure's start."""

    start: Fraction
    end: Fraction
    pitch: int | None
    voice: str
    tied_back: bool = False
    tied_on: bool = False
    fermata: bool = False


@dataclass
class Measure:
    """One measure of one part; None where the part says nothing of it."""

    events: list[Event] = field(default_factory=list)
    length: Fraction = Fraction(0)
    meter: Meter | None = None
    key: Key | None = None
    tempo: float | None = None
    barline: Barline = field(default_factory=Barline)


@lru_cache(maxsize=4096)
def number(text: str | None) -> Fraction:
    """A decimal of MusicXML, exact.

    Raises
    ------
    InputError
        If it is missing, not a plain decimal, or absurdly long.
    """
    text = (text or "").strip()
    if not _NUMBER.fullmatch(text):
        raise InputError(f"damaged MusicXML: {text[:20]!r} where a number is due")
    return Fraction(text)


class MeasureReader:
    """Reads the measures of one part in order; divisions and transposition stay in force."""

    def __init__(self) -> None:
        self._divisions = Fraction(1)
        self._transposition = 0

    def read(self, element: Element) -> Measure:
        """Read a ``<measure>``, or in timewise files a ``<part>``.

        Raises
        ------
        InputError
            If a number is missing or absurd.
        """
        measure = Measure()
        position = Fraction(0)
        last_start = Fraction(0)
        for item in element:
            if item.tag == "note":
                if item.find("grace") is not None:
                    continue
                length = number(item.findtext("duration")) / self._divisions
                start = last_start if item.find("chord") is not None else position
                position = max(position, start + length)
                last_start = start
                measure.events.extend(self._event(item, start, start + length))
            elif item.tag in ("backup", "forward"):
                move = number(item.findtext("duration")) / self._divisions
                position = max(Fraction(0), position + (move if item.tag == "forward" else -move))
            elif item.tag == "attributes":
                self._read_attributes(item, measure)
            elif item.tag in ("direction", "sound"):
                measure.tempo = measure.tempo or _tempo(item)
            elif item.tag == "barline":
                measure.barline = measure.barline.joined(barline_of(item))
            measure.length = max(measure.length, position)
        return measure

    def _event(self, item: Element, start: Fraction, end: Fraction) -> Iterator[Event]:
        """The note or rest, unless it is a cue, without pitch, or without length."""
        if end <= start or item.find("cue") is not None or item.find("unpitched") is not None:
            return
        ties = {tie.get("type") for tie in item.findall("tie")}
        pitch = item.find("pitch")
        yield Event(
            start,
            end,
            None if pitch is None else self._sounding(pitch),
            item.findtext("voice", "1").strip(),
            tied_back="stop" in ties,
            tied_on="start" in ties,
            fermata=item.find("notations/fermata") is not None,
        )

    def _sounding(self, pitch: Element) -> int:
        step = _STEPS.get(pitch.findtext("step", "").strip())
        if step is None:
            raise InputError("damaged MusicXML: a pitch without a step")
        written = step + round(number(pitch.findtext("alter", "0")))
        sounding = written + 12 * (int(number(pitch.findtext("octave"))) + 1) + self._transposition
        if not 0 <= sounding <= 127:
            raise InputError("a note outside the 128 of MIDI")
        return sounding

    def _read_attributes(self, item: Element, measure: Measure) -> None:
        divisions = item.findtext("divisions")
        if divisions is not None:
            self._divisions = number(divisions)
            if self._divisions <= 0:
                raise InputError("damaged MusicXML: divisions must be above zero")
        transpose = item.find("transpose")
        if transpose is not None:
            octaves = number(transpose.findtext("octave-change", "0"))
            chromatic = number(transpose.findtext("chromatic", "0"))
            self._transposition = int(chromatic) + 12 * int(octaves)
        time, key = item.find("time"), item.find("key")
        if time is not None and time.find("beats") is not None:
            measure.meter = _meter(time)
        if key is not None and key.find("fifths") is not None:
            measure.key = _key(key).transposed(self._transposition % 12)


def _meter(time: Element) -> Meter:
    """Additive signatures such as 3+2/8 or 2/4+3/8 are summed."""
    bar = Fraction(0)
    finest = 1
    for beats, unit in zip(time.findall("beats"), time.findall("beat-type"), strict=False):
        denominator = int(number(unit.text))
        if denominator < 1:
            raise InputError("damaged MusicXML: a time signature without a beat")
        for addend in (beats.text or "").split("+"):
            bar += number(addend) / denominator
        finest = max(finest, denominator)
    return Meter(int(bar * finest), finest)


def _key(key: Element) -> Key:
    mode = key.findtext("mode", "major").strip().lower()
    fifths = int(number(key.findtext("fifths")))
    return Key(fifths, "minor" if mode in _MINOR_MODES else "major")


def _tempo(item: Element) -> float | None:
    """Quarters a minute, as played or as marked; None where neither is plausible."""
    sounds = [item] if item.tag == "sound" else item.findall("sound")
    tempi = [float(number(s.get("tempo"))) for s in sounds if s.get("tempo")]
    for mark in item.findall("direction-type/metronome"):
        unit = _BEAT_UNITS.get(mark.findtext("beat-unit", "").strip())
        per_minute = mark.findtext("per-minute", "").strip()
        if unit and _NUMBER.fullmatch(per_minute):
            dots = 1.5 if mark.find("beat-unit-dot") is not None else 1.0
            tempi.append(float(number(per_minute)) * unit * dots)
    return next((round(tempo, 3) for tempo in tempi if believable_tempo(tempo)), None)
