"""One line from the notes of a part: the top of its chords, on the grid, and in its range."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import Line
from kantor.errors import InputError
from kantor.music.notes import Note, Time, TimedNote
from kantor.music.quantise import Deviation, quantise

LOWEST, HIGHEST = 35, 83  # what a model can be given, in every key

_TOGETHER = 1 / 16  # quarters within which the notes of a played chord start
_LEGATO = 1 / 4  # quarters by which a player may hold a note into the next one
_HANGING = 8  # quarters beyond which a note over moving ones is one whose end is missing
_FINEST = 1_000_000  # parts of a quarter; what needs more stays in fractions
# What the notes of each voice are on average in the JSB Chorales; no piece is farther than 6 off.
_MIDDLE = {"soprano": 70, "alto": 65, "tenor": 60, "bass": 51}
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def on_grid(
    played: Sequence[TimedNote], line: Line, foreign: bool = False
) -> tuple[list[Note], list[str]]:
    """The top line of a part's notes on the grid, in the octave where most suit a line's range.

    Parameters
    ----------
    foreign
        Whether the notes were written for another line. Of the octaves that suit equally well such
        notes take the one nearest to the middle of the range, and not the smallest move.

    Returns
    -------
    notes : list of Note
    messages : list of str
        What was done to them, and how many of them lie outside the range.

    Raises
    ------
    InputError
        If there are no notes, or no octave brings all to where a model can be given them.
    """
    played, quarter = in_units(played)
    top, covered = top_line(played, quarter)
    notes, deviation = quantise(top, quarter)
    if not notes:
        raise InputError("no notes to compose for")
    messages = []
    if covered:
        messages.append(f"chords: took the top line, left out {covered} of {len(played)} notes")
    messages += _moved(deviation)
    pitches = np.array([note.pitch for note in notes])
    octaves = _octaves(pitches, line, foreign)
    if octaves:
        distance = "an octave" if abs(octaves) == 1 else f"{abs(octaves)} octaves"
        article, way = "an" if line.name[0] in "aeiou" else "a", "up" if octaves > 0 else "down"
        messages.append(f"moved {way} {distance} to suit {article} {line.name}")
    if outside := _outside(pitches + 12 * octaves, line):
        messages.append(
            f"{outside} of {len(notes)} notes lie outside the {line.name}'s range, "
            f"{_name(line.low)} to {_name(line.high)}"
        )
    return [note._replace(pitch=note.pitch + 12 * octaves) for note in notes], messages


def in_units(notes: Sequence[TimedNote]) -> tuple[Sequence[TimedNote], int]:
    """The notes in whole numbers of a finer unit, where there is one, and a quarter in that unit.

    Comparing and adding fractions takes twenty times as long.
    """
    quarter = 1
    for part in {time.denominator for note in notes for time in note[:2]}:
        quarter = math.lcm(quarter, part)
        if quarter > _FINEST:
            return notes, 1
    return [
        TimedNote(int(start * quarter), int(end * quarter), pitch) for start, end, pitch in notes
    ], quarter


def top_line(notes: Sequence[TimedNote], quarter: int = 1) -> tuple[list[TimedNote], int]:
    """The highest line through `notes`, and how many notes it leaves out.

    A note belongs to it if none that is higher starts with it or still sounds; it then ends the
    note before it. A lower note that was covered does not come up again when the higher one ends.
    So that a player's legato is no chord, a higher note may last a sixteenth, or half its length if
    that is less, into a lower one. A note that hangs because its end is missing is cut off.
    `quarter` is what a quarter is in the notes' times.
    """
    line: list[TimedNote] = []
    for chord in _chords(_without_hanging(notes, quarter), quarter):
        top = max(chord, key=lambda note: (note.pitch, note.end))
        note = TimedNote(chord[0].start, top.end, top.pitch)
        if line and line[-1].end > note.start:
            before = line[-1]
            held_on = min(_LEGATO * quarter, (before.end - before.start) / 2)
            if before.pitch > note.pitch and before.end - note.start > held_on:
                continue
            line[-1] = before._replace(end=note.start)
        line.append(note)
    return line, len(notes) - len(line)


def _without_hanging(notes: Sequence[TimedNote], quarter: int) -> list[TimedNote]:
    """The notes, ascending, each ended where its pitch starts again.

    One of more than two bars ends where any other note begins.
    """
    ascending = sorted(notes)
    starts = [note.start for note in ascending]
    next_start: dict[int, Time] = {}
    cut = []
    for note in reversed(ascending):
        end = note.end
        if next_start.get(note.pitch, note.start) > note.start:
            end = min(end, next_start[note.pitch])
        if end - note.start > _HANGING * quarter:
            after = bisect.bisect_right(starts, note.start)
            end = min([end, *starts[after : after + 1]])
        cut.append(note._replace(end=end))
        next_start[note.pitch] = note.start
    return cut[::-1]


def _chords(notes: Sequence[TimedNote], quarter: int) -> list[list[TimedNote]]:
    """Ascending notes in groups that start together."""
    chords: list[list[TimedNote]] = []
    for note in notes:
        if chords and note.start - chords[-1][0].start <= _TOGETHER * quarter:
            chords[-1].append(note)
        else:
            chords.append([note])
    return chords


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
