"""Put a line of exactly timed notes onto the sixteenth grid, and say what that moved.

Triplet eighths start on the nearest steps (0, 1, 3 of a beat). Where nearly all off-beat notes
stand at two thirds of the beat, the music is swung, and swung eighths become even ones. Where more
notes are played than there are steps, those on the grid stay, and those between give way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from kantor.music.notation import Time
from kantor.music.notes import Note, TimedNote
from kantor.music.score import STEPS_PER_QUARTER

# Off-beats that are needed before anything is said of the whole: fewer may look so by chance.
_ENOUGH_OFF_BEATS = 4


@dataclass(frozen=True)
class Deviation:
    """How far the grid is from what was played, over the starts of the notes."""

    share_moved: float = 0.0  # of the notes, those that did not start on a step, 0 to 1
    mean: float = 0.0  # distance moved, in steps
    largest: float = 0.0
    swung: bool = False  # swung eighths were made even; the distances include this
    dropped: int = 0  # notes for which no step was free: more than one a sixteenth, as in a trill


def quantise(notes: Sequence[TimedNote], quarter: int = 1) -> tuple[list[Note], Deviation]:
    """Quantise one line; `quarter` is what a quarter is in the times of its notes.

    A note lasts at least one step, and one that lasts into the next is cut. Where notes meet in one
    step, the one that stands on it keeps it, else the longest, and a grace note never does. One
    before and one after it move to a free neighbour; the others are dropped.
    Of notes that start together the highest stands for the line: choose a line before calling.
    The notes come in any order, none before 0, and leave ascending, no two overlapping, line 0.
    """
    ascending = sorted(notes, key=lambda note: (note.start, note.pitch))
    line = list({note.start: note for note in ascending}.values())
    if not line:
        return [], Deviation()
    swung = _is_swung(np.array([float(note.start % quarter) for note in line]) / quarter)
    exact = [_place(note.start, quarter, swung) for note in line]
    placed = _placed(line, exact, quarter, _place(line[-1].end, quarter, swung))
    quantised = []
    for index, (start, note) in enumerate(placed):
        end = max(start + 1, _nearest(_place(note.end, quarter, swung), quarter))
        if index + 1 < len(placed):
            end = min(end, placed[index + 1][0])
        quantised.append(Note(start, end, note.pitch))
    starts = np.array([float(note.start) for _, note in placed]) / quarter
    moved = np.abs(np.array([step for step, _ in placed]) - starts * STEPS_PER_QUARTER)
    return quantised, Deviation(
        share_moved=float(np.mean(moved > 1e-9)),
        mean=float(moved.mean()),
        largest=float(moved.max()),
        swung=swung,
        dropped=len(notes) - len(placed),
    )


def _is_swung(places: NDArray[np.float64]) -> bool:
    """Whether notes off the beat stand at two thirds of it, nearly all of them.

    Triplets do not count as swing: they start notes at one third as well. `places` holds where
    in its beat each note starts, ``(note,)``, 0 to 1.
    """
    off_beat = places[(places > 0.08) & (places < 0.92)]
    if len(off_beat) < _ENOUGH_OFF_BEATS:
        return False
    return bool(np.mean(np.abs(off_beat - 2 / 3) < 0.06) > 0.8)


def _place(time: Time, quarter: int, swung: bool) -> Time:
    """A time in steps, times `quarter`; swung beats are stretched so that two thirds become a half.

    All that is compared is counted so: in whole numbers where the times are whole.
    """
    if not swung:
        return STEPS_PER_QUARTER * time
    beat, place = divmod(time, quarter)
    late = 3 * place >= 2 * quarter
    stretched = 6 * place - 2 * quarter if late else 3 * place
    return STEPS_PER_QUARTER * quarter * beat + stretched


def _nearest(place: Time, quarter: int) -> int:
    """The step nearest to a place. Halves go up, always: Python's round would alternate."""
    return int((2 * place + quarter) // (2 * quarter))


def _graces(line: Sequence[TimedNote], quarter: int) -> list[bool]:
    """Which notes are grace notes: of a thirty-second or little more, and directly before a note
    that lasts at least four times as long."""
    graces = [
        20 * (note.end - note.start) <= 3 * quarter
        and 32 * (main.start - note.end) <= quarter
        and main.end - main.start >= 4 * (main.start - note.start)
        for note, main in pairwise(line)
    ]
    return [*graces, False]


def _placed(
    line: Sequence[TimedNote], exact: Sequence[Time], quarter: int, end: Time
) -> list[tuple[int, TimedNote]]:
    """A step for each note, ascending, no two alike; notes without a free step are left out.

    `exact` are the places of the notes, and `end` is that of the last one's end.
    """
    steps = [_nearest(place, quarter) for place in exact]
    if 2 * (steps[-1] * quarter - exact[-1]) == quarter and end <= steps[-1] * quarter:
        steps[-1] -= 1  # it must not open a bar in which it does not sound
    if all(step < following for step, following in pairwise(steps)):
        return list(zip(steps, line, strict=True))
    graces = _graces(line, quarter)
    on_step = [
        -quarter <= 8 * (place - step * quarter) <= quarter
        for place, step in zip(exact, steps, strict=True)
    ]

    def claim(index: int) -> tuple[bool, bool, Time, int]:
        note = line[index]
        return not graces[index], on_step[index], note.end - note.start, -index

    placed: list[tuple[int, TimedNote]] = []
    for step, group in groupby(range(len(line)), key=lambda index: steps[index]):
        members = list(group)
        keeper = max(members, key=claim)
        before = [index for index in members if index < keeper]
        after = [index for index in members if index > keeper]
        if before and step - 1 > (placed[-1][0] if placed else -1):
            placed.append((step - 1, line[max(before, key=claim)]))
        placed.append((step, line[keeper]))
        following = members[-1] + 1
        if following < len(line):
            is_free = steps[following] > step + 1
        else:
            is_free = end > (step + 1) * quarter
        if after and is_free:
            placed.append((step + 1, line[max(after, key=claim)]))
    return placed
