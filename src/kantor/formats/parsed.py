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
    """How much of a file is read before it is refused.

    Attributes
    ----------
    bytes : int
        Size of the file.
    text : int
        Bytes of MusicXML, unpacked. An hour of four voices takes about 10 million.
    elements : int
        Tags of MusicXML, opening and closing.
    tracks, notes : int
        Of MIDI tracks or MusicXML parts, and of notes in all of them.
    quarters : int
        Length; an hour at 120 quarters a minute is 7,200.
    bars : int
        Measures of a MusicXML part as written; MIDI has none.
    """

    bytes: int = 4_000_000
    text: int = 16_000_000
    elements: int = 1_200_000
    tracks: int = 64
    notes: int = 200_000
    quarters: int = 20_000
    bars: int = 20_000


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
    """The content of a file; a part without notes is left out.

    Attributes
    ----------
    parts : tuple of Part
        In the file's order.
    tempo : float
        Quarters a minute, in force at the first note.
    meters : tuple of (quarter, Meter)
        Where each meter begins; the first at 0, 4/4 where the file is silent.
    key : Key or None
        The first key signature, at sounding pitch.
    pickup : Fraction or None
        Quarters before the first whole bar; None where the file does not say (most MIDI).
    title : str
        One line, possibly empty.
    fermatas : tuple of (start, end)
        Spans in quarters, ascending; those of several lines may overlap.
    bar_lines : tuple of Fraction
        Where whole bars begin, as MusicXML's measures say; empty for MIDI, whose bars follow
        from `meters` and `pickup`.
    length : Fraction
        Quarters from the file's start to its end, closing rests included.
    """

    parts: tuple[Part, ...]
    tempo: float
    meters: tuple[tuple[Fraction, Meter], ...]
    key: Key | None
    pickup: Fraction | None
    title: str
    fermatas: tuple[tuple[Fraction, Fraction], ...] = ()
    bar_lines: tuple[Fraction, ...] = ()
    length: Fraction = Fraction(0)


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
