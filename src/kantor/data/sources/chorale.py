"""From a recording of any origin to a score of four voices on the sixteenth grid."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from kantor.ensemble import SATB, Ensemble
from kantor.formats.parsed import ParsedFile
from kantor.formats.parts import four_voices
from kantor.music.key import estimate
from kantor.music.notes import Note, arrays_of
from kantor.music.quantise import quantise
from kantor.music.score import STEPS_PER_QUARTER, Flags, Meter, Score


def chorale(recording: ParsedFile, title: str, ensemble: Ensemble = SATB) -> Score:
    """The four voices of `recording` as a score; `title` where it has none of its own.

    Silence of half a bar or more before the first note is cut off at a beat, and what then stands
    before the first whole bar is the pickup. The key is the file's, else the estimated one.

    Raises
    ------
    InputError
        If there are no four voices in it.
    """
    voices = four_voices(recording.parts)
    lines = [quantise(part.notes)[0] for part in voices]
    lead, steps = _span(lines, recording.meters[0][1])
    notes = [
        Note(note.start - lead, note.end - lead, note.pitch, voice)
        for voice, line in enumerate(lines)
        for note in line
    ]
    pitches, onsets = arrays_of(notes, steps - lead, len(ensemble))
    meter, pickup, bar_lines = _bars(recording, lead, steps)
    return Score(
        pitches,
        onsets,
        meter,
        pickup,
        recording.key or estimate(pitches),
        recording.tempo,
        recording.title or title,
        _fermatas(recording, lead, steps),
        bar_lines,
        ensemble,
    )


def _span(lines: Sequence[Sequence[Note]], meter: Meter) -> tuple[int, int]:
    """Where the score begins in the file, and the end of the last note."""
    first = min(note.start for line in lines for note in line)
    end = max(note.end for line in lines for note in line)
    return first - first % STEPS_PER_QUARTER if 2 * first >= meter.bar_steps else 0, end


def _bars(recording: ParsedFile, lead: int, steps: int) -> tuple[Meter, int, NDArray[np.int32]]:
    """Meter in force at the first note, pickup, and bar lines counted from step `lead`."""
    lines = _file_lines(recording, steps)
    meter = [meter for start, meter in recording.meters if _step(start) <= lead][-1]
    within = [line - lead for line in lines if lead <= line < steps]
    pickup = within[0] if within else 0
    if pickup >= meter.bar_steps:  # an irregular first bar: count it as whole bars and a pickup
        within = [*range(pickup % meter.bar_steps, pickup, meter.bar_steps), *within]
        pickup = within[0]
    return meter, pickup, np.array(within, np.int32)


def _file_lines(recording: ParsedFile, steps: int) -> list[int]:
    """Where whole bars begin, in steps of the file: as it says, else as its meters imply."""
    if recording.bar_lines:
        return sorted({_step(line) for line in recording.bar_lines})
    lines: list[int] = []
    starts = [_step(start) for start, _ in recording.meters]
    starts[0] = _step(recording.pickup or Fraction(0))
    for (_, meter), start, end in zip(recording.meters, starts, [*starts[1:], steps], strict=True):
        lines.extend(range(start, end, meter.bar_steps))
    return lines


def _fermatas(recording: ParsedFile, lead: int, steps: int) -> Flags:
    held = np.zeros(steps, bool)
    for start, end in recording.fermatas:
        held[_step(start) : _step(end)] = True
    return held[lead:]


def _step(quarters: Fraction) -> int:
    return round(quarters * STEPS_PER_QUARTER)
