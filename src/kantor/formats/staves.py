"""Which lines share a staff, and with which clef and at which pitch each staff is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from kantor.ensemble import Line
from kantor.formats.engraving import fifths_between
from kantor.music.notation import LineNotation
from kantor.music.score import REST, Key, Pitches, Score


class Staff(NamedTuple):
    """Lines that share a staff, from the highest, and how they are written.

    A pitched line is a voice of it; drums are told apart by their places.
    """

    lines: tuple[int, ...]
    clef: tuple[str, int, int]  # sign, line and octave change
    key: Key | None  # as written
    transposition: tuple[int, int] = (0, 0)
    """Diatonic steps and semitones from the written to the sounding pitch."""

    @property
    def of_drums(self) -> bool:
        """Whether it is the drums' staff."""
        return self.clef[0] == "percussion"


_AN_OCTAVE_UP = {
    **dict.fromkeys(range(24, 32), ("G", 2, -1)),
    **dict.fromkeys((*range(32, 40), 43), ("F", 4, -1)),
}
"""The clefs of guitars and basses, by General MIDI's programs: they sound an octave lower."""
Layout = Literal["open", "closed"]
"""A staff for each line; or one for two pitched lines, at sounding pitch."""


def staves_of(score: Score, layout: Layout) -> list[Staff]:
    """The staves from the top; the drums share one in either layout."""
    together = 2 if layout == "closed" else 1
    pitched = range(score.ensemble.pitched)
    groups = [tuple(pitched[first : first + together]) for first in pitched[::together]]
    drums = tuple(range(len(pitched), len(score.ensemble)))
    groups += [drums] if drums else []
    return [_staff(score, lines, layout) for lines in groups]


def _staff(score: Score, lines: tuple[int, ...], layout: Layout) -> Staff:
    clef = clef_of([score.ensemble.lines[line] for line in lines], score.pitches[:, lines])
    if layout == "closed" or clef[0] == "percussion":
        return Staff(lines, clef, score.key)
    if score.ensemble.writing == "accompaniment":
        clef = _AN_OCTAVE_UP.get(score.ensemble.lines[lines[0]].program, clef)
    notation = score.notation.lines.get(lines[0], LineNotation())
    moved = notation.transposition or (0, 0)
    key = score.key
    if key and any(moved):
        fifths = key.fifths - fifths_between(*moved)
        key = Key(fifths if -7 <= fifths <= 7 else (fifths + 5) % 12 - 5, key.mode)
    return Staff(lines, notation.clef or clef, key, moved)


def clef_of(lines: Sequence[Line], pitches: Pitches) -> tuple[str, int, int]:
    """Sign, line and octave change of the clef that suits a line, or two that share a staff.

    By the middle of the range: the bass clef below F sharp 3, from there to middle C the treble
    clef that sounds an octave lower, as tenors have it, and above the treble clef. Two lines have
    the bass clef below middle C. Where the range is not known, the mean of `pitches`, which may
    hold rests, decides; one line has the bass clef below A3.
    """
    if lines[0].kind == "drum":
        return "percussion", 2, 0
    low, high = min(line.low for line in lines), max(line.high for line in lines)
    middle = (low + high) / 2
    if high - low == 127:
        sounding = pitches[pitches != REST]
        middle = float(sounding.mean()) if sounding.size else 127
    elif len(lines) == 1 and 54 <= middle < 60:
        return "G", 2, -1
    return ("F", 4, 0) if middle < (57 if len(lines) == 1 else 60) else ("G", 2, 0)
