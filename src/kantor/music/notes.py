"""Notes as spans of time: read from a score's arrays, and written onto them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.music.notation import Time
from kantor.music.score import REST, Flags, Pitches, Score


class TimedNote(NamedTuple):
    """A note from `start` to `end`, in quarters from the file's start.

    `pitch` is 0 to 127, `velocity` 1 to 127.
    """

    start: Time
    end: Time
    pitch: int
    velocity: int = 80


class Note(NamedTuple):
    """A note: from step `start` up to, not including, step `end`."""

    start: int
    end: int
    pitch: int
    line: int = 0


def spans_of(score: Score, line: int, rests: bool = False) -> list[tuple[int, int, int]]:
    """The start, end and pitch of each note of a line, ascending; of each rest as well if asked."""
    pitches = score.pitches[:, line]
    silent = pitches == REST
    starts = np.flatnonzero(score.onsets[:, line] | (silent & ~np.append(False, silent[:-1])))
    columns = (starts, np.append(starts[1:], score.steps)[: len(starts)], pitches[starts])
    wanted = rests | ~silent[starts]
    return list(zip(*(column[wanted].tolist() for column in columns), strict=True))


def notes_of(score: Score) -> list[Note]:
    """The score's notes, ordered by start, end, pitch and line."""
    lines = range(score.pitches.shape[1])
    return sorted(Note(*span, line) for line in lines for span in spans_of(score, line))


def arrays_of(notes: Iterable[Note], steps: int, lines: int = len(SATB)) -> tuple[Pitches, Flags]:
    """Write notes onto the grid; where two overlap in a line, the later one counts.

    Returns
    -------
    pitches : (time, line) int8
    onsets : (time, line) bool

    Raises
    ------
    InputError
        If a note lies outside the grid.
    """
    pitches = np.full((steps, lines), REST, np.int8)
    onsets = np.zeros((steps, lines), bool)
    ends = [0] * lines
    for note in sorted(notes):
        start, end, pitch, line = note
        if not (0 <= start < end <= steps and 0 <= line < lines):
            raise InputError(f"{note} lies outside {steps} steps of {lines} lines")
        pitches[start : ends[line], line] = REST  # a note that is still held ends here
        pitches[start:end, line] = pitch
        onsets[start, line] = True
        ends[line] = end
    return pitches, onsets
