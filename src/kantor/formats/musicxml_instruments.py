"""Write what plays a part of MusicXML, by names and by General MIDI's numbers."""

from __future__ import annotations

from xml.sax.saxutils import escape

from kantor.ensemble import Line
from kantor.formats.parsed import DRUM_CHANNEL
from kantor.formats.staves import Staff
from kantor.music.instruments import PROGRAMS
from kantor.music.score import Score


def instruments(score: Score, part: int, staff: Staff) -> str:
    """The instruments of a part: each drum, or what plays the first line; MIDI counts from 1."""
    lines = [score.ensemble.lines[line] for line in staff.lines]
    lines = lines if staff.of_drums else lines[:1]
    names = "".join(
        f'<score-instrument id="{identity(part, line)}"><instrument-name>'
        f"{escape(_name(line).capitalize())}</instrument-name></score-instrument>"
        for line in lines
    )
    return names + "".join(
        f'<midi-instrument id="{identity(part, line)}">{_midi(part, line)}'
        f"{_mixed(line) if score.ensemble.sound else ''}</midi-instrument>"
        for line in lines
    )


def identity(part: int, line: Line) -> str:
    """The id of what plays a line, among the instruments of its part."""
    return f"P{part}-D{line.low}" if line.kind == "drum" else f"P{part}-I1"


def _name(line: Line) -> str:
    if line.kind == "drum":
        return line.name
    return next((name for name, program in PROGRAMS.items() if program == line.program), line.name)


def _midi(part: int, line: Line) -> str:
    channel = DRUM_CHANNEL + 1 if line.kind == "drum" else (part - 1) % 9 + 1
    tag, number = ("unpitched", line.low) if line.kind == "drum" else ("program", line.program)
    return f"<midi-channel>{channel}</midi-channel><midi-{tag}>{number + 1}</midi-{tag}>"


def _mixed(line: Line) -> str:
    """Loudness in percent, 80 as it comes, and place in degrees from the middle."""
    return f"<volume>{min(100, round(80 * line.level))}</volume><pan>{round(90 * line.pan)}</pan>"
