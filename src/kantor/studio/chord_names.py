"""Chord names under the bass: what each beat sounds, as players write it ("G7/B", "Dm", "B°").

A beat's chord is the first sonority within it that is a whole triad or seventh chord, for passing
notes and suspensions come and go around it. Where there is none, a suspended fourth counts, or a
chord that lacks its fifth. A beat of which nothing of that can be said has no name. Names stand
where the chord changes. The lowest note that sounds is the bass, whichever line has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kantor.formats.chord_symbols import SUFFIXES, place_of, symbols_of
from kantor.formats.engraving import letter_of
from kantor.music.score import REST, Key, Meter, Score


class Kind(NamedTuple):
    """A kind of chord: its name in MusicXML, what follows the root, and its notes.

    Notes are places on the line of fifths above the root: a fifth is 1, a major third 4.
    """

    name: str
    suffix: str
    notes: tuple[int, ...]


_WHOLE = (
    Kind("major", "", (0, 4, 1)),
    Kind("minor", "m", (0, -3, 1)),
    Kind("diminished", "°", (0, -3, -6)),
    Kind("augmented", "+", (0, 4, 8)),
    Kind("dominant", "7", (0, 4, 1, -2)),
    Kind("minor-seventh", "m7", (0, -3, 1, -2)),
    Kind("major-seventh", "maj7", (0, 4, 1, 5)),
    Kind("half-diminished", "ø7", (0, -3, -6, -2)),
    Kind("diminished-seventh", "°7", (0, -3, -6, -9)),
)
_SUSPENDED = (
    Kind("suspended-fourth", "sus4", (0, -1, 1)),
    Kind("dominant", "7sus4", (0, -1, 1, -2)),
)
_WITHOUT_FIFTH = (
    Kind("major", "", (0, 4)),
    Kind("minor", "m", (0, -3)),
    Kind("dominant", "7", (0, 4, -2)),
    Kind("minor-seventh", "m7", (0, -3, -2)),
    Kind("major-seventh", "maj7", (0, 4, 5)),
)
_ACCIDENTALS = {-2: "♭♭", -1: "♭", 0: "", 1: "♯", 2: "♯♯"}


class Chord(NamedTuple):
    """A chord from `step` on; root and bass are places on the line of fifths, C = 0."""

    step: int
    root: int
    kind: Kind
    bass: int

    @property
    def text(self) -> str:
        """Such as "F♯m7/A"."""
        over = "" if self.bass == self.root else f"/{_letter(self.bass)}"
        return f"{_letter(self.root)}{self.kind.suffix}{over}"


def chords_of(score: Score) -> list[Chord]:
    """The chords of a score, each where it begins; after a silence a chord is named again."""
    if score.ensemble.writing == "accompaniment":
        return _symbols(score)
    key = score.key or Key()
    named: list[Chord] = []
    last = ""
    for start, end in _beats(score):
        slices = list(_slices(score, start, end))
        if not slices:
            last = ""
        elif (chord := _chord_of(slices, key)) and chord.text != last:
            named.append(chord._replace(step=start))
            last = chord.text
    return named


def _symbols(score: Score) -> list[Chord]:
    """The chord symbols of an accompaniment."""
    return [
        Chord(
            int(symbol.start),
            symbol.root,
            Kind(symbol.kind, SUFFIXES[symbol.kind], ()),
            symbol.root if symbol.bass is None else symbol.bass,
        )
        for symbol in symbols_of(score)
        if symbol.root is not None
    ]


def _beats(score: Score) -> Iterator[tuple[int, int]]:
    """Start and end of each beat, a quarter at most where it is not compound."""
    meters = [(0, score.meter), *score.meters]
    since = score.bar_positions[:, 0].tolist()
    beat, start = 1, 0
    for step, place in enumerate(since):
        while meters and meters[0][0] <= step:
            beat = _beat(meters.pop(0)[1])
        if place % beat == 0 and step > start:
            yield start, step
            start = step
    yield start, score.steps


def _beat(meter: Meter) -> int:
    """A meter's beat in steps, as harmony moves: eighths of 3/8 are one, halves are two."""
    if meter.denominator == 8 and meter.numerator == 3:
        return 6
    return meter.beat_steps if meter.beat_steps == 6 else max(2, min(4, meter.beat_steps))


def _slices(score: Score, start: int, end: int) -> Iterator[list[int]]:
    """The different sonorities of a stretch: MIDI numbers, the lowest first."""
    before: list[int] = []
    for row in score.pitches[start:end, : score.ensemble.pitched].tolist():
        sounding = sorted(pitch for pitch in row if pitch != REST)
        if sounding and sounding != before:
            yield sounding
        before = sounding


def _chord_of(slices: Sequence[list[int]], key: Key) -> Chord | None:
    """The chord of a beat, of its sonorities in their order."""
    for kinds in (_WHOLE, _SUSPENDED, _WITHOUT_FIFTH):
        for sounding in slices:
            found = [chord for kind in kinds if (chord := _fit(sounding, kind, key))]
            if found:
                return found[0]
    return None


def _fit(sounding: Sequence[int], kind: Kind, key: Key) -> Chord | None:
    """The chord of this kind that a sonority is; None if it is none.

    Where several roots will do (an augmented triad, a diminished seventh) the leading tone of the
    key is the root, else the bass. A suspended chord stands on its root.
    """
    classes = {pitch % 12 for pitch in sounding}
    bass = sounding[0] % 12
    shape = {note * 7 % 12 for note in kind.notes}
    roots = [root for root in classes if {(root + note) % 12 for note in shape} == classes]
    if kind in _SUSPENDED:
        roots = [root for root in roots if root == bass]
    if not roots:
        return None
    leading = (key.tonic - 1) % 12
    root = leading if leading in roots else bass if bass in roots else roots[0]
    place = place_of(root, key)
    third = next(note for note in kind.notes if (root + note * 7) % 12 == bass)
    return Chord(0, place, kind, place + third)


def _letter(place: int) -> str:
    while place < -12:  # beyond three flats another letter is read more easily
        place += 12
    letter, alteration = letter_of(place)
    return letter + _ACCIDENTALS[alteration]
