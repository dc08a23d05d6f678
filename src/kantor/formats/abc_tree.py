"""Voices of ABC as the tree of a MusicXML score."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from xml.etree.ElementTree import Element, SubElement

from kantor.errors import InputError
from kantor.formats.abc_fields import AbcKey
from kantor.formats.abc_signs import Bar, Sound
from kantor.formats.abc_voice import Voice

_FINEST = 100_000  # parts of a quarter


def tree_of(title: str, composers: Sequence[str], voices: Sequence[Voice]) -> Element:
    """The root element of the score; each voice becomes a part.

    Raises
    ------
    InputError
        If lengths of notes have no common measure that a program would write.
    """
    root = Element("score-partwise")
    SubElement(SubElement(root, "work"), "work-title").text = title
    identification = SubElement(root, "identification")
    for composer in composers:
        SubElement(identification, "creator", type="composer").text = composer
    listed = SubElement(root, "part-list")
    for number, voice in enumerate(voices, start=1):
        described = SubElement(listed, "score-part", id=f"P{number}")
        SubElement(described, "part-name").text = voice.name
        part = SubElement(root, "part", id=f"P{number}")
        bars = voice.bars if voice.bars[-1].sounds else voice.bars[:-1]
        for index, bar in enumerate(bars, start=1):
            part.append(_measure(bar, index))
        if len(bars) < len(voice.bars) and bars:  # such as words after the last note
            part[-1].extend(item for item in voice.bars[-1].items if isinstance(item, Element))
    return root


def _measure(bar: Bar, number: int) -> Element:
    measure = Element("measure", number=str(number))
    lengths = [item.length.denominator for item in bar.items if isinstance(item, Sound)]
    divisions = lcm(*lengths) if lengths else 1
    if divisions > _FINEST:
        raise InputError("damaged ABC (lengths of notes that fit no bar)")
    SubElement(SubElement(measure, "attributes"), "divisions").text = str(divisions)
    if bar.forward or bar.ending:
        line = SubElement(measure, "barline", location="left")
        if bar.ending:
            SubElement(line, "ending", number=bar.ending, type="start")
        if bar.forward:
            SubElement(line, "repeat", direction="forward")
    for item in bar.items:
        if isinstance(item, Sound):
            _add_notes(measure, item, divisions)
        else:
            measure.append(item)
    if bar.whole_rest:
        rest = SubElement(measure, "note")
        SubElement(rest, "rest", measure="yes")
        SubElement(rest, "type").text = ""
    if bar.passes > 1 or bar.ending_stops:
        line = SubElement(measure, "barline", location="right")
        if bar.ending_stops:
            SubElement(line, "ending", type="stop" if bar.passes > 1 else "discontinue")
        if bar.passes > 1:
            SubElement(line, "repeat", direction="backward", times=str(min(bar.passes, 9)))
    return measure


def _add_notes(measure: Element, sound: Sound, divisions: int) -> None:
    duration = str(sound.length * divisions)
    for index in range(max(1, len(sound.pitches))):
        note = SubElement(measure, "note")
        if index:
            SubElement(note, "chord")
        if not sound.pitches:
            SubElement(note, "rest")
        else:
            step, alter, octave = sound.pitches[index]
            pitch = SubElement(note, "pitch")
            for tag, value in (("step", step), ("alter", str(alter)), ("octave", str(octave))):
                SubElement(pitch, tag).text = value
        SubElement(note, "duration").text = duration
        if not index:
            note.extend(sound.lyrics)
            _add_notations(note, sound)
        if sound.pitches:
            if sound.tied_back[index]:
                SubElement(note, "tie", type="stop")
            if sound.ties[index]:
                SubElement(note, "tie", type="start")


def _add_notations(note: Element, sound: Sound) -> None:
    if not sound.fermata and not sound.slurs:
        return
    notations = SubElement(note, "notations")
    if sound.fermata:
        SubElement(notations, "fermata")
    for kind in sound.slurs:
        SubElement(notations, "slur", type=kind)


def key_attributes(key: AbcKey, with_clef: bool) -> Element:
    """The ``<attributes>`` of a key, with its transposition and, if asked, its clef."""
    attributes = Element("attributes")
    if key.fifths is not None:
        item = SubElement(attributes, "key")
        SubElement(item, "fifths").text = str(key.fifths)
        SubElement(item, "mode").text = key.mode
    if with_clef and key.clef:
        clef = SubElement(attributes, "clef")
        names = ("sign", "line", "clef-octave-change")
        for tag, value in zip(names, key.clef, strict=True):
            SubElement(clef, tag).text = str(value)
    if key.semitones:
        SubElement(SubElement(attributes, "transpose"), "chromatic").text = str(key.semitones)
    return attributes


def meter_attributes(meter: tuple[str, int] | None) -> Element:
    """The ``<attributes>`` of a meter; None is a free one."""
    attributes = Element("attributes")
    time = SubElement(attributes, "time")
    if meter is None:
        SubElement(time, "senza-misura")
        return attributes
    SubElement(time, "beats").text = meter[0]
    SubElement(time, "beat-type").text = str(meter[1])
    return attributes


def unit_by_meter(meter: tuple[str, int] | None) -> Fraction:
    """The unit of note lengths, in quarters, where ABC names none: by the length of a bar."""
    if meter is None or meter[1] == 0:
        return Fraction(1, 2)
    bar = Fraction(sum(map(int, meter[0].split("+"))), meter[1])
    return Fraction(1, 4) if bar < Fraction(3, 4) else Fraction(1, 2)
