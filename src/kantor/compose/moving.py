"""Move a piece by semitones, and tell where its given line leaves the other voices no room.

The bounds come from a trial: lines of 40 of Bach's chorales, none of them trained on, were given to
the model at every second semitone. Outside these bounds voices cross three times as often as
between them; a soprano on F4 is crossed by the alto for 1.7% of the time, on C4 for 6%, and where
Bach's own mostly lie for 0.3%.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from kantor.compose.octaves import pitch_name, with_article
from kantor.compose.overrides import FIT, Overrides
from kantor.ensemble import Line
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.notation import ChordSymbol
from kantor.music.score import REST, Key, Pitches, Score

# Between which means a given line leaves the others room, and by how much more `fit` aims at.
_ROOM = {"soprano": (66.5, 79), "alto": (61, 70), "tenor": (52, 62), "bass": (36, 54)}
_MORE = 2
_FARTHEST = 6  # semitones that `fit` moves at most
_FEW_SIGNS, _PER_SIGN = 3, 0.5  # of a key signature; semitones for each that is more
_SHARPEST, _FLATTEST = 12, -12  # roots of chords on the line of fifths


def semitones_for(score: Score, lines: Iterable[int], wanted: int | str) -> int:
    """The semitones that are wanted; for ``fit`` the fewest with which the given lines suit.

    They then suit their voices and leave the others room. A key of more than three sharps or flats
    counts as if it were farther.
    """
    given = [(score.ensemble.lines[line], _sounding(score, line)) for line in lines]
    return _fitting(given, score.key) if wanted == FIT else int(wanted)


def moved(
    file: ParsedFile,
    lines: Mapping[int, Part],
    overrides: Overrides,
    key: Key | None,
    semitones: int,
) -> tuple[ParsedFile, dict[int, Part], Overrides]:
    """Move the keys and chord symbols of a file, the parts of its lines, and the `key` found."""
    keys = tuple((start, key.transposed(semitones)) for start, key in file.keys)
    chords = tuple(_chord_moved(file, chord, semitones) for chord in file.notation.chords)
    parts = {
        line: replace(
            part, notes=tuple(note._replace(pitch=note.pitch + semitones) for note in part.notes)
        )
        for line, part in lines.items()
    }
    if key:
        overrides = replace(overrides, key=key.transposed(semitones))
    file = replace(file, keys=keys, notation=replace(file.notation, chords=chords))
    return file, parts, overrides


def _chord_moved(file: ParsedFile, chord: ChordSymbol, semitones: int) -> ChordSymbol:
    """Move a chord symbol; it is spelt as in the key that its own key becomes."""
    fifths = (7 * semitones + 5) % 12 - 5
    if key := file.key_at(Fraction(chord.start)):
        fifths = key.transposed(semitones).fifths - key.fifths

    def respelt(place: int | None) -> int | None:
        if place is None:
            return None
        there = place + fifths
        return there - 12 if there > _SHARPEST else there + 12 if there < _FLATTEST else there

    return chord._replace(root=respelt(chord.root), bass=respelt(chord.bass))


def transposition_messages(score: Score, semitones: int, index: int | None) -> list[str]:
    """A message on a transposition, or where the one line that is given needs one."""
    if semitones:
        way, plural = "up" if semitones > 0 else "down", "s" * (abs(semitones) > 1)
        key = f", to {score.key.name}" if score.key else ""
        return [f"transposed {way} {abs(semitones)} semitone{plural}{key}"]
    if index is None:
        return []
    line = score.ensemble.lines[index]
    pitches = _sounding(score, index)
    low = _squeezed(line, pitches)
    if low is None:
        return []
    mean = pitch_name(round(float(pitches.mean())))
    return [
        f"the melody lies {'low' if low else 'high'} for {with_article(line)} (mean {mean}): the "
        f"voices {'below' if low else 'above'} are squeezed; --transpose "
        f"{_fitting([(line, pitches)], score.key)} would help"
    ]


def _sounding(score: Score, index: int) -> Pitches:
    """A line's pitches, one a step, without its rests."""
    pitches: Pitches = score.pitches[:, index]
    return np.asarray(pitches[pitches != REST])


def _fitting(given: Sequence[tuple[Line, Pitches]], key: Key | None) -> int:
    """The fewest semitones for lines, each with its sounding pitches, one a step."""

    def cost(semitones: int) -> tuple[float, float]:
        unsuited = sum(_unsuited(line, pitches, semitones) for line, pitches in given)
        fifths = abs(key.transposed(semitones).fifths) if key else 0
        return unsuited, abs(semitones) + _PER_SIGN * max(0, fifths - _FEW_SIGNS)

    if all(_squeezed(line, pitches) is None for line, pitches in given) and cost(0)[0] < _MORE:
        return 0
    return min(range(-_FARTHEST, _FARTHEST + 1), key=cost)


def _squeezed(line: Line, pitches: Pitches) -> bool | None:
    """True for a line that lies too low, False for one too high, None for neither."""
    low, high = _ROOM.get(line.name, (0, 127))
    mean = float(pitches.mean())
    return True if mean < low else False if mean > high else None


def _unsuited(line: Line, pitches: Pitches, semitones: int) -> float:
    """Semitones from where a line has room, plus 12 times the share of steps out of its range."""
    low, high = _ROOM.get(line.name, (0, 127))
    notes = pitches.astype(int) + semitones
    mean = float(notes.mean())
    outside = float(((notes < line.low) | (notes > line.high)).mean())
    return max(0.0, low + _MORE - mean, mean - high + _MORE) + 12 * outside
