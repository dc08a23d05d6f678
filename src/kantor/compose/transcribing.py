"""Write notes of a file onto the sixteenth grid as a score, and say what that took.

What comes out has all that a model must know: its place in the bars, its key, where its phrases
end, and notes that its lines can sing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kantor.compose.melody import in_units, top_line
from kantor.compose.placing import Rests, place
from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import InputError
from kantor.formats.parsed import ParsedFile
from kantor.music.key import estimate
from kantor.music.notes import Note, TimedNote
from kantor.music.phrases import infer_fermatas
from kantor.music.quantise import Deviation, quantise
from kantor.music.score import REST, Key, Score

LOWEST, HIGHEST = 35, 83  # what a model can be given, in every key
_FITS = 0.8  # share of the notes' time that a key signature must hold to be believed
_SCALE = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
_LEADS = 0.5  # share of the busiest line's time that a line must sound to show the phrases
# What the notes of each voice are on average in the JSB Chorales; no piece is farther than 6 off.
_MIDDLE = {"soprano": 70, "alto": 65, "tenor": 60, "bass": 51}
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def transcribe(
    file: ParsedFile,
    lines: Mapping[int, Sequence[TimedNote]],
    rests: Rests = "cut",
    foreign: bool = False,
    ensemble: Ensemble = SATB,
) -> tuple[Score, list[str]]:
    """Write the notes of each line onto the grid.

    Parameters
    ----------
    file
        That they are from.
    lines
        The notes of each line, by its place in the ensemble; of chords the top line is taken.
    rests
        As for `kantor.compose.placing.place`.
    foreign
        Whether the notes were written for other lines, as for `into_range`.
    ensemble
        Of the score.

    Returns
    -------
    score : Score
        ``(time, line)``, its key known, its fermatas known or inferred; rests where no line is.
    messages : list of str
        What was done to the file's notes, one line each.

    Raises
    ------
    InputError
        If there are no notes, or no octave suits a line.
    """
    notes: list[Note] = []
    messages: list[str] = []
    for index, played in sorted(lines.items()):
        line = ensemble.lines[index]
        own, changes = _on_grid(played, line, foreign)
        prefix = f"{line.name}: " if len(lines) > 1 else ""
        notes += [note._replace(line=index) for note in own]
        messages += [prefix + message for message in changes]
    score, changes = place(file, notes, rests, ensemble)
    messages += changes
    key, changes = _key_of(file.key, score)
    fermatas = score.fermatas
    if not fermatas.any():
        fermatas = infer_fermatas(score.line(_leading(score)))
    return replace(score, key=key, fermatas=fermatas), [*messages, *changes]


def _on_grid(
    played: Sequence[TimedNote], line: Line, foreign: bool
) -> tuple[list[Note], list[str]]:
    """The notes of one line on the grid and in its range, and messages."""
    played, quarter = in_units(played)
    top, covered = top_line(played, quarter)
    notes, deviation = quantise(top, quarter)
    if not notes:
        raise InputError("no notes to compose for")
    messages = []
    if covered:
        messages.append(f"chords: took the top line, left out {covered} of {len(played)} notes")
    messages += _moved(deviation)
    notes, changes = into_range(notes, line, foreign)
    return notes, messages + changes


def _moved(deviation: Deviation) -> list[str]:
    """Messages on what moving the notes onto sixteenths did to them."""
    messages = []
    if deviation.swung:
        messages.append("swing: its eighths were made even")
    if deviation.share_moved:
        messages.append(
            f"{max(deviation.share_moved, 0.01):.0%} of the notes moved onto the sixteenth grid, "
            f"by {deviation.mean:.2f} of a sixteenth on average, {deviation.largest:.2f} at most"
        )
    if deviation.off_grid:
        messages.append(
            "the notes follow no beat, as in a recording without a click; "
            "quantise the file by hand for a better result"
        )
    if deviation.dropped:
        messages.append(f"{deviation.dropped} notes too fast for sixteenths were left out")
    return messages


def into_range(
    notes: Sequence[Note], line: Line = SATB.lines[0], foreign: bool = False
) -> tuple[list[Note], list[str]]:
    """The notes in the octave where most of them lie in the line's range.

    Parameters
    ----------
    notes
        Of one line.
    line
        Which is to sing them.
    foreign
        Whether they were written for another line. Of the octaves that suit equally well such
        notes take the one nearest to the middle of the range, and not the smallest move.

    Returns
    -------
    notes : list of Note
    messages : list of str
        How far the notes were moved, and how many of them lie outside the range.

    Raises
    ------
    InputError
        If no octave brings all notes to where a model can be given them.
    """
    pitches = np.array([note.pitch for note in notes])
    octaves = _octaves(pitches, line, foreign)
    messages = []
    if octaves:
        distance = "an octave" if abs(octaves) == 1 else f"{abs(octaves)} octaves"
        article = "an" if line.name[0] in "aeiou" else "a"
        way = "up" if octaves > 0 else "down"
        messages.append(f"moved {way} {distance} to suit {article} {line.name}")
    if outside := _outside(pitches + 12 * octaves, line):
        messages.append(
            f"{outside} of {len(notes)} notes lie outside the {line.name}'s range, "
            f"{_name(line.low)} to {_name(line.high)}"
        )
    return [note._replace(pitch=note.pitch + 12 * octaves) for note in notes], messages


def _octaves(pitches: NDArray[np.int64], line: Line, foreign: bool) -> int:
    """By how many octaves the notes are moved."""
    lowest, highest = int(pitches.min()), int(pitches.max())
    possible = [
        octaves
        for octaves in sorted(range(-10, 11), key=abs)
        if lowest + 12 * octaves >= LOWEST and highest + 12 * octaves <= HIGHEST
    ]
    if not possible:
        raise InputError(
            f"from {_name(lowest)} to {_name(highest)}: no octave brings all notes "
            f"between {_name(LOWEST)} and {_name(HIGHEST)}; choose a narrower track with --track"
        )
    middle = _MIDDLE.get(line.name, (line.low + line.high) / 2)

    def unsuited(octaves: int) -> tuple[int, float]:
        """How many notes lie outside the range, and how far from its middle they lie."""
        off = abs(pitches.mean() + 12 * octaves - middle)
        return _outside(pitches + 12 * octaves, line), float(off) if foreign else 0.0

    return min(possible, key=unsuited)  # of equals the smallest move, listed first


def _outside(pitches: NDArray[np.int64], line: Line) -> int:
    """How many of these notes lie outside the line's range."""
    return int(((pitches < line.low) | (pitches > line.high)).sum())


def _name(pitch: int) -> str:
    """Such as ``C4`` for 60."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def _leading(score: Score) -> int:
    """The line that shows the phrases: the highest that sounds enough."""
    sounding = (score.pitches != REST).sum(axis=0)
    return int(np.flatnonzero(sounding >= _LEADS * sounding.max())[0])


def _key_of(written: Key | None, score: Score) -> tuple[Key, list[str]]:
    """The file's key where its notes bear it out; many programs write C major into everything."""
    if written is None:
        key = estimate(score.pitches)
        return key, [f"the file names no key; it sounds like {key.name}"]
    if _share_in(written, score) >= _FITS:
        return written, []
    key = estimate(score.pitches)
    if _share_in(key, score) < _FITS or key.major_tonic == written.major_tonic:
        return written, []
    return key, [f"the file says {written.name}, but its notes are those of {key.name}"]


def _share_in(key: Key, score: Score) -> float:
    """Share of the sounding steps that are on the key's scale."""
    sounding = score.pitches[score.pitches != REST].astype(np.int16)
    return float(_SCALE[(sounding - key.major_tonic) % 12].mean())
