"""Read the measures of one part of MusicXML as events in exact time."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from xml.etree.ElementTree import Element

from kantor.errors import InputError
from kantor.formats.attribute_reader import (
    LENGTHS,
    clef_of,
    key_of,
    meter_of,
    number,
    tempo_of,
    transposition_of,
)
from kantor.formats.mark_reader import chord_of, direction_marks, lyric_of, note_marks, tell_jumps
from kantor.formats.measures import Event, Measure, read_barline
from kantor.formats.remarks import Remarks

_SNARE = 38
"""The drum of an unpitched note whose instrument the file does not tell."""
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MARKS = ("direction", "sound", "harmony", "figured-bass")
_START = Fraction(0)


class MeasureReader:
    """Reads the measures of one part in order; divisions and transposition stay in force."""

    def __init__(self, divisions: Fraction, drums: Mapping[str, int], remarks: Remarks) -> None:
        self._drums, self._remarks = drums, remarks
        self._divisions, self._lengths = divisions, dict[str | None, Fraction]()
        self._transposition = 0
        self._fifths = 0  # of the transposition, on the line of fifths
        self._pitches: dict[tuple[str | None, ...], int] = {}
        self._bar: Fraction | None = None  # of the meter in force
        self._percussion = False  # whether the clef is one of percussion
        self._ends: dict[str, tuple[Fraction, str]] = {}  # of each voice in this measure, and staff
        self.clef: tuple[str, int, int] | None = None
        """The first clef of the part."""
        self.transposition: tuple[int, int] | None = None
        """The first transposition of the part."""
        self.staves_apart = False
        """Whether several staves have voices of the same number."""

    def read(self, element: Element) -> Measure:
        """Read a ``<measure>``, or in timewise files a ``<part>``; refuse damaged numbers."""
        measure = Measure(is_short=element.get("implicit") == "yes" or element.get("number") == "0")
        position = last_start = last_length = _START
        self._ends = {}
        for item in element:
            tag = item.tag
            if tag == "note":
                found: dict[str, Element] = {}
                for child in item:
                    found.setdefault(child.tag, child)
                start = last_start if "chord" in found else position
                if "grace" in found:
                    self._remarks.lost.add("grace notes")
                    self._add_marks(item, found, start, measure)
                    continue
                length = self._length(item, found, last_length if "chord" in found else None)
                end = start + length
                position, last_start, last_length = max(position, end), start, length
                self._lengthen(measure, end, length, "rest" in found)
                if end > start:
                    self._add(item, found, start, end, measure)
            elif tag == "backup":
                position = max(_START, position - self._duration(item.findtext("duration")))
            elif tag == "forward":
                length = self._duration(item.findtext("duration"))
                position = max(_START, position + length)
                self._lengthen(measure, position, length, True)
            elif tag == "attributes":
                self._read_attributes(item, measure)
            elif tag == "barline":
                read_barline(item, measure)
            elif tag in _MARKS:
                try:
                    self._read_mark(item, position, measure)
                except InputError:  # no reason to refuse the notes
                    self._remarks.lost.add("damaged marks")
        return measure

    def _duration(self, text: str | None) -> Fraction:
        length = self._lengths.get(text)
        if length is None:
            length = self._lengths[text] = number(text) / self._divisions
        return length

    def _length(
        self, item: Element, found: Mapping[str, Element], of_chord: Fraction | None
    ) -> Fraction:
        """The length of a note, by its duration, or by its value where that is missing or 0."""
        stated = found.get("duration")
        value = LENGTHS.get(_text(found, "type"))
        if stated is not None and (stated.text or "").strip():
            length = self._duration(stated.text)
            if length or value is None:
                return length
        if value is not None:
            dots = len(item.findall("dot")[:4])
            length = value * (2 - Fraction(1, 1 << dots))
            if "time-modification" in found:
                ratio = found["time-modification"]
                actual = number(ratio.findtext("actual-notes"))
                if actual > 0:
                    length *= number(ratio.findtext("normal-notes")) / actual
            self._remarks.tell("notes without a duration read by their values")
            return length
        if "rest" in found and found["rest"].get("measure") == "yes" and self._bar:
            return self._bar
        return self._duration(None) if of_chord is None else of_chord

    def _lengthen(self, measure: Measure, end: Fraction, length: Fraction, silent: bool) -> None:
        measure.full = max(measure.full, end)
        if silent and self._bar is not None and length > self._bar:
            end = min(end, self._bar)
        measure.length = max(measure.length, end)

    def _add(
        self,
        item: Element,
        found: Mapping[str, Element],
        start: Fraction,
        end: Fraction,
        measure: Measure,
    ) -> None:
        """Add a note, or a rest with a fermata, with what belongs to it."""
        if "cue" in found:
            self._remarks.lost.add("cue notes")
            return
        voice, staff = _text(found, "voice"), _text(found, "staff")
        if "chord" not in found:
            before = self._ends.get(voice)
            if before and before[0] > start and before[1] != staff:
                self.staves_apart = True
            self._ends[voice] = end, staff
        unpitched = "unpitched" in found
        pitch: int | None = None
        if unpitched or (self._percussion and "pitch" in found):
            unpitched = True
            instrument = found["instrument"].get("id", "") if "instrument" in found else ""
            only = next(iter(self._drums.values())) if len(self._drums) == 1 else _SNARE
            pitch = self._drums.get(instrument, only)
        elif "pitch" in found:
            pitch = self._sounding(found["pitch"])
        ties: set[str | None] = set()
        fermata = False
        if "notations" in found or "lyric" in found:
            fermata = self._add_marks(item, found, start, measure, ties)
        if "tie" in found:  # else what is only drawn counts
            ties = {tie.get("type") for tie in item.findall("tie")}
        if pitch is None and not fermata:
            return
        tied_on, tied_back = "start" in ties, "stop" in ties
        measure.events.append(
            Event(start, end, pitch, voice, staff, tied_back, tied_on, fermata, unpitched)
        )

    def _add_marks(
        self,
        item: Element,
        found: Mapping[str, Element],
        start: Fraction,
        measure: Measure,
        ties: set[str | None] | None = None,
    ) -> bool:
        """Add a note's lyrics, slurs and dynamics; note its drawn `ties`, return its fermata."""
        if "lyric" in found:
            lyrics = (lyric_of(lyric, start) for lyric in item.findall("lyric"))
            measure.marks.extend(lyric for lyric in lyrics if lyric)
        if "notations" not in found:
            return False
        notations = item.findall("notations")
        voice = _text(found, "voice")
        measure.marks.extend(note_marks(notations, start, voice, self._remarks))
        fermata = False
        for one in notations:
            fermata = fermata or one.find("fermata") is not None
            if ties is not None:
                for tied in one.findall("tied"):
                    kind = tied.get("type")
                    ties.update(("start", "stop") if kind == "continue" else (kind,))
        return fermata

    def _sounding(self, pitch: Element) -> int:
        named = pitch.findtext("step"), pitch.findtext("alter"), pitch.findtext("octave")
        if named in self._pitches:
            return self._pitches[named]
        step = _STEPS.get((named[0] or "").strip().upper())
        if step is None:
            raise InputError("damaged MusicXML: a pitch without a step")
        written = step + round(number((named[1] or "").strip() or "0"))
        sounding = written + 12 * (int(number(named[2])) + 1) + self._transposition
        if not 0 <= sounding <= 127:
            raise InputError("a note outside the 128 of MIDI")
        self._pitches[named] = sounding
        return sounding

    def _read_mark(self, item: Element, position: Fraction, measure: Measure) -> None:
        """Read what stands at a place in the measure and takes no time."""
        if item.tag == "figured-bass":
            self._remarks.lost.add("figured bass")
            return
        offset = item.find("offset")
        shift = self._duration(offset.text) if offset is not None else _START
        place = max(_START, position + shift)
        if item.tag == "harmony":
            if chord := chord_of(item, place, self._fifths, self._remarks):
                measure.marks.append(chord)
            return
        if item.tag == "direction":
            measure.marks.extend(direction_marks(item, place, self._remarks))
        else:
            tell_jumps(item, self._remarks)
        if tempo := tempo_of(item):
            moved = offset is not None and (item.tag == "sound" or offset.get("sound") == "yes")
            measure.tempi.append((place if moved else position, tempo))

    def _read_attributes(self, item: Element, measure: Measure) -> None:
        for child in item:
            if child.tag == "divisions":
                self._divisions, self._lengths = number(child.text), {}
                if self._divisions <= 0:
                    raise InputError("damaged MusicXML: divisions must be above zero")
            elif child.tag == "transpose":
                steps, self._transposition = transposition_of(child)
                self._fifths, self._pitches = 7 * self._transposition - 12 * steps, {}
                self.transposition = self.transposition or (steps, self._transposition)
            elif child.tag == "clef" and child.get("number", "1") == "1":
                self._percussion = child.findtext("sign", "").strip() == "percussion"
                self.clef = self.clef or clef_of(child)
        time, key = item.find("time"), item.find("key")
        if time is not None:
            meter = meter_of(time, self._remarks)
            measure.meter = meter or measure.meter
            self._bar = Fraction(meter.bar_steps, 4) if meter else None
        if key is not None:  # it stands before the transposition that it is written in
            measure.key = key_of(key, self._transposition, self._remarks) or measure.key


def _text(found: Mapping[str, Element], tag: str) -> str:
    """The text of a child such as the voice; "1" where there is none."""
    return (found[tag].text or "1").strip() if tag in found else "1"
