"""Write a score as MusicXML 4.0, one part a line, for notation programs.

Drum lines stand in the middle of a staff with a percussion clef; their notes have no pitch.

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
from kantor.music.bars import Bar, bars_of
from kantor.music.score import REST, STEPS_PER_QUARTER, Key, Meter, Score

_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def to_bytes(score: Score) -> bytes:
    """The bytes of a MusicXML file, the same for the same score; parts are named after the lines.

    Raises
    ------
    InputError
        If the score has no steps.
    """
    if not score.pitches.size:
        raise InputError(f"{len(score.ensemble)} lines of {score.steps} steps: no score to write")
    root = Element("score-partwise", version="4.0")
    if score.title:
        _child(_child(root, "work"), "work-title", one_line(score.title))
    _child(_child(_child(root, "identification"), "encoding"), "software", "Kantor")
    part_list = _child(root, "part-list")
    bars = bars_of(score)
    heads = [heads_of(score, line, bars) for line in range(len(score.ensemble))]
    fermatas = fermata_heads(score, bars, heads)
    for index, line in enumerate(score.ensemble.lines):
        listed = _child(part_list, "score-part", id=f"P{index + 1}")
        _child(listed, "part-name", one_line(line.name.capitalize()))
        part = _child(root, "part", id=f"P{index + 1}")
        held = {start for marked, start in fermatas if marked == index}
        _write_part(part, score, index, list(zip(bars, heads[index], strict=True)), held)
    indent(root, " ")
    return (_HEAD + tostring(root, encoding="unicode") + "\n").encode()


def write(score: Score, path: str | Path) -> None:
    """Write `to_bytes` to `path`, whole or not at all."""
    data = to_bytes(score)
    save(path, lambda file: file.write(data))


def _child(parent: Element, tag: str, text: object = None, **attributes: str) -> Element:
    """A new element at the end of `parent`."""
    element = SubElement(parent, tag, attributes)
    element.text = None if text is None else str(text)
    return element


def _write_part(
    part: Element,
    score: Score,
    line: int,
    bars: Sequence[tuple[Bar, Sequence[Head]]],
    fermatas: set[int],
) -> None:
    """Write each bar with its heads; `fermatas` are the starts of the heads that carry one."""
    drum = score.ensemble.lines[line].kind == "drum"
    written: Meter | None = None
    for number, (bar, heads) in enumerate(bars, start=0 if bars[0][0].pickup else 1):
        measure = _child(part, "measure", number=str(number))
        # A pickup is a short measure of the full meter, which is how MusicXML marks it.
        meter = score.meter if bar.pickup else bar.meter
        if bar.pickup:
            measure.set("implicit", "yes")
        if meter != written:
            _write_attributes(measure, score, line, meter, first=written is None)
        if written is None and line == 0:
            direction = _child(measure, "direction", placement="above")
            mark = _child(_child(direction, "direction-type"), "metronome")
            _child(mark, "beat-unit", "quarter")
            _child(mark, "per-minute", f"{score.tempo:.10g}")
            _child(direction, "sound", tempo=f"{score.tempo:.10g}")
        written = meter
        beams = beams_of(heads, bar)
        shown: dict[tuple[str, int], int] = {}  # alterations in force within the bar
        for head in heads:
            note = _child(measure, "note")
            _write_note(note, head, drum, score.key, shown, beams.get(head.start), fermatas)
    _child(_child(part[-1], "barline", location="right"), "bar-style", "light-heavy")


def _write_attributes(measure: Element, score: Score, line: int, meter: Meter, first: bool) -> None:
    """Write the meter; in the first bar of a part also the key and the clef."""
    attributes = _child(measure, "attributes")
    if first:
        _child(attributes, "divisions", STEPS_PER_QUARTER)
    if first and score.key is not None:
        key = _child(attributes, "key")
        _child(key, "fifths", score.key.fifths)
        _child(key, "mode", score.key.mode)
    time = _child(attributes, "time")
    _child(time, "beats", meter.numerator)
    _child(time, "beat-type", meter.denominator)
    if first:
        sign, staff_line, octaves = clef_of(score.ensemble.lines[line], score.pitches[:, line])
        clef = _child(attributes, "clef")
        _child(clef, "sign", sign)
        _child(clef, "line", staff_line)
        if octaves:
            _child(clef, "clef-octave-change", octaves)


def _write_note(
    note: Element,
    head: Head,
    drum: bool,
    key: Key | None,
    shown: dict[tuple[str, int], int],
    beam: str | None,
    fermatas: set[int],
) -> None:
    accidental = None
    if head.pitch == REST:
        _child(note, "rest", **({"measure": "yes"} if head.whole_bar else {}))
    elif drum:
        place = _child(note, "unpitched")
        _child(place, "display-step", "B")
        _child(place, "display-octave", 4)
    else:
        accidental = _write_pitch(note, head.pitch, key, shown)
    _child(note, "duration", head.end - head.start)
    ties = [name for name, tied in (("stop", head.tied_back), ("start", head.tied_on)) if tied]
    for kind in ties:
        _child(note, "tie", type=kind)
    _child(note, "voice", 1)
    if not head.whole_bar:
        name, dots = NOTE_VALUES[head.end - head.start]
        _child(note, "type", name)
        for _ in range(dots):
            _child(note, "dot")
    if accidental and not head.tied_back:
        _child(note, "accidental", accidental)
    if beam:
        _child(note, "beam", beam, number="1")
    fermata = head.start in fermatas
    notations = _child(note, "notations") if ties or fermata else note
    for kind in ties:
        _child(notations, "tied", type=kind)
    if fermata:
        _child(notations, "fermata", type="upright")


def _write_pitch(
    note: Element, pitch: int, key: Key | None, shown: dict[tuple[str, int], int]
) -> str | None:
    """Write a pitch; return the alteration that neither the key nor the bar so far implies."""
    step, alteration, octave = spell(pitch, key)
    place = _child(note, "pitch")
    _child(place, "step", step)
    if alteration:
        _child(place, "alter", alteration)
    _child(place, "octave", octave)
    implied = shown.get((step, octave), signature_of(key).get(step, 0))
    shown[step, octave] = alteration
    return _ACCIDENTALS[alteration] if alteration != implied else None
