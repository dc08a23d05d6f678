"""Read the parts of MusicXML as written: what the list of parts says of each, and its measures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from kantor.errors import one_line
from kantor.formats.attribute_reader import number
from kantor.formats.measure_reader import MeasureReader
from kantor.formats.measures import Measure
from kantor.formats.parsed import Limits, check_size
from kantor.formats.remarks import Remarks

MARKS_A_NOTE = 8
"""How many marks are allowed for each note that is, such as the lyrics of several verses."""


@dataclass
class WrittenPart:
    """A part as written, with all its voices."""

    name: str = ""
    program: int | None = None
    drums: dict[str, int] = field(default_factory=dict)  # MIDI notes of its unpitched instruments
    measures: list[Measure] = field(default_factory=list)
    clef: tuple[str, int, int] | None = None
    transposition: tuple[int, int] | None = None
    staves_apart: bool = False


def read_parts(root: Element, limits: Limits, remarks: Remarks) -> list[WrittenPart]:
    """The parts in the file's order.

    Raises
    ------
    InputError
        If a measure is damaged, or there is more than `limits` allows.
    """
    listed = {item.get("id"): item for item in root.iterfind("part-list/score-part")}
    elements: dict[str | None, list[Element]] = {}
    timewise = root.tag == "score-timewise"
    for item in root.iterfind("measure/part" if timewise else "part"):
        measures = [item] if timewise else item.findall("measure")
        elements.setdefault(item.get("id"), []).extend(measures)
    longest = max(map(len, elements.values()), default=0)
    check_size(limits, tracks=len(elements), bars=longest)
    first = next(root.iter("divisions"), None)  # of a part that names none of its own
    divisions = Fraction(1) if first is None else max(number(first.text), Fraction(0)) or 1
    parts = []
    notes = marks = 0
    for identity, measures in elements.items():
        part = _described(listed.get(identity))
        reader = MeasureReader(Fraction(divisions), part.drums, remarks)
        for element in measures:
            part.measures.append(reader.read(element))
            notes += len(part.measures[-1].events)
            marks += len(part.measures[-1].marks)
        part.clef, part.transposition = reader.clef, reader.transposition
        part.staves_apart = reader.staves_apart
        parts.append(part)
        check_size(limits, notes=max(notes, marks // MARKS_A_NOTE))
    return parts


def _described(item: Element | None) -> WrittenPart:
    """A part as the list of parts describes it, without its measures."""
    if item is None:
        return WrittenPart()
    texts = [item.findtext("part-name", "")]
    texts.append("".join(one.text or "" for one in item.iterfind("part-name-display/display-text")))
    texts.append(item.findtext("score-instrument/instrument-name", ""))
    name = next(filter(None, map(one_line, texts)), "")
    instruments = item.findall("midi-instrument")
    drums = {}
    for instrument in instruments:
        drum = _of_midi(instrument.findtext("midi-unpitched"))
        if drum is not None:
            drums[instrument.get("id", "")] = drum
    program = _of_midi(instruments[0].findtext("midi-program")) if instruments else None
    return WrittenPart(name, program, drums)


def _of_midi(text: str | None) -> int | None:
    """A number from 1 to 128, which MIDI counts from 0; None for anything else."""
    text = (text or "").strip()
    value = int(text) - 1 if re.fullmatch(r"[0-9]{1,3}", text) else -1
    return value if 0 <= value <= 127 else None
