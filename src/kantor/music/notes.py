"""Notes as spans of time: read from a score's arrays, and written onto them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from kantor.errors import InputError
from kantor.music.score import REST, STEPS_PER_QUARTER, Flags, Pitches, Score

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


def spans_of(score: Score, voice: int) -> list[tuple[int, int, int]]:
    """The start, end and pitch of each note of a voice, ascending."""
    pitches = score.pitches[:, voice]
    starts = np.flatnonzero(score.onsets[:, voice] | (pitches == REST))
    ends = np.append(starts[1:], score.steps)
    heard = pitches[starts]
    sounding = heard != REST
    columns = (array[sounding].tolist() for array in (starts, ends, heard))
    return list(zip(*columns, strict=True))


def notes_of(score: Score) -> list[Note]:
    """The score's notes, ordered by start, end, pitch and voice."""
    voices = range(score.pitches.shape[1])
    notes = [Note(*span, voice) for voice in voices for span in spans_of(score, voice)]
    return notes if len(voices) == 1 else sorted(notes, key=_fields)


def arrays_of(notes: Iterable[Note], steps: int, voices: int = 4) -> tuple[Pitches, Flags]:
    """Write notes onto the grid; where two overlap in a voice, the later one is heard.

    Returns
    -------
    pitches : (time, voice) int8
    onsets : (time, voice) bool

    Raises
    ------
    InputError
        If a note lies outside the grid.
    """
    lines: list[list[tuple[int, int, int]]] = [[] for _ in range(voices)]
    for note in sorted(notes, key=_fields):
        if not (0 <= note.start < note.end <= steps and 0 <= note.line < voices):
            raise InputError(f"{note} lies outside {steps} steps of {voices} voices")
        lines[note.line].append((note.start, note.end, note.pitch))
    pitches = np.full((steps, voices), REST, np.int8)
    onsets = np.zeros((steps, voices), bool)
    time = np.arange(steps)
    for voice, line in enumerate(lines):
        if line:
            starts, ends = np.array([span[:2] for span in line]).T
            heard = np.array([pitch for *_, pitch in line], np.int8)
            latest = starts.searchsorted(time, side="right") - 1
            sounding = (latest >= 0) & (time < ends[latest])
            pitches[sounding, voice] = heard[latest[sounding]]
            onsets[starts, voice] = True
    return pitches, onsets


def _fields(note: Note) -> tuple[int, int, int, int]:
    """What notes are ordered by; tuples are compared faster than notes."""
    return note.start, note.end, note.pitch, note.line


def quarters(steps: int) -> Fraction:
    """A length in steps as a number of quarters."""
    return Fraction(steps, STEPS_PER_QUARTER)
