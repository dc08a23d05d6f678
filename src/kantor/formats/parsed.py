"""Music as a file holds it: notes of several parts in exact time, before any grid.

Time runs in quarters from the file's start and is exact (`Fraction`), so that a triplet is a
third and nothing is rounded before `kantor.music.quantise` decides how.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from kantor.errors import InputError
from kantor.music.notation import AS_WRITTEN, Notation
from kantor.music.notes import TimedNote
from kantor.music.score import Key, Meter

DRUM_CHANNEL = 9
"""The MIDI channel of drums, counted from 0."""
SWING = "Swing"
"""What a text in MIDI begins with that tells of swing."""
LATE = Fraction(1, 8)  # quarters by which a tempo or key may stand after the note it is meant for
_EXCESS = {
    "bytes": "larger than {:,} bytes",
    "text": "larger than {:,} bytes",
    "elements": "more than {:,} XML tags",
    "quarters": "more than {:,} quarters of length",
}


@dataclass(frozen=True)
class Limits:
    """How much of a file is read before it is refused."""

    bytes: int = 4_000_000
    text: int = 16_000_000  # bytes of unpacked MusicXML; an hour of four voices takes 10 million
    elements: int = 1_200_000  # tags of MusicXML, opening and closing
    tracks: int = 1_000  # with notes, or parts of MusicXML
    notes: int = 200_000  # in all tracks
    quarters: int = 20_000  # of length; an hour at 120 quarters a minute is 7,200
    bars: int = 20_000  # measures of a MusicXML part as written; MIDI has none


@dataclass(frozen=True)
class Part:
    """The notes of one track and channel (MIDI), or of one part and voice (MusicXML), sorted."""

    name: str  # of the track or part, as the file has it
    notes: tuple[TimedNote, ...]
    is_drum: bool = False
    detail: str = ""  # "channel 3" or "voice 2", where the track or part has several
    source: int = 0  # the track or part of the file, counted from 0; several voices share one
    program: int | None = None  # General MIDI, counted from 0; None where the file names none

    @property
    def label(self) -> str:
        """The name with the channel or voice."""
        return f"{self.name} {self.detail}".strip()

    @property
    def sounding(self) -> Fraction:
        """The durations of the notes, added up, in quarters."""
        return Fraction(sum(note.end - note.start for note in self.notes))

    @property
    def mean_pitch(self) -> Fraction:
        """The mean MIDI note number, weighted by duration."""
        return sum(note.pitch * (note.end - note.start) for note in self.notes) / self.sounding


@dataclass(frozen=True)
class ParsedFile:
    """The content of a file, times in quarters; a part without notes is left out."""

    parts: tuple[Part, ...]  # in the file's order
    meters: tuple[tuple[Fraction, Meter], ...]  # and where each begins; the first at 0
    title: str = ""  # one line, possibly empty
    tempi: tuple[tuple[Fraction, float], ...] = ()
    """Quarters a minute, and where each begins, ascending; empty where the file names none."""
    keys: tuple[tuple[Fraction, Key], ...] = ()
    """At sounding pitch, and where each begins, ascending; empty where the file names none."""
    pickup: Fraction | None = None  # before the first whole bar; None where none is marked (MIDI)
    fermatas: tuple[tuple[Fraction, Fraction], ...] = ()
    """Start and end of each, ascending; those of several lines may overlap."""
    bar_lines: tuple[Fraction, ...] = ()
    """Where whole bars begin; empty for MIDI, whose bars follow from `meters` and `pickup`."""
    length: Fraction = Fraction(0)  # closing rests included
    kind: Literal["midi", "musicxml", "abc"] = "midi"
    default_tempo: float = 120.0  # where the file names none
    names_meter: bool = True  # False where `meters` is a default
    notation: Notation = AS_WRITTEN
    messages: tuple[str, ...] = ()
    """What was mended, rounded or left out in reading, one line each."""

    @property
    def first(self) -> Fraction:
        """Where the first note begins."""
        return min((Fraction(part.notes[0].start) for part in self.parts), default=Fraction(0))

    @property
    def tempo(self) -> float:
        """Quarters a minute at the first note of all parts."""
        return self.tempo_at(self.first)

    @property
    def key(self) -> Key | None:
        """The first key signature."""
        return self.keys[0][1] if self.keys else None

    def tempo_at(self, time: Fraction) -> float:
        """Quarters a minute at a time; some programs write the tempo a tick too late."""
        held = [tempo for start, tempo in self.tempi if start <= time + LATE]
        return held[-1] if held else self.default_tempo

    def key_at(self, time: Fraction) -> Key | None:
        """The key signature at a time, else the first one."""
        held = [key for start, key in self.keys if start <= time + LATE]
        return held[-1] if held else self.key


def believable_tempo(tempo: float) -> float | None:
    """The tempo, in quarters a minute, to three digits; None where it cannot be meant."""
    return round(tempo, 3) if 5 <= tempo <= 1000 else None


def check_size(limits: Limits, **sizes: float) -> None:
    """Refuse sizes, by the names that `limits` has for them, of which there is too much.

    Raises
    ------
    InputError
        One line that names what there is too much of.
    """
    for name, size in sizes.items():
        allowed = getattr(limits, name)
        if size > allowed:
            excess = _EXCESS.get(name, f"more than {{:,}} {name}").format(allowed)
            raise InputError(f"{excess}; cut the piece into smaller ones")
