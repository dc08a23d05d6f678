"""What a score holds beside its notes: words, chord symbols, repeats, and how a line is written.

Times are quarters from the start in a file that was read, and steps from the start in a score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal, NamedTuple

Time = Fraction | int
"""Of a note or a mark: quarters, or whole numbers of a finer unit that is then named beside it."""


class Lyric(NamedTuple):
    """A syllable under the note that begins at `start`."""

    start: Time
    text: str
    syllabic: Literal["single", "begin", "middle", "end"] = "single"
    verse: str = "1"
    extend: bool = False  # a line follows it, for a melisma


class ChordSymbol(NamedTuple):
    """A chord symbol over the notes; roots are places on the line of fifths, C = 0, G = 1."""

    start: Time
    root: int | None  # None: no chord
    kind: str  # as MusicXML has it, such as "minor-seventh"
    text: str = ""  # how the kind is written, such as "m7"; empty for the usual way
    bass: int | None = None
    degrees: tuple[tuple[int, int, str], ...] = ()
    """Degree, alteration and "add", "alter" or "subtract" of each."""


class Words(NamedTuple):
    """Words on the tempo or the expression, such as "Allegro" or "rit."."""

    start: Time
    text: str


class Dynamic(NamedTuple):
    """A mark such as "p" or "sfz", or where a hairpin begins and stops."""

    start: Time
    mark: str  # or "crescendo", "diminuendo", "stop"


class Slur(NamedTuple):
    """A slur, from the start of its first note to the start of its last one."""

    start: Time
    end: Time


class Sign(NamedTuple):
    """A repeat sign or the edge of an ending at the bar line at `start`."""

    start: Time
    kind: Literal["forward", "backward", "ending", "ending-stop", "ending-open"]
    numbers: tuple[int, ...] = ()
    """Of an ending the passes in which it is played; of a backward sign how often, if not twice."""


class Span(NamedTuple):
    """A stretch of the written score."""

    start: Time
    end: Time


@dataclass(frozen=True)
class LineNotation:
    """How one line is written and what is sung to it."""

    lyrics: tuple[Lyric, ...] = ()
    dynamics: tuple[Dynamic, ...] = ()
    slurs: tuple[Slur, ...] = ()
    clef: tuple[str, int, int] | None = None
    """Sign, line and octave change; None for what suits the line."""
    transposition: tuple[int, int] | None = None
    """Diatonic steps and semitones from the written to the sounding pitch, octaves included."""


@dataclass(frozen=True)
class Notation:
    """What belongs to a whole score, and to its lines."""

    composer: str = ""
    lyricist: str = ""
    chords: tuple[ChordSymbol, ...] = ()
    words: tuple[Words, ...] = ()
    signs: tuple[Sign, ...] = ()
    played: tuple[Span, ...] = ()
    """The stretches in the order in which they are played; empty where that is as written."""
    lines: Mapping[int, LineNotation] = field(default_factory=dict)
    """In a score by the number of the line; in a file that was read by `Part.source`."""
    fermatas_inferred: bool = False
    """Whether the score's fermatas were found in its melody, and were not in the file."""

    def moved(self, move: Callable[[Time], Time | None]) -> Notation:
        """With every time moved by `move`; what it answers None for is left out."""
        lines = {
            number: replace(
                line,
                lyrics=_moved(line.lyrics, move),
                dynamics=_moved(line.dynamics, move),
                slurs=_moved(line.slurs, move),
            )
            for number, line in self.lines.items()
        }
        return replace(
            self,
            chords=_moved(self.chords, move),
            words=_moved(self.words, move),
            signs=_moved(self.signs, move),
            played=_moved(self.played, move),
            lines=lines,
        )


AS_WRITTEN = Notation()
"""Of a score that has nothing beside its notes."""


def _moved(marks: tuple[Any, ...], move: Callable[[Time], Time | None]) -> tuple[Any, ...]:
    """Marks whose `start`, and `end` where they have one, were moved."""
    kept = []
    for mark in marks:
        times = {
            name: move(getattr(mark, name)) for name in ("start", "end") if hasattr(mark, name)
        }
        if None not in times.values():
            kept.append(mark._replace(**times))
    return tuple(kept)
