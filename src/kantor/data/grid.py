"""From a parsed file of any origin to a score of an ensemble on the sixteenth grid."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import SATB, Ensemble
from kantor.formats.parsed import ParsedFile
from kantor.formats.parts import ensemble_parts
from kantor.music.key import estimate
from kantor.music.notes import Note, arrays_of
from kantor.music.quantise import quantise
from kantor.music.score import STEPS_PER_QUARTER, Meter, Score


def score_of(parsed: ParsedFile, title: str, ensemble: Ensemble = SATB) -> Score:
    """The lines of `ensemble` in `parsed` as a score; `title` where the file has none of its own.

    Silence of half a bar or more before the first note is cut off at a beat, and what then stands
    before the first whole bar is the pickup. The key is the file's, else the estimated one. A
    drum's note lasts a step.

    Raises
    ------
    InputError
        If the file has not these lines.
    """
    notes = [
        Note(note.start, note.end if line < ensemble.pitched else note.start + 1, note.pitch, line)
        for line, part in enumerate(ensemble_parts(parsed.parts, ensemble))
        for note in quantise(part.notes)[0]
    ]
    first, end = min(note.start for note in notes), max(note.end for note in notes)
    cut = 2 * first >= parsed.meters[0][1].bar_steps
    begin = first - first % STEPS_PER_QUARTER if cut else 0
    moved = [Note(n.start - begin, n.end - begin, n.pitch, n.line) for n in notes]
    pitches, onsets = arrays_of(moved, end - begin, len(ensemble))
    fermatas = np.zeros(end, bool)
    for start, stop in parsed.fermatas:
        fermatas[_step(start) : _step(stop)] = True
    meter, pickup, bar_lines = _bars(parsed, begin, end)
    return Score(
        pitches,
        onsets,
        meter,
        pickup,
        parsed.key or estimate(pitches[:, : ensemble.pitched]),
        parsed.tempo,
        parsed.title or title,
        fermatas[begin:],
        bar_lines,
        ensemble,
    )


def _bars(parsed: ParsedFile, begin: int, end: int) -> tuple[Meter, int, NDArray[np.int32]]:
    """Meter in force at step `begin`, pickup, and bar lines counted from there."""
    meter = [meter for start, meter in parsed.meters if _step(start) <= begin][-1]
    within = [line - begin for line in _bar_lines(parsed, end) if begin <= line < end]
    pickup = within[0] if within else 0
    if pickup >= meter.bar_steps:  # an irregular first bar: count it as whole bars and a pickup
        within = [*range(pickup % meter.bar_steps, pickup, meter.bar_steps), *within]
        pickup = within[0]
    return meter, pickup, np.array(within, np.int32)


def _bar_lines(parsed: ParsedFile, end: int) -> list[int]:
    """Where whole bars begin, in steps of the file: as it says, else as its meters imply."""
    if parsed.bar_lines:
        return sorted({_step(line) for line in parsed.bar_lines})
    lines: list[int] = []
    starts = [_step(start) for start, _ in parsed.meters]
    starts[0] = _step(parsed.pickup or Fraction(0))
    for (_, meter), start, stop in zip(parsed.meters, starts, [*starts[1:], end], strict=True):
        lines.extend(range(start, stop, meter.bar_steps))
    return lines


def _step(quarters: Fraction) -> int:
    return round(quarters * STEPS_PER_QUARTER)
