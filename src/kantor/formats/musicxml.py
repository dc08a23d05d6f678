"""Write a score as MusicXML 4.0, one part a line, for notation programs.

Drum lines stand in the middle of a staff with a percussion clef; their notes have no pitch.

Written directly rather than with music21, which took 17 times as long for 600 quarters of four
voices and whose files hold dates and random ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import fromstring, indent, tostring
from xml.sax.saxutils import escape

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
_ENCODING = "<identification><encoding><software>Kantor</software></encoding></identification>"
_UNPITCHED = (
    "<unpitched><display-step>B</display-step><display-octave>4</display-octave></unpitched>"
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
    bars = bars_of(score)
    heads = [heads_of(score, line, bars) for line in range(len(score.ensemble))]
    fermatas = fermata_heads(score, bars, heads)
    title, listed, parts = escape(one_line(score.title)), [], []
    for index, line in enumerate(score.ensemble.lines):
        name = escape(one_line(line.name.capitalize()))
        listed.append(f'<score-part id="P{index + 1}"><part-name>{name}</part-name></score-part>')
        held = {start for marked, start in fermatas if marked == index}
        measures = _measures(score, index, list(zip(bars, heads[index], strict=True)), held)
        parts.append(f'<part id="P{index + 1}">{"".join(measures)}</part>')
    root = fromstring(
        '<score-partwise version="4.0">'
        + (f"<work><work-title>{title}</work-title></work>" if score.title else "")
        + f"{_ENCODING}<part-list>{''.join(listed)}</part-list>{''.join(parts)}</score-partwise>"
    )
    indent(root, " ")
    return (_HEAD + tostring(root, encoding="unicode") + "\n").encode()


def write(score: Score, path: str | Path) -> None:
    """Write `to_bytes` to `path`, whole or not at all."""
    data = to_bytes(score)
    save(path, lambda file: file.write(data))


def _measures(
    score: Score, line: int, bars: Sequence[tuple[Bar, Sequence[Head]]], fermatas: set[int]
) -> Iterator[str]:
    """Each bar with its heads; `fermatas` are the starts of the heads that carry one."""
    drum = score.ensemble.lines[line].kind == "drum"
    written: Meter | None = None
    for number, (bar, heads) in enumerate(bars, start=0 if bars[0][0].pickup else 1):
        # A pickup is a short measure of the full meter, which is how MusicXML marks it.
        meter = score.meter if bar.pickup else bar.meter
        implicit = ' implicit="yes"' if bar.pickup else ""
        yield f'<measure number="{number}"{implicit}>'
        if meter != written:
            yield _attributes(score, line, meter, first=written is None)
        if written is None and line == 0:
            tempo = f"{score.tempo:.10g}"
            mark = f"<beat-unit>quarter</beat-unit><per-minute>{tempo}</per-minute>"
            mark = f"<direction-type><metronome>{mark}</metronome></direction-type>"
            yield f'<direction placement="above">{mark}<sound tempo="{tempo}"/></direction>'
        written = meter
        beams = beams_of(heads, bar)
        shown: dict[tuple[str, int], int] = {}  # alterations in force within the bar
        for head in heads:
            beam = beams.get(head.start)
            yield _note(head, drum, score.key, shown, beam, head.start in fermatas)
        if bar is bars[-1][0]:
            yield '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
        yield "</measure>"


def _attributes(score: Score, line: int, meter: Meter, first: bool) -> str:
    """The meter; in the first bar of a part also the key and the clef."""
    beats = f"<beats>{meter.numerator}</beats><beat-type>{meter.denominator}</beat-type>"
    before = clef = ""
    if first:
        before = f"<divisions>{STEPS_PER_QUARTER}</divisions>"
        sign, staff_line, octaves = clef_of(score.ensemble.lines[line], score.pitches[:, line])
        change = f"<clef-octave-change>{octaves}</clef-octave-change>" if octaves else ""
        clef = f"<clef><sign>{sign}</sign><line>{staff_line}</line>{change}</clef>"
    if first and score.key:
        mode = f"<mode>{score.key.mode}</mode>"
        before += f"<key><fifths>{score.key.fifths}</fifths>{mode}</key>"
    return f"<attributes>{before}<time>{beats}</time>{clef}</attributes>"


def _note(
    head: Head,
    drum: bool,
    key: Key | None,
    shown: dict[tuple[str, int], int],
    beam: str | None,
    fermata: bool,
) -> str:
    """A note or a rest; an alteration is shown that neither the key nor the bar so far implies."""
    after = ""
    if head.pitch == REST:
        place = '<rest measure="yes"/>' if head.whole_bar else "<rest/>"
    elif drum:
        place = _UNPITCHED
    else:
        step, alteration, octave = spell(head.pitch, key)
        alter = f"<alter>{alteration}</alter>" if alteration else ""
        place = f"<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>"
        implied = shown.get((step, octave), signature_of(key).get(step, 0))
        shown[step, octave] = alteration
        if alteration != implied and not head.tied_back:
            after = f"<accidental>{_ACCIDENTALS[alteration]}</accidental>"
    if beam:
        after += f'<beam number="1">{beam}</beam>'
    value = ""
    if not head.whole_bar:
        name, dots = NOTE_VALUES[head.end - head.start]
        value = f"<type>{name}</type>" + "<dot/>" * dots
    kinds = [kind for kind, tied in (("stop", head.tied_back), ("start", head.tied_on)) if tied]
    ties = "".join(f'<tie type="{kind}"/>' for kind in kinds)
    notations = ties.replace("<tie ", "<tied ") + '<fermata type="upright"/>' * fermata
    if notations:
        after += f"<notations>{notations}</notations>"
    duration = f"<duration>{head.end - head.start}</duration>"
    return f"<note>{place}{duration}{ties}<voice>1</voice>{value}{after}</note>"
