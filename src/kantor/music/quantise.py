"""Put a line of exactly timed notes onto the sixteenth grid, and say what that moved.

Triplet eighths start on the nearest steps (0, 1, 3 of a beat). Where nearly all off-beat notes
stand at two thirds of the beat, the music is swung, and swung eighths become even ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kantor.music.notes import Note, Time, TimedNote
from kantor.music.score import STEPS_PER_QUARTER

# Notes that are needed before anything is said of the whole: fewer may look so by chance.
_ENOUGH_OFF_BEATS = 4
_ENOUGH_NOTES = 16
# Mean distance to the nearest sixteenth or triplet, in steps: 0.19 for starts spread evenly over
# the beat (by integration), under 0.1 for a player who is 20 ms off at 100 quarters a minute.
_OFF_GRID = 0.15
_GRID = np.array([0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1])


@dataclass(frozen=True)
class Deviation:
    """How far the grid is from what was played, over the starts of the notes."""

    share_moved: float = 0.0  # of the notes, those that did not start on a step, 0 to 1
    mean: float = 0.0  # distance moved, in steps
    largest: float = 0.0
    swung: bool = False  # swung eighths were made even; the distances include this
    dropped: int = 0  # notes for which no step was free: more than one a sixteenth, as in a trill
    off_grid: bool = False
    """The starts follow neither sixteenths nor triplets, as in a performance without a click."""


def quantise(notes: Sequence[TimedNote], quarter: int = 1) -> tuple[list[Note], Deviation]:
    """Quantise one line; `quarter` is what a quarter is in the times of its notes.

    A note lasts at least one step, and one that lasts into the next is cut. Where two notes meet
    in one step, one of them moves to a free neighbour; where none is free the shorter is dropped.
    Of notes that start together the highest stands for the line: choose a line before calling.
    The notes come in any order, none before 0, and leave ascending, no two overlapping, line 0.
    """
    ascending = sorted(notes, key=lambda note: (note.start, note.pitch))
    line = list({note.start: note for note in ascending}.values())
    if not line:
        return [], Deviation()
    swung = _is_swung(np.array([float(note.start % quarter) for note in line]) / quarter)
    placed = _placed([_step(note.start, quarter, swung) for note in line], line)
    quantised = []
    for index, (start, note) in enumerate(placed):
        end = max(start + 1, _step(note.end, quarter, swung))
        if index + 1 < len(placed):
            end = min(end, placed[index + 1][0])
        quantised.append(Note(start, end, note.pitch))
    starts = np.array([float(note.start) for _, note in placed]) / quarter
    moved = np.abs(np.array([step for step, _ in placed]) - starts * STEPS_PER_QUARTER)
    nearest = np.abs((starts % 1)[:, None] - _GRID).min(axis=1) * STEPS_PER_QUARTER
    return quantised, Deviation(
        share_moved=float(np.mean(moved > 1e-9)),
        mean=float(moved.mean()),
        largest=float(moved.max()),
        swung=swung,
        dropped=len(notes) - len(placed),
        off_grid=bool(len(placed) >= _ENOUGH_NOTES and nearest.mean() > _OFF_GRID),
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


def _step(time: Time, quarter: int, swung: bool) -> int:
    """The step nearest to a time; swung beats are stretched so that two thirds become a half."""
    steps = STEPS_PER_QUARTER * time  # a step is `quarter` of this
    if swung:
        beat, place = divmod(time, quarter)
        late = 3 * place >= 2 * quarter
        stretched = 6 * place - 2 * quarter if late else 3 * place
        steps = STEPS_PER_QUARTER * quarter * beat + stretched
    # Halves go up, always: Python's round would alternate.
    return int((2 * steps + quarter) // (2 * quarter))


def _placed(nearest: Sequence[int], line: Sequence[TimedNote]) -> list[tuple[int, TimedNote]]:
    """A step for each note, ascending, no two alike; notes without a free step are left out."""
    placed: list[tuple[int, TimedNote]] = []
    for index, (step, note) in enumerate(zip(nearest, line, strict=True)):
        last = placed[-1][0] if placed else -1
        if step > last:
            placed.append((step, note))
            continue
        before = placed[-2][0] if len(placed) > 1 else -1
        following = nearest[index + 1] if index + 1 < len(nearest) else last + 2
        if last - 1 > before:
            placed[-1] = (last - 1, placed[-1][1])
            placed.append((last, note))
        elif following > last + 1:
            placed.append((last + 1, note))
        elif note.end - note.start > placed[-1][1].end - placed[-1][1].start:
            placed[-1] = (last, note)
    return placed
