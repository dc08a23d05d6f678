"""Write the measures of a part of MusicXML: attributes, notes of each voice, bar lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kantor.formats.engraving import NOTE_VALUES, Head, accidentals_of, beams_of, spell
from kantor.formats.musicxml_marks import Mark, dynamic_marks, lyrics_of, slurs_of
from kantor.formats.staves import Staff
from kantor.music.bars import Bar
from kantor.music.notation import LineNotation
from kantor.music.score import REST, STEPS_PER_QUARTER, Key, Meter, Score

_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_STEMLESS = 16  # steps from which a head has no stem


class Hit(NamedTuple):
    """What is written of a drum that is struck."""

    place: str
    instrument: str
    head: str


@dataclass
class Voice:
    """A line, or what a drummer's hands or feet play, as a voice of its staff; as written."""

    number: int  # in its staff, from 0
    alone: bool
    heads: Sequence[Sequence[Head]]  # by measure
    hits: Mapping[int, Sequence[Hit]] | None  # of drums, by the start of the head
    fermatas: Collection[int]  # starts of the heads that carry one
    slurs: Mapping[int, str] = field(default_factory=dict)  # by the start of the head
    lyrics: Mapping[int, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)  # not yet written, the next one last

    def add(self, marks: Iterable[Mark]) -> None:
        """Add marks; at the same step they stand before those that are there."""
        merged = sorted([*marks, *reversed(self.marks)], key=lambda mark: mark.start)
        self.marks = merged[::-1]

    def marks_before(self, end: int) -> Iterator[Mark]:
        """The marks that begin before `end` and are not yet written."""
        while self.marks and self.marks[-1].start < end:
            yield self.marks.pop()


def voice_of(
    score: Score,
    staff: Staff,
    number: int,
    heads: Sequence[Sequence[Head]],
    fermatas: Collection[int],
) -> Voice:
    """Voice `number` of a staff, whose heads have sounding pitches, by measure."""
    line = staff.lines[number]
    semitones = staff.transposition[1]
    if semitones:
        heads = [
            [head._replace(pitch=head.pitch - semitones * (head.pitch != REST)) for head in bar]
            for bar in heads
        ]
    notation = score.notation.lines.get(line, LineNotation())
    voice = Voice(
        number,
        len(staff.lines) == 1,
        heads,
        None,
        fermatas,
        slurs_of(notation.slurs, heads),
        lyrics_of(notation.lyrics),
    )
    above = bool(notation.lyrics) if voice.alone else number == 0
    voice.add(dynamic_marks(notation.dynamics, score.steps, "above" if above else "below"))
    return voice


def measures_in(
    score: Score,
    staff: Staff,
    voices: Sequence[Voice],
    bars: Sequence[Bar],
    barlines: Mapping[tuple[str, int], str],
) -> Iterator[str]:
    """Each bar with the heads of all voices; `barlines` by side of the measure and step."""
    written: Meter | None = None
    number = added = 0
    for index, bar in enumerate(bars):
        # A pickup is a short measure of the full meter, which is how MusicXML marks it.
        added += bar.pickup and index > 0
        number += not bar.pickup
        name = f"X{added}" if bar.pickup and index else str(number)
        implicit = ' implicit="yes"' if bar.pickup else ""
        yield f'<measure number="{name}"{implicit}>{barlines.get(("left", bar.start), "")}'
        meter = (written or score.meter) if bar.pickup else bar.meter
        if meter != written:
            yield _attributes(meter, staff if written is None else None)
        written = meter
        own = [voice.heads[index] for voice in voices]
        accidentals = accidentals_of([] if staff.of_drums else own, staff.key)
        for voice in voices:
            if voice.number:
                yield f"<backup><duration>{bar.end - bar.start}</duration></backup>"
            yield from _stream(voice, own[voice.number], bar, staff.key, accidentals)
            if bar is bars[-1]:
                yield from (mark.placed(mark.start) for mark in voice.marks_before(score.steps + 1))
        yield barlines.get(("right", bar.end), "") + "</measure>"


