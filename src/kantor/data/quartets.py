"""String quartets, cut into excerpts whose notes lie on the sixteenth grid.

Conventions
-----------
The parts of a file are found by the names of the ensemble's lines. Of double stops the note is
kept that continues the line: the nearest to the one before; after a rest the highest, for the bass
line the lowest. What a second voice of a part has counts only where the first one rests.

A work is a folder of files, which may hold a movement each. Its bars are cut into excerpts of
`MOST` bars at most: wherever the meter, the key signature or the tempo changes, as where a movement
begins, and at bars of which more than `OFF` of the notes begin off the grid, such as triplets,
which are left out. So are excerpts of fewer than `LEAST` bars, and those in which a line is silent
for more than `SILENT` of the time. The key of an excerpt is estimated from its notes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kantor.data.corpus import Piece
from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.formats import reading
from kantor.formats.parsed import Limits, ParsedFile, Part
from kantor.formats.parts import line_named
from kantor.music.key import estimate
from kantor.music.notation import Time
from kantor.music.notes import Note, TimedNote, arrays_of
from kantor.music.phrases import infer_fermatas
from kantor.music.quantise import quantise
from kantor.music.score import REST, STEPS_PER_QUARTER, Score

LEAST, MOST = 4, 24  # bars
OFF = 0.25
SILENT = 0.75
_LIMITS = Limits(bytes=16_000_000, text=64_000_000, elements=4_000_000)


def read_quartet(path: Path, ensemble: Ensemble) -> list[Piece]:
    """The excerpts of a file, in their order.

    Raises
    ------
    InputError
        If it cannot be read, or has not the lines of `ensemble`.
    """
    parsed = reading.read(path, _LIMITS)
    lines = [
        single_line(_voices(parsed.parts, line, ensemble), low=line == ensemble.bass)
        for line in range(len(ensemble))
    ]
    placed = [
        Note(note.start, note.end, note.pitch, line)
        for line, notes in enumerate(lines)
        for note in quantise(notes)[0]
    ]
    bars = [*map(_step, parsed.bar_lines)]
    end = max(note.end for note in placed)
    pitches, onsets = arrays_of(placed, end, len(ensemble))
    bars = [bar for bar in bars if bar < end]
    pieces = []
    for start, stop, count in _runs(parsed, bars, end, _off_grid(lines, bars)):
        cells, begun = pitches[start:stop], onsets[start:stop].copy()
        begun[0] = cells[0] != REST
        if (cells == REST).mean(axis=0).max() > SILENT:
            continue
        begin = parsed.bar_lines[bisect_left(bars, start)]
        score = Score(
            cells,
            begun,
            [meter for since, meter in parsed.meters if since <= begin][-1],
            0,
            estimate(cells),
            parsed.tempo_at(begin),
            f"{parsed.title}, from bar {count + 1}",
            bar_lines=np.array([bar - start for bar in bars if start <= bar < stop], np.int32),
            ensemble=ensemble,
        )
        score = replace(score, fermatas=infer_fermatas(score.line(ensemble.leads)))
        id = f"{path.parent.name}#{path.stem}-{count + 1}"
        pieces.append(Piece(id, "", "quartets", 0, score))
    return pieces


def _voices(parts: Sequence[Part], line: int, ensemble: Ensemble) -> list[Part]:
    """The voices of the part that has a line."""
    pitched = [part for part in parts if not part.is_drum]
    found = [part for part in pitched if line_named(part.name, ensemble) == line]
    if not found:
        raise InputError(f"no part is named {ensemble.names[line]}")
    return [part for part in found if part.source == found[0].source]


def single_line(voices: Sequence[Part], low: bool = False) -> list[TimedNote]:
    """One note at a time of a part that has double stops; `low` prefers the lower one."""
    line: list[TimedNote] = []
    for voice in voices:
        taken = sorted(line)
        starts: list[Time] = [note.start for note in taken]
        previous: TimedNote | None = None
        for _, chord in groupby(sorted(voice.notes), key=lambda note: note.start):
            notes = list(chord)
            if previous is None or previous.end < notes[0].start:
                note = notes[0] if low else notes[-1]
            else:
                near = previous.pitch
                note = min(notes, key=lambda note: abs(note.pitch - near))
            previous = note
            at = bisect_left(starts, note.end)
            if not at or taken[at - 1].end <= note.start:
                line.append(note)
    return sorted(line)


def _off_grid(lines: Sequence[Sequence[TimedNote]], bars: Sequence[int]) -> NDArray[np.bool_]:
    """``(bar,) bool``: whether too many of the notes that begin in a bar are off the grid."""
    starts = np.array([float(note.start) for notes in lines for note in notes])
    within = np.searchsorted(bars, np.rint(starts * STEPS_PER_QUARTER), side="right") - 1
    off = np.abs(starts * STEPS_PER_QUARTER % 1) > 1e-6
    kept = within >= 0
    count = np.bincount(within[kept], minlength=len(bars))
    missed = np.bincount(within[kept], off[kept], len(bars))
    return np.asarray(missed > OFF * np.maximum(count, 1))


def _runs(
    parsed: ParsedFile, bars: Sequence[int], end: int, off: NDArray[np.bool_]
) -> Iterator[tuple[int, int, int]]:
    """First and last step of each excerpt, and the number of its first bar, from 0."""
    changes = (*parsed.meters, *parsed.keys, *parsed.tempi)
    cuts = {bisect_left(bars, _step(time)) for time, _ in changes}
    first = 0
    for bar in range(len(bars) + 1):
        last = bar == len(bars)
        if last or off[bar] or bar in cuts or bar - first == MOST:
            if bar - first >= LEAST:
                yield bars[first], end if last else bars[bar], first
            first = bar if last or not off[bar] else bar + 1


def _step(quarters: Time) -> int:
    return round(quarters * STEPS_PER_QUARTER)
