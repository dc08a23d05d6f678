"""One line from the notes of a part: the top of its chords, on the grid, and in its range."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

import numpy as np

from kantor.compose.octaves import in_range
from kantor.ensemble import Line
from kantor.errors import InputError
from kantor.music.notation import Time
from kantor.music.notes import Note, TimedNote
from kantor.music.quantise import Deviation, quantise

_TOGETHER = 1 / 16  # quarters within which the notes of a played chord start
_LEGATO = 1 / 4  # quarters by which a player may hold a note into the next one
_HANGING = 8  # quarters beyond which a note over moving ones is one whose end is missing
_GRACE = 1 / 8  # quarters that a grace note lasts at most
_MAIN = 3  # how many times as long its main note lasts at least
_FEW = 0.1  # share of the notes of one voice that may be otherwise
_FINEST = 1_000_000  # parts of a quarter; what needs more stays in fractions
_BELOW = 16  # semitones below the middle of a line: what accompanies it, heard through a rest


def on_grid(played: Sequence[TimedNote], line: Line, foreign: bool) -> tuple[list[Note], list[str]]:
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
        If there are no notes.
    """
    played, quarter = in_units(played)
    top, left_out = top_line(played, quarter)
    if left_out:
        top = _without_accompaniment(top)
        left_out = len(played) - len(top)
    notes, deviation = quantise(top, quarter)
    if not notes:
        raise InputError("no notes to compose for")
    messages = []
    if left_out:
        messages.append(f"chords: took the top line, left out {left_out} of {len(played)} notes")
    messages += _moved(deviation)
    suited, changes = in_range(notes, line, foreign)
    return suited, messages + changes


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
        note._replace(start=int(note.start * quarter), end=int(note.end * quarter))
        for note in notes
    ], quarter


def top_line(notes: Sequence[TimedNote], quarter: int = 1) -> tuple[list[TimedNote], int]:
    """The highest line through `notes`, and how many notes it leaves out.

    A note belongs to it if none that is higher starts with it or still sounds; it then ends the
    note before it. A lower note that was covered does not come up again when the higher one ends.
    So that a player's legato is no chord, a higher note may last a sixteenth, or half its length if
    that is less, into a lower one; and where nearly all notes start alone and end one after the
    other, each ends the note before it. A note that hangs because its end is missing is cut off.
    `quarter` is what a quarter is in the notes' times.
    """
    line: list[TimedNote] = []
    chords = _chords(_without_hanging(notes, quarter), quarter)
    one_voice = _is_one_voice(chords)
    for chord in chords:
        top = max(_without_graces(chord, quarter), key=lambda note: (note.pitch, note.end))
        note = top._replace(start=chord[0].start)
        if line and line[-1].end > note.start:
            before = line[-1]
            held_on = min(_LEGATO * quarter, (before.end - before.start) / 2)
            held_on = max(held_on, _GRACE * quarter)
            legato = one_voice or before.end - note.start <= held_on
            if before.pitch > note.pitch and not legato:
                continue
            line[-1] = before._replace(end=note.start)
        line.append(note)
    return line, len(notes) - len(line)


def _is_one_voice(chords: Sequence[Sequence[TimedNote]]) -> bool:
    """Whether nearly all notes start alone, and few last beyond the end of the note that follows.

    A chord that is held by the pedal and a note that accompanies a longer one do so.
    """
    alone = sum(len(chord) == 1 for chord in chords)
    held = 0
    for (note, *_), (following, *_), third in zip(
        chords, chords[1:], [*chords[2:], None], strict=False
    ):
        if note.end > following.start:
            held += note.end >= following.end or (third is not None and note.end > third[0].start)
    few = max(1, _FEW * len(chords))
    return len(chords) - alone <= _FEW * len(chords) and held <= few


def _without_graces(chord: Sequence[TimedNote], quarter: int) -> Sequence[TimedNote]:
    """The notes of a chord without those that are much shorter than another and hardly last."""
    longest = max(note.end - note.start for note in chord)
    if longest < _MAIN * _GRACE * quarter:
        return chord
    return [note for note in chord if note.end - note.start > _GRACE * quarter]


def _without_accompaniment(line: Sequence[TimedNote]) -> list[TimedNote]:
    """The top line of chords without the notes far below it that are heard while it rests."""
    middle = float(np.median([note.pitch for note in line]))
    return [note for note in line if middle - note.pitch <= _BELOW]


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
    """Ascending notes in groups that start together; a grace note stands before its main note."""
    chords: list[list[TimedNote]] = []
    for note in notes:
        if chords and note.start - chords[-1][0].start <= _TOGETHER * quarter:
            first = chords[-1][0]
            if first.start == note.start or first.end - note.start > _TOGETHER * quarter:
                chords[-1].append(note)
                continue
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
    if deviation.dropped:
        notes = "1 note was" if deviation.dropped == 1 else f"{deviation.dropped} notes were"
        messages.append(f"{notes} too fast for sixteenths and left out")
    return messages
