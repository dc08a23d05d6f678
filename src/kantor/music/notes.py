"""Notes as spans of time: read from a score's arrays, and written onto them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.music.score import REST, Flags, Pitches, Score

Time = Fraction | int
"""Of a note: quarters, or whole numbers of a finer unit that is then named beside it."""


class TimedNote(NamedTuple):
    """A note from `start` to `end`, in quarters from the file's start; `pitch` 0 to 127."""

    start: Time
    end: Time
    pitch: int


@dataclass(frozen=True, order=True)
class Note:
    """A note: from step `start` up to, not including, step `end`."""

    start: int
    end: int
    pitch: int
    line: int = 0


def spans_of(score: Score, line: int) -> list[tuple[int, int, int]]:
    """The start, end and pitch of each note of a line, ascending."""
    pitches = score.pitches[:, line]
    starts = np.flatnonzero(score.onsets[:, line] | (pitches == REST))
    ends = np.append(starts[1:], score.steps)
    started = pitches[starts]
    sounding = started != REST
    columns = (array[sounding].tolist() for array in (starts, ends, started))
    return list(zip(*columns, strict=True))


def notes_of(score: Score) -> list[Note]:
    """The score's notes, ordered by start, end, pitch and line."""
    lines = range(score.pitches.shape[1])
    notes = [Note(*span, line) for line in lines for span in spans_of(score, line)]
    return notes if len(lines) == 1 else sorted(notes, key=_fields)


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
    spans: list[list[tuple[int, int, int]]] = [[] for _ in range(lines)]
    for note in sorted(notes, key=_fields):
        if not (0 <= note.start < note.end <= steps and 0 <= note.line < lines):
            raise InputError(f"{note} lies outside {steps} steps of {lines} lines")
        spans[note.line].append((note.start, note.end, note.pitch))
    pitches = np.full((steps, lines), REST, np.int8)
    onsets = np.zeros((steps, lines), bool)
    time = np.arange(steps)
    for line, own in enumerate(spans):
        if own:
            starts, ends, numbers = np.array(own).T
            latest = starts.searchsorted(time, side="right") - 1
            sounding = (latest >= 0) & (time < ends[latest])
            pitches[sounding, line] = numbers[latest[sounding]]
            onsets[starts, line] = True
    return pitches, onsets


def _fields(note: Note) -> tuple[int, int, int, int]:
    """What notes are ordered by; tuples are compared faster than notes."""
    return note.start, note.end, note.pitch, note.line
