"""MusicXML as notes in exact time.

`part_reader` reads the parts and `measure_reader` their measures, one by one; `measure_order` lays
these end to end, and `notation_reader` what stands beside the notes.

Read directly from the XML rather than with music21, which took eleven times as long for a sample
of Bach's chorales with ties joined, and builds objects without bound from hostile input; the
tests compare both. Grace and cue notes, ornaments and the jumps of da capo and dal segno are left
out, and told. Transposing instruments are given at sounding pitch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from typing import Literal
from xml.etree.ElementTree import Element

from kantor.errors import InputError, one_line
from kantor.formats.mark_reader import Mark
from kantor.formats.measure_order import (
    Bar,
    bar_lines_of,
    bars_of,
    joined,
    played_order,
    signs_of,
    spans_of,
)
from kantor.formats.measures import Event, Measure
from kantor.formats.notation_reader import (
    chords_of,
    creator,
    credits_of,
    largest_credit,
    line_notation,
    placed,
    words_of,
)
from kantor.formats.packed_score import unpacked
from kantor.formats.parsed import Limits, ParsedFile, Part, check_size
from kantor.formats.part_reader import MARKS_A_NOTE, WrittenPart, read_parts
from kantor.formats.remarks import Remarks
from kantor.formats.safe_xml import tree_of
from kantor.music.notation import Notation
from kantor.music.notes import TimedNote

_DEFAULT_TEMPO = 80.0  # as `Score`: MusicXML often names none


def recognises(data: bytes) -> bool:
    """Whether a file may be MusicXML, packed or not, in any encoding; some begin with junk."""
    head = data[:1000]
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    tags = (b"<?xml", b"<!DOCTYPE", b"<score-partwise", b"<score-timewise")
    return start.startswith((b"PK", b"<")) or any(tag in head for tag in tags)


def parse(data: bytes, limits: Limits, *, expand_repeats: bool = False) -> ParsedFile:
    """Read the bytes of a MusicXML file, packed or not, partwise or timewise.

    Each voice of a part is a `Part` of its own; tied notes are one note.

    Raises
    ------
    InputError
        If the score is damaged, without notes or beyond `limits`.
    """
    root = tree_of(unpacked(data, limits) if data.startswith(b"PK") else data, limits)
    return from_tree(root, limits, Remarks(), expand_repeats=expand_repeats)


def from_tree(
    root: Element,
    limits: Limits,
    remarks: Remarks,
    *,
    expand_repeats: bool,
    kind: Literal["musicxml", "abc"] = "musicxml",
) -> ParsedFile:
    """Read a score from its root element; arguments and errors as for `parse`.

    Parameters
    ----------
    remarks
        What there is to tell already; the rest is added.
    """
    if root.tag not in ("score-partwise", "score-timewise"):
        raise InputError(f"XML, but not MusicXML (its root is <{one_line(root.tag, 40)}>)")
    written = read_parts(root, limits, remarks)
    columns = _columns(written)
    order = played_order(columns)
    as_written = list(range(len(columns)))
    bars = bars_of(columns, order if expand_repeats else as_written, limits)
    parts: list[Part] = []
    fermatas: set[tuple[Fraction, Fraction]] = set()
    marks = []
    for source, part in enumerate(written):
        events = _placed(part.measures, bars)
        fermatas.update((event.start, event.end) for event in events if event.fermata)
        parts.extend(_voices(part, source, events))
        marks.append(placed(part.measures, bars))
        count = sum(map(len, marks)) // MARKS_A_NOTE
        check_size(limits, notes=max(count, sum(len(one.notes) for one in parts)))
    if not parts:
        raise InputError("no notes in any part")
    notation = _notation(root, written, marks)
    if not expand_repeats:
        played = spans_of(bars, order) if order != as_written else ()
        notation = replace(notation, signs=tuple(signs_of(columns, bars)), played=played)
    has_pickup = len(bars) > 1 and bars[0].length < bars[0].whole
    tempi = {bar.start + at: tempo for bar in bars for at, tempo in columns[bar.measure].tempi}
    return ParsedFile(
        parts=tuple(parts),
        tempi=tuple(sorted(tempi.items())),
        meters=tuple((next(run).start, meter) for meter, run in groupby(bars, lambda b: b.meter)),
        keys=tuple((bar.start, key) for bar in bars if (key := columns[bar.measure].key)),
        pickup=bars[0].length if has_pickup else Fraction(0),
        title=_title(root),
        fermatas=tuple(sorted(fermatas)),
        bar_lines=tuple(bar_lines_of(bars[has_pickup:])),
        length=bars[-1].start + bars[-1].length,
        kind=kind,
        default_tempo=_DEFAULT_TEMPO,
        names_meter=any(column.meter for column in columns),
        notation=notation,
        messages=remarks.messages,
    )


def _notation(
    root: Element, written: Sequence[WrittenPart], marks: Sequence[Sequence[Mark]]
) -> Notation:
    """What stands beside the notes, but for the repeats; `marks` are those of each part."""
    return Notation(
        composer=creator(root, "composer"),
        lyricist=creator(root, "lyricist", "poet"),
        chords=chords_of(marks),
        words=words_of(marks),
        lines={
            source: line_notation(marks[source], part.clef, part.transposition)
            for source, part in enumerate(written)
        },
    )


def _title(root: Element) -> str:
    titles = [root.findtext("movement-title"), root.findtext("work/work-title")]
    titles += [*credits_of(root, "title")[:1], largest_credit(root)]
    return next(filter(None, (one_line(title or "") for title in titles)), "")


def _columns(written: Sequence[WrittenPart]) -> list[Measure]:
    """Each measure as all parts together describe it."""
    columns: list[Measure] = []
    bar: Fraction | None = None  # of the meter in force
    for index in range(max((len(part.measures) for part in written), default=0)):
        measures = [part.measures[index] for part in written if index < len(part.measures)]
        meter = next((measure.meter for measure in measures if measure.meter), None)
        bar = Fraction(meter.bar_steps, 4) if meter else bar
        columns.append(joined(measures, bar, first=index == 0))
    return columns


def _placed(measures: Sequence[Measure], bars: Iterable[Bar]) -> list[Event]:
    """The events of one part as played, in quarters from the beginning, ascending."""
    return [
        event._replace(start=bar.start + event.start, end=bar.start + event.end)
        for bar in bars
        if bar.measure < len(measures)
        for event in sorted(measures[bar.measure].events, key=lambda event: event.start)
    ]


_Voice = tuple[str, str, bool]
"""Staff, if voices of several have the same number, then voice, and whether it is unpitched."""


def _voices(part: WrittenPart, source: int, events: Iterable[Event]) -> Iterator[Part]:
    """One part for each voice that has notes; tied ones are joined, also from voice to voice."""
    notes: list[tuple[_Voice, TimedNote]] = []
    staves: dict[_Voice, dict[str, int]] = {}  # how many notes each voice has on each
    held: dict[tuple[int, Fraction], list[int]] = {}  # indices of notes that go on
    for event in events:
        if event.pitch is None:
            continue
        staff = event.staff if part.staves_apart else ""
        voice = staff, event.voice, event.unpitched
        counts = staves.setdefault(voice, {})
        counts[event.staff] = counts.get(event.staff, 0) + 1
        waiting = held.get((event.pitch, event.start), [])
        # A tie into a second ending is often marked only where it begins, before the first.
        same = [index for index in waiting if notes[index][0] == voice]
        if same or (event.tied_back and waiting):
            index = (same or waiting)[0]
            waiting.remove(index)
            kept, note = notes[index]
            notes[index] = kept, note._replace(end=event.end)
        else:
            index = len(notes)
            notes.append((voice, TimedNote(event.start, event.end, event.pitch)))
        if event.tied_on:
            held.setdefault((event.pitch, event.end), []).append(index)
    voices: dict[_Voice, list[TimedNote]] = {}
    for voice, note in notes:
        voices.setdefault(voice, []).append(note)
    several = len({staff for counts in staves.values() for staff in counts}) > 1
    for voice, own in sorted(voices.items()):
        detail = f"voice {one_line(voice[1], 20)}" if len(voices) > 1 else ""
        if detail and several:
            counts = staves[voice]
            detail += f", staff {one_line(max(counts, key=lambda one: counts[one]), 20)}"
        yield Part(part.name, tuple(sorted(own)), voice[2], detail, source, part.program)
