"""Write a score as MusicXML 4.0 for notation programs: a part for each staff.

In the open layout each line has a staff. In the closed one two pitched lines share a staff as
its voices, as hymnals print them. Drum lines share a staff with a percussion clef; their notes
have no pitch, and an instrument each by which they are told apart. Over an accompaniment without
chord symbols stand those that `kantor.formats.chord_symbols` finds.

Written directly rather than with music21, which took 17 times as long for 600 quarters of four
voices and whose files hold dates and random ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import fromstring, indent, tostring
from xml.sax.saxutils import escape

from kantor.errors import InputError, one_line
from kantor.files import save
from kantor.formats.chord_symbols import with_symbols
from kantor.formats.engraving import fermata_heads, heads_of, measures_of
from kantor.formats.musicxml_instruments import instruments
from kantor.formats.musicxml_marks import barlines_of, score_marks
from kantor.formats.musicxml_notes import measures_in, voice_of
from kantor.formats.percussion import drum_voices
from kantor.formats.staves import Layout, Staff, staves_of
from kantor.music.repeats import struck
from kantor.music.score import Score

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_ENCODING = "<encoding><software>Kantor</software></encoding>"


def to_bytes(score: Score, layout: Layout = "open") -> bytes:
    """The bytes of a MusicXML file, the same for the same score; parts are named after the lines.

    Fermatas that were inferred are not written.

    Raises
    ------
    InputError
        If the score has no steps.
    """
    if not score.pitches.size:
        raise InputError(f"{len(score.ensemble)} lines of {score.steps} steps: no score to write")
    score = with_symbols(struck(score))
    staves = staves_of(score, layout)
    measures = measures_of(score)
    barlines = barlines_of(score.notation.signs, score.steps)
    heads = [heads_of(score, line, measures) for line in range(score.ensemble.pitched)]
    inferred = score.notation.fermatas_inferred
    fermatas = set() if inferred else fermata_heads(score, measures, heads)
    parts = []
    for number, staff in enumerate(staves, 1):
        voices = (
            drum_voices(score, staff.lines, number, measures)
            if staff.of_drums
            else [
                voice_of(score, staff, voice, heads[line], {at for n, at in fermatas if n == line})
                for voice, line in enumerate(staff.lines)
            ]
        )
        if number == 1:
            voices[0].add(score_marks(score, staff.transposition))
        written = "".join(measures_in(score, staff, voices, measures, barlines))
        parts.append(f'<part id="P{number}">{written}</part>')
    root = fromstring(
        f'<score-partwise version="4.0">{_about(score)}'
        f"<part-list>{_part_list(score, staves)}</part-list>{''.join(parts)}</score-partwise>"
    )
    indent(root, " ")
    return (_HEAD + tostring(root, encoding="unicode") + "\n").encode()


def write(score: Score, path: str | Path, layout: Layout = "open") -> None:
    """Write `to_bytes` to `path`, whole or not at all."""
    data = to_bytes(score, layout)
    save(path, lambda file: file.write(data))


def _about(score: Score) -> str:
    """Title and authors."""
    title = f"<work><work-title>{escape(one_line(score.title))}</work-title></work>"
    named = {"composer": score.notation.composer, "lyricist": score.notation.lyricist}
    creators = "".join(
        f'<creator type="{kind}">{escape(one_line(name))}</creator>'
        for kind, name in named.items()
        if name
    )
    about = f"<identification>{creators}{_ENCODING}</identification>"
    return title * bool(score.title) + about


def _part_list(score: Score, staves: Sequence[Staff]) -> str:
    """The parts' names, each with its first line's instrument.

    A bracket joins pitched ones, in a closed score the bar lines as well.
    """
    names = [
        "Drums"
        if staff.of_drums
        else " ".join(score.ensemble.names[line].capitalize() for line in staff.lines)
        for staff in staves
    ]
    listed = [
        f'<score-part id="P{number}"><part-name>{escape(one_line(name))}</part-name>'
        f"{instruments(score, number, staff)}</score-part>"
        for number, (name, staff) in enumerate(zip(names, staves, strict=True), 1)
    ]
    pitched = sum(not staff.of_drums for staff in staves)
    if pitched > 1:
        joined = "yes" if len(staves[0].lines) > 1 else "no"
        style = f"<group-symbol>bracket</group-symbol><group-barline>{joined}</group-barline>"
        listed.insert(pitched, '<part-group type="stop" number="1"/>')
        listed.insert(0, f'<part-group type="start" number="1">{style}</part-group>')
    return "".join(listed)
