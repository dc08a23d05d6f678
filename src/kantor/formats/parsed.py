"""Music as a file holds it: notes of several parts in exact time, before any grid.

Time runs in quarters from the file's start and is exact (`Fraction`), so that a triplet is a
third and nothing is rounded before `kantor.music.quantise` decides how.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from kantor.errors import InputError
from kantor.music.notes import TimedNote
from kantor.music.score import Key, Meter

DRUM_CHANNEL = 9
"""The MIDI channel of drums, counted from 0."""
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
    tracks: int = 64  # or parts of MusicXML
    notes: int = 200_000  # in all tracks
    quarters: int = 20_000  # of length; an hour at 120 quarters a minute is 7,200
    bars: int = 20_000  # measures of a MusicXML part as written; MIDI has none


@dataclass(frozen=True)
class Part:
    """The notes of one track and channel (MIDI), or of one part and voice (MusicXML), sorted."""

    name: str
    notes: tuple[TimedNote, ...]
    is_drum: bool = False

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
    tempo: float  # quarters a minute, in force at the first note
    meters: tuple[tuple[Fraction, Meter], ...]  # and where each begins; the first at 0
    key: Key | None  # the first key signature, at sounding pitch
    pickup: Fraction | None  # before the first whole bar; None where none is marked (most MIDI)
    title: str  # one line, possibly empty
    fermatas: tuple[tuple[Fraction, Fraction], ...] = ()
    """Start and end of each, ascending; those of several lines may overlap."""
    bar_lines: tuple[Fraction, ...] = ()
    """Where whole bars begin; empty for MIDI, whose bars follow from `meters` and `pickup`."""
    length: Fraction = Fraction(0)  # closing rests included


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