def _attributes(meter: Meter, staff: Staff | None) -> str:
    """The meter; in the first bar of a part also what holds for its whole staff."""
    beats = f"<beats>{meter.numerator}</beats><beat-type>{meter.denominator}</beat-type>"
    before = after = ""
    if staff:
        before = f"<divisions>{STEPS_PER_QUARTER}</divisions>"
        if staff.key:
            mode = f"<mode>{staff.key.mode}</mode>"
            before += f"<key><fifths>{staff.key.fifths}</fifths>{mode}</key>"
        sign, staff_line, octaves = staff.clef
        change = f"<clef-octave-change>{octaves}</clef-octave-change>" if octaves else ""
        after = f"<clef><sign>{sign}</sign><line>{staff_line}</line>{change}</clef>"
        after += _transpose(*staff.transposition)
    return f"<attributes>{before}<time>{beats}</time>{after}</attributes>"


def _transpose(steps: int, semitones: int) -> str:
    if not (steps or semitones):
        return ""
    octaves = int(semitones / 12)
    parts = {"diatonic": steps - 7 * octaves, "chromatic": semitones - 12 * octaves}
    if octaves:
        parts["octave-change"] = octaves
    return "<transpose>" + "".join(f"<{n}>{v}</{n}>" for n, v in parts.items()) + "</transpose>"


def _stream(
    voice: Voice,
    heads: Sequence[Head],
    bar: Bar,
    key: Key | None,
    accidentals: Mapping[tuple[int, int], int],
) -> Iterator[str]:
    """The heads of one voice in one bar, each after the marks that begin with it or within it."""
    beams = beams_of(heads, bar)
    for head in heads:
        yield from (mark.placed(head.start) for mark in voice.marks_before(head.end))
        beam = beams.get(head.start)
        if head.pitch == REST or voice.hits is None:
            yield _note(voice, head, key, accidentals.get((voice.number, head.start)), beam)
            continue
        for count, hit in enumerate(voice.hits[head.start]):
            yield _note(voice, head, key, None, beam, hit, chord=count > 0)


def _note(
    voice: Voice,
    head: Head,
    key: Key | None,
    alteration: int | None,
    beam: str | None,
    hit: Hit | None = None,
    chord: bool = False,
) -> str:
    """A note, a drum's or not, or a rest; `alteration` is of the accidental that is shown."""
    length = head.end - head.start
    if head.pitch == REST:
        place = '<rest measure="yes"/>' if head.whole_bar else "<rest/>"
    elif hit:
        place = "<chord/>" * chord + hit.place
    else:
        step, alter, octave = spell(head.pitch, key)
        altered = f"<alter>{alter}</alter>" if alter else ""
        place = f"<pitch><step>{step}</step>{altered}<octave>{octave}</octave></pitch>"
    value = ""
    if not head.whole_bar:
        name, dots = NOTE_VALUES[length]
        value = f"<type>{name}</type>" + "<dot/>" * dots
    if alteration is not None:
        value += f"<accidental>{_ACCIDENTALS[alteration]}</accidental>"
    if not voice.alone and head.pitch != REST and length < _STEMLESS:
        value += f"<stem>{'down' if voice.number else 'up'}</stem>"
    value += hit.head if hit else ""
    if beam and not chord:
        value += f'<beam number="1">{beam}</beam>'
    kinds = [kind for kind, tied in (("stop", head.tied_back), ("start", head.tied_on)) if tied]
    ties = "".join(f'<tie type="{kind}"/>' for kind in kinds)
    fermata = f'<fermata type="{"inverted" if voice.number else "upright"}"/>'
    notations = ties.replace("<tie ", "<tied ") + voice.slurs.get(head.start, "")
    notations += fermata * (head.start in voice.fermatas)
    if notations:
        value += f"<notations>{notations}</notations>"
    if head.pitch != REST and not head.tied_back:
        value += voice.lyrics.get(head.start, "")
    about = f"<duration>{length}</duration>{ties}{hit.instrument if hit else ''}"
    hidden = head.pitch == REST and voice.number > 0 and voice.hits is not None  # one shows rests
    shown = ' print-object="no"' * hidden
    return f"<note{shown}>{place}{about}<voice>{voice.number + 1}</voice>{value}</note>"
