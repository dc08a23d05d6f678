"""The music of one voice of ABC, as bars of notes."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from kantor.formats.abc_fields import AbcKey, chord_of
from kantor.formats.abc_signs import ACCIDENTALS, MOST, TOKEN, Bar, Sound, passes_of, ratio_of
from kantor.formats.remarks import Remarks

_MARKS = {".": "staccato", "~": "roll", "H": "fermata", "L": "accent", "M": "mordent"}
_MARKS |= {"O": "coda", "P": "mordent", "S": "segno", "T": "trill", "u": "upbow", "v": "downbow"}
"""What a letter before a note is short for."""
_ORNAMENTS = ("trill", "mordent", "turn", "roll", "pralltriller", "invertedturn", "uppermordent")
_JUMPS = ("segno", "coda", "dacapo", "dacoda", "fine", "D.C", "D.S", "to coda")
_HAIRPINS = {"<(": "crescendo", "crescendo(": "crescendo", ">(": "diminuendo"}
_HAIRPINS |= {"diminuendo(": "diminuendo"}
_HAIRPINS |= dict.fromkeys(("<)", ">)", "crescendo)", "diminuendo)"), "stop")


class Voice:
    """Reads the lines of music in order; `key` and `unit` (in quarters) are those in force."""

    def __init__(self, name: str, key: AbcKey, unit: Fraction, remarks: Remarks) -> None:
        self.name, self.key, self.unit = name, key, unit
        self.compound = False
        self.bars = [Bar()]
        self.line: list[Sound] = []
        """The notes of the last line of music, which lyrics belong to."""
        self.verses = 0  # lines of lyrics that it has
        self.goes_on = False  # whether the next line belongs to the last
        self.notes = 0
        self._remarks = remarks
        self._accidentals: dict[str, int] = {}
        self._chord: Sound | None = None
        self._last: Sound | None = None
        self._factor = Fraction(1)  # of the next note, after a broken rhythm
        self._tuplet: tuple[Fraction, int] = (Fraction(1), 0)  # and how many notes it still has
        self._tied: dict[tuple[str, int], int] = {}  # alterations of notes that go on
        self._fermata = False
        self._slurs = 0
        self._in_ending = False
        self._skips = False  # within an overlay

    def read(self, text: str) -> list[str]:
        """Read a line of music; returns an inline field and what follows it, if there is one.

        The caller reads the field and hands the rest to the voice that is then due.
        """
        position = 0
        while position < len(text):
            match = TOKEN.match(text, position)
            if match is None:
                position += 1
                continue
            position = match.end()
            kind = match.lastgroup
            if match["field"]:
                return [match["field"][1:].rstrip("]"), text[position:]]
            if self._skips and not match["bar"]:
                continue
            if match["note"]:
                self._note(match)
            elif match["bar"] or match["another"]:
                self._bar_line((match["bar"] or "").strip(), match["ending"] or match["another"])
            elif match["rest"]:
                self._add(Sound([], self._length(match["restlength"])))
            elif match["bars"]:
                self._rest_bars(min(int(match["count"] or 1), MOST))
            elif match["open"]:
                self._chord = Sound([], Fraction(0))
            elif match["close"] is not None:
                self._close_chord(match["chordlength"])
            elif match["tuplet"]:
                self._begin_tuplet(match)
            elif match["broken"]:
                self._break(match["broken"])
            elif kind in ("tie", "slur", "slurend"):
                self._join(kind)
            elif match["text"]:
                self.put(chord_of(match["text"].strip('"')))
            elif match["grace"]:
                self._remarks.lost.add("grace notes")
            elif match["overlay"]:
                self._skips = True
                self._remarks.lost.add("voices within a voice (&)")
            elif match["decoration"]:
                self._decorate(match["decoration"][1:-1])
            else:
                self._decorate(_MARKS.get(match["mark"], ""))
        return []

    def put(self, item: Element) -> None:
        """Add an element that takes no time, such as a direction."""
        self.bars[-1].items.append(item)

    def _length(self, text: str) -> Fraction:
        """The length of a note or rest, in quarters, by what is written after it."""
        return self.unit * ratio_of(text)

    def _note(self, match: re.Match[str]) -> None:
        letter = match["letter"]
        step = letter.upper()
        octave = (5 if letter.islower() else 4) + self.key.octaves
        octave += match["octave"][:6].count("'") - match["octave"][:6].count(",")
        place = step, octave
        if match["sign"]:
            alter = self._accidentals[step] = ACCIDENTALS[match["sign"]]
        else:
            plain = self._accidentals.get(step, self.key.implied[step])
            alter = self._tied.get(place, plain)
        sound = self._chord or Sound([], Fraction(0))
        sound.pitches.append((step, alter, octave))
        sound.ties.append(False)
        sound.tied_back.append(self._tied.get(place) == alter)
        if len(sound.pitches) == 1:
            sound.length = self._length(match["length"])
        if self._chord is None:
            self._add(sound)

    def _close_chord(self, length: str) -> None:
        if self._chord and self._chord.pitches:
            chord, self._chord = self._chord, None
            chord.length *= ratio_of(length)
            self._add(chord)
        self._chord = None

    def _add(self, sound: Sound) -> None:
        """Add a note, a chord or a rest, by the tuplet and the broken rhythm that it is in."""
        factor, left = self._tuplet
        sound.length *= self._factor * (factor if left else 1)
        self._tuplet = factor, max(0, left - 1)
        self._factor = Fraction(1)
        sound.bar = len(self.bars)
        sound.fermata, self._fermata = self._fermata, False
        if sound.pitches:
            sound.slurs += ["start"] * min(self._slurs, 6)
            self._slurs = 0
            going_on = zip(sound.pitches, sound.ties, strict=True)
            self._tied = {(step, octave): alter for (step, alter, octave), on in going_on if on}
            self.line.append(sound)
            self.notes += len(sound.pitches)
        self.bars[-1].items.append(sound)
        self._last = sound

    def _rest_bars(self, count: int) -> None:
        for _ in range(count):
            if self.bars[-1].sounds:
                self.bars.append(Bar())
            self.bars[-1].whole_rest = True
            self.notes += 1

    def _begin_tuplet(self, match: re.Match[str]) -> None:
        several = int(match["p"])
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(several, 3 if self.compound else 2)
        time = int(match["q"] or 0) or usual
        self._tuplet = Fraction(time, several), int(match["r"] or 0) or several

    def _break(self, signs: str) -> None:
        """Lengthen one of two notes and shorten the other."""
        if self._last is None:
            return
        short = Fraction(1, 1 << min(len(signs), 3))
        before, self._factor = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        self._last.length *= before

    def _join(self, kind: str) -> None:
        """A tie or an end of a slur belongs to the note before it."""
        if kind == "slur":
            self._slurs += 1
        elif kind == "slurend":
            if self._last is not None and len(self._last.slurs) < 12:
                self._last.slurs.append("stop")
        elif self._chord is not None and self._chord.pitches:
            self._chord.ties[-1] = True
        elif self._last is not None and self._last.pitches:
            self._last.ties = [True] * len(self._last.pitches)
            self._tied = {(step, octave): alter for step, alter, octave in self._last.pitches}

    def _bar_line(self, text: str, ending: str | None) -> None:
        """End a bar; the signs at an empty one belong to the next."""
        self._accidentals, self._skips, self._chord = {}, False, None
        text = text.lstrip(".")
        before = next((bar for bar in reversed(self.bars) if bar.sounds), None)
        if before is not None and self._in_ending and (ending or text != "|"):
            before.ending_stops, self._in_ending = True, False
        if text.startswith(":") and before is not None:
            colons = len(text) - len(text.lstrip(":"))
            before.passes = 1 + (colons if "|" in text else max(1, colons // 2))
        if self.bars[-1].sounds:
            self.bars.append(Bar())
        if text.endswith(":"):
            self.bars[-1].forward = True
        if ending:
            self.bars[-1].ending, self._in_ending = passes_of(ending), True

    def _decorate(self, name: str) -> None:
        """Read a mark before a note."""
        direction = Element("direction")
        kind = SubElement(direction, "direction-type")
        if re.fullmatch(r"[pmfrsz]{1,5}", name):
            SubElement(SubElement(kind, "dynamics"), name)
            self.put(direction)
        elif name in _HAIRPINS:
            SubElement(kind, "wedge", type=_HAIRPINS[name])
            self.put(direction)
        elif name.endswith("fermata"):
            self._fermata = True
        elif name.startswith(_JUMPS):
            self._remarks.lost.add("da capo and dal segno")
        elif name.startswith(_ORNAMENTS):
            self._remarks.lost.add("ornaments")
        elif name:
            self._remarks.lost.add("articulations")
