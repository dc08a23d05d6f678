"""One measure of MusicXML as events in exact time, measured from the measure's start."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import Element

from kantor.errors import InputError
from kantor.formats.parsed import believable_tempo
from kantor.music.score import Key, Meter

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MINOR_MODES = ("minor", "aeolian", "dorian", "phrygian", "locrian")
_BEAT_UNITS = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "16th": 0.25}
_MOST_PASSES = 9
# Long enough for any program's divisions; an exponent would let ten bytes fill the memory.
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?")


class Event(NamedTuple):
    """A note, or a rest (`pitch` None); times in quarters from the measure's start."""

    start: Fraction
    end: Fraction
    pitch: int | None
    voice: str
    tied_back: bool
    tied_on: bool
    fermata: bool


@dataclass
class Measure:
    """A measure of one part, or of all parts together; None where it says nothing of a thing."""

    events: list[Event] = field(default_factory=list)
    length: Fraction = Fraction(0)  # in quarters
    meter: Meter | None = None
    key: Key | None = None
    tempo: float | None = None
    repeat_begins: bool = False  # a repeated section begins with it
    passes: int = 1  # how often the section that ends with it is played
    ending: tuple[int, ...] = ()  # passes in which the ending that begins with it is played
    ending_stops: bool = False  # the ending that it belongs to stops with it


@lru_cache(maxsize=4096)
def _number(text: str | None) -> Fraction:
    """A decimal of MusicXML, exact."""
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
        """Read a ``<measure>``, or in timewise files a ``<part>``; refuse an absurd number."""
        measure = Measure()
        position = last_start = Fraction(0)
        for item in element:
            if item.tag == "note":
                if item.find("grace") is not None:
                    continue
                start = last_start if item.find("chord") is not None else position
                end = start + self._duration(item)
                position, last_start = max(position, end), start
                # Cues and what has no pitch or no length are left out.
                silent = item.find("cue") is not None or item.find("unpitched") is not None
                if end > start and not silent:
                    measure.events.append(self._event(item, start, end))
            elif item.tag == "backup":
                position = max(Fraction(0), position - self._duration(item))
            elif item.tag == "forward":
                position = max(Fraction(0), position + self._duration(item))
            elif item.tag == "attributes":
                self._read_attributes(item, measure)
            elif item.tag in ("direction", "sound"):
                measure.tempo = measure.tempo or _tempo(item)
            elif item.tag == "barline":
                _read_barline(item, measure)
            measure.length = max(measure.length, position)
        return measure

    def _duration(self, item: Element) -> Fraction:
        return _number(item.findtext("duration")) / self._divisions

    def _event(self, item: Element, start: Fraction, end: Fraction) -> Event:
        ties = {tie.get("type") for tie in item.findall("tie")}
        pitch = item.find("pitch")
        return Event(
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
        written = step + round(_number(pitch.findtext("alter", "0")))
        octave = int(_number(pitch.findtext("octave")))
        sounding = written + 12 * (octave + 1) + self._transposition
        if not 0 <= sounding <= 127:
            raise InputError("a note outside the 128 of MIDI")
        return sounding

    def _read_attributes(self, item: Element, measure: Measure) -> None:
        divisions = item.findtext("divisions")
        if divisions is not None:
            self._divisions = _number(divisions)
            if self._divisions <= 0:
                raise InputError("damaged MusicXML: divisions must be above zero")
        transpose = item.find("transpose")
        if transpose is not None:
            octaves = int(_number(transpose.findtext("octave-change", "0")))
            chromatic = int(_number(transpose.findtext("chromatic", "0")))
            self._transposition = chromatic + 12 * octaves
        time, key = item.find("time"), item.find("key")
        if time is not None and time.find("beats") is not None:
            measure.meter = _meter(time)
        if key is not None and key.find("fifths") is not None:
            minor = key.findtext("mode", "major").strip().lower() in _MINOR_MODES
            written = Key(int(_number(key.findtext("fifths"))), "minor" if minor else "major")
            measure.key = written.transposed(self._transposition % 12)


def _meter(time: Element) -> Meter:
    """Additive signatures such as 3+2/8 or 2/4+3/8 are summed."""
    bar = Fraction(0)
    finest = 1
    for beats, unit in zip(time.findall("beats"), time.findall("beat-type"), strict=False):
        denominator = int(_number(unit.text))
        if denominator < 1:
            raise InputError("damaged MusicXML: a time signature without a beat")
        bar += sum(map(_number, (beats.text or "").split("+")), Fraction(0)) / denominator
        finest = max(finest, denominator)
    return Meter(int(bar * finest), finest)


def _tempo(item: Element) -> float | None:
    """Quarters a minute, as played or as marked; None where neither is plausible."""
    sounds = [item] if item.tag == "sound" else item.findall("sound")
    tempi = [float(_number(sound.get("tempo"))) for sound in sounds if sound.get("tempo")]
    for mark in item.findall("direction-type/metronome"):
        unit = _BEAT_UNITS.get(mark.findtext("beat-unit", "").strip())
        per_minute = mark.findtext("per-minute", "").strip()
        if unit and _NUMBER.fullmatch(per_minute):
            dots = 1.5 if mark.find("beat-unit-dot") is not None else 1.0
            tempi.append(float(per_minute) * unit * dots)
    return next(filter(None, map(believable_tempo, tempi)), None)


def _read_barline(item: Element, measure: Measure) -> None:
    """Read a bar line, left or right, with its repeat sign and its ending."""
    repeat, ending = item.find("repeat"), item.find("ending")
    if repeat is not None and repeat.get("direction") == "forward":
        measure.repeat_begins = True
    elif repeat is not None:
        times = repeat.get("times", "2")
        passes = min(int(times), _MOST_PASSES) if re.fullmatch(r"\d{1,3}", times) else 2
        measure.passes = max(measure.passes, passes)
    if ending is not None and ending.get("type") == "start":
        passes_named = re.findall(r"\d", ending.get("number", "1")[:40])
        measure.ending = measure.ending or tuple(map(int, passes_named))
    elif ending is not None and ending.get("type") in ("stop", "discontinue"):
        measure.ending_stops = True
