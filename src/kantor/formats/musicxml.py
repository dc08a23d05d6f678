"""Write a score as MusicXML 4.0, one part a voice, for notation programs.

Written directly rather than with music21, which took 17 times as long for 600 quarters of four
voices and whose files hold dates and random ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from kantor.errors import InputError, one_line
from kantor.files import save
from kantor.formats.engraving import (
    NOTE_VALUES,
    Head,
    beams_of,
    clef_of,
    fermata_heads,
    heads_of,
    signature_of,
    spell,
)
from kantor.formats.midi import names_of
from kantor.music.bars import Bar, bars_of
from kantor.music.notes import notes_of
from kantor.music.score import REST, STEPS_PER_QUARTER, VOICES, Key, Meter, Score

_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def to_bytes(score: Score, names: Sequence[str] | None = None) -> bytes:
    """The bytes of a MusicXML file, the same for the same score.

    Parameters
    ----------
    names
        One a voice; by default `kantor.formats.midi.names_of`.

    Raises
    ------
    InputError
        If the score has no steps, or not one name a voice.
    """
    voices = score.pitches.shape[1]
    names = names_of(voices) if names is None else names
    if len(names) != voices or not score.steps or not voices:
        raise InputError(f"{voices} voices of {score.steps} steps, {len(names)} names: no score")
    root = Element("score-partwise", version="4.0")
    if score.title:
        SubElement(SubElement(root, "work"), "work-title").text = one_line(score.title)
    encoding = SubElement(SubElement(root, "identification"), "encoding")
    SubElement(encoding, "software").text = "Kantor"
    part_list = SubElement(root, "part-list")
    bars, notes = bars_of(score), notes_of(score)
    heads = [heads_of([n for n in notes if n.line == voice], bars) for voice in range(voices)]
    fermatas = fermata_heads(score, heads)
    for voice, name in enumerate(names):
        listed = SubElement(part_list, "score-part", id=f"P{voice + 1}")
        SubElement(listed, "part-name").text = one_line(name)
        part = SubElement(root, "part", id=f"P{voice + 1}")
        held = {start for marked, start in fermatas if marked == voice}
        _write_part(part, score, voice, bars, heads[voice], held)
    indent(root, " ")
    return (_HEAD + tostring(root, encoding="unicode") + "\n").encode()


def write(score: Score, path: str | Path, names: Sequence[str] | None = None) -> None:
    """Write `to_bytes` to `path`, whole or not at all."""
    data = to_bytes(score, names)
    save(path, lambda file: file.write(data))


def _write_part(
    part: Element,
    score: Score,
    voice: int,
    bars: Sequence[Bar],
    heads: Sequence[Sequence[Head]],
    fermatas: set[int],
) -> None:
    number = 0 if bars[0].pickup else 1
    written: Meter | None = None
    for index, (bar, own) in enumerate(zip(bars, heads, strict=True)):
        measure = SubElement(part, "measure", number=str(index + number))
        # A pickup is a short measure of the full meter, which is how MusicXML marks it.
        meter = score.meter if bar.pickup else bar.meter
        if bar.pickup:
            measure.set("implicit", "yes")
        if meter != written:
            attributes = SubElement(measure, "attributes")
            if index == 0:
                _start_attributes(attributes, score)
            time = SubElement(attributes, "time")
            SubElement(time, "beats").text = str(meter.numerator)
            SubElement(time, "beat-type").text = str(meter.denominator)
            if index == 0:
                _write_clef(attributes, score, voice)
            written = meter
        if index == 0 and voice == 0:
            _write_tempo(measure, score.tempo)
        _write_notes(measure, own, bar, score.key, fermatas)
    last = SubElement(part[-1], "barline", location="right")
    SubElement(last, "bar-style").text = "light-heavy"


def _start_attributes(attributes: Element, score: Score) -> None:
    SubElement(attributes, "divisions").text = str(STEPS_PER_QUARTER)
    if score.key is not None:
        key = SubElement(attributes, "key")
        SubElement(key, "fifths").text = str(score.key.fifths)
        SubElement(key, "mode").text = score.key.mode


def _write_clef(attributes: Element, score: Score, voice: int) -> None:
    pitches = score.pitches[:, voice]
    tenor = score.pitches.shape[1] == len(VOICES) and VOICES[voice] == "tenor"
    sign, line, octaves = clef_of(pitches[pitches != REST], tenor)
    clef = SubElement(attributes, "clef")
    SubElement(clef, "sign").text = sign
    SubElement(clef, "line").text = str(line)
    if octaves:
        SubElement(clef, "clef-octave-change").text = str(octaves)


def _write_tempo(measure: Element, tempo: float) -> None:
    direction = SubElement(measure, "direction", placement="above")
    mark = SubElement(SubElement(direction, "direction-type"), "metronome")
    SubElement(mark, "beat-unit").text = "quarter"
    SubElement(mark, "per-minute").text = f"{tempo:.10g}"
    SubElement(direction, "sound", tempo=f"{tempo:.10g}")


def _write_notes(
    measure: Element, heads: Sequence[Head], bar: Bar, key: Key | None, fermatas: set[int]
) -> None:
    beams = beams_of(heads, bar)
    shown: dict[tuple[str, int], int] = {}  # alterations in force within the bar
    for head in heads:
        note = SubElement(measure, "note")
        if head.pitch == REST:
            SubElement(note, "rest", {"measure": "yes"} if head.whole_bar else {})
        else:
            _write_pitch(note, head.pitch, key)
        SubElement(note, "duration").text = str(head.end - head.start)
        ties = (("stop", head.tied_back), ("start", head.tied_on))
        for kind in (kind for kind, tied in ties if tied):
            SubElement(note, "tie", type=kind)
        SubElement(note, "voice").text = "1"
        if not head.whole_bar:
            name, dots = NOTE_VALUES[head.end - head.start]
            SubElement(note, "type").text = name
            for _ in range(dots):
                SubElement(note, "dot")
        if head.pitch != REST:
            _write_accidental(note, head, key, shown)
        if head.start in beams:
            SubElement(note, "beam", number="1").text = beams[head.start]
        _write_notations(note, head, head.start in fermatas)


def _write_pitch(note: Element, pitch: int, key: Key | None) -> None:
    step, alteration, octave = spell(pitch, key)
    element = SubElement(note, "pitch")
    SubElement(element, "step").text = step
    if alteration:
        SubElement(element, "alter").text = str(alteration)
    SubElement(element, "octave").text = str(octave)


def _write_accidental(
    note: Element, head: Head, key: Key | None, shown: dict[tuple[str, int], int]
) -> None:
    """Show an alteration that neither the key nor the bar so far implies."""
    step, alteration, octave = spell(head.pitch, key)
    implied = shown.get((step, octave), signature_of(key).get(step, 0))
    if alteration != implied and not head.tied_back:
        SubElement(note, "accidental").text = _ACCIDENTALS[alteration]
    shown[step, octave] = alteration


def _write_notations(note: Element, head: Head, fermata: bool) -> None:
    if not (head.tied_back or head.tied_on or fermata):
        return
    notations = SubElement(note, "notations")
    for kind, tied in (("stop", head.tied_back), ("start", head.tied_on)):
        if tied:
            SubElement(notations, "tied", type=kind)
    if fermata:
        SubElement(notations, "fermata", type="upright")
