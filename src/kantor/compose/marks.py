"""What a file holds beside the notes, at the steps of the score that is made of it."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from kantor.formats.parsed import LATE, ParsedFile
from kantor.music.notation import (
    ChordSymbol,
    Dynamic,
    LineNotation,
    Lyric,
    Notation,
    Slur,
    Span,
    Time,
)
from kantor.music.score import STEPS_PER_QUARTER, Meter, Score

_NEAR = STEPS_PER_QUARTER
"""Steps within which a syllable or slur finds its note again, where that was moved."""
_HAIRPINS = ("crescendo", "diminuendo")
Held = TypeVar("Held", ChordSymbol, Dynamic)


def step_of(time: Time) -> int:
    """The step nearest to a time in quarters."""
    return round(time * STEPS_PER_QUARTER)


def tempi_of(file: ParsedFile, first: Fraction, origin: int, end: int) -> dict[int, float]:
    """The tempo changes after a first note at `first`, by the step of a score from `origin` on.

    A change that changes nothing is left out, and of several within a quarter all but the last.
    """
    in_quarter: dict[int, tuple[int, float]] = {}
    for time, tempo in file.tempi:
        step = step_of(time) - origin
        if time > first + LATE and 0 < step < end - origin:
            in_quarter[step // STEPS_PER_QUARTER] = step, tempo
    changes, held = {}, file.tempo_at(first)
    for step, tempo in in_quarter.values():
        if tempo != held:
            changes[step] = held = tempo
    return changes


def meters_of(file: ParsedFile, meter: Meter, begin: int, end: int) -> dict[int, Meter]:
    """The meters after `meter`, which holds at `begin`, by the step of the file."""
    changes = {step_of(time): later for time, later in file.meters}
    kept = {}
    for step, later in changes.items():
        if begin < step < end and later != meter:
            kept[step] = meter = later
    return kept


def notation_of(file: ParsedFile, score: Score, origin: int) -> Notation:
    """The notation of a file for the score that begins at its step `origin`.

    What stands beyond the score is left out. Of chord symbols and dynamics before it the last one
    still holds, and a repeat that begins before it begins with it. The file's lines have the
    numbers of the score's.
    """
    steps = score.steps
    moved = file.notation.moved(lambda time: step_of(time) - origin)
    spans = [Span(max(0, span.start), min(steps, span.end)) for span in moved.played]
    spans = [span for span in spans if span.start < span.end]
    signs = [
        sign._replace(start=max(0, sign.start))
        for sign in moved.signs
        if sign.start <= steps and (sign.start >= 0 or sign.kind in ("forward", "ending"))
    ]
    words = [word for word in moved.words if -origin == word.start < 0 or 0 <= word.start < steps]
    return replace(
        moved,
        chords=tuple(_in_force(moved.chords, steps)),
        words=tuple(word._replace(start=max(0, word.start)) for word in words),
        signs=tuple(signs),
        played=tuple(spans) if spans != [(0, steps)] else (),
        lines={number: _line(line, score, number) for number, line in moved.lines.items()},
    )


def _in_force(marks: Sequence[Held], steps: int) -> list[Held]:
    """Marks within the score, and at its beginning the last one before it."""
    before = [mark for mark in marks if mark.start <= 0][-1:]
    within = [mark for mark in marks if 0 < mark.start < steps]
    return [mark._replace(start=0) for mark in before] + within


def _line(line: LineNotation, score: Score, number: int) -> LineNotation:
    """The marks of a line at its notes: those of a note that was moved go with it."""
    onsets = np.flatnonzero(score.onsets[:, number]).tolist()

    def nearest(time: Time, near: int = _NEAR) -> int | None:
        step = int(time)
        after = bisect.bisect(onsets, step)
        found = min(onsets[max(0, after - 1) : after + 1], key=lambda one: abs(one - step))
        return int(found) if abs(found - step) <= near and 0 <= step < score.steps else None

    def begun(time: Time) -> int | None:
        """Where the note at a time began: a slur may end on a later head of a tied note."""
        found = nearest(time, 1)
        before = bisect.bisect(onsets, int(time)) - 1
        return onsets[before] if found is None and before >= 0 and time < score.steps else found

    syllables: dict[tuple[int, str], Lyric] = {}
    for lyric in line.lyrics:
        if (start := nearest(lyric.start)) is not None:
            syllables.setdefault((start, lyric.verse), lyric._replace(start=start))
    slurs = [(begun(slur.start), begun(slur.end)) for slur in line.slurs]
    return replace(
        line,
        lyrics=tuple(syllables.values()),
        dynamics=tuple(_dynamics(line, score.steps)),
        slurs=tuple(Slur(a, b) for a, b in slurs if a is not None and b is not None and a < b),
    )


def _dynamics(line: LineNotation, steps: int) -> list[Dynamic]:
    """The dynamics within a score; each hairpin that begins there stops there."""
    kept, is_open = [], False
    for mark in _in_force(line.dynamics, steps):
        if mark.mark != "stop" or is_open:
            kept.append(mark)
        is_open = mark.mark in _HAIRPINS or (is_open and mark.mark != "stop")
    return [*kept, Dynamic(steps, "stop")] if is_open else kept
