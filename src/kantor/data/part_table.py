"""MIDI files whose parts a person has named in a table: a lead, chords, a bass and drums.

The table is ``parts.csv`` in the source's folder, else the one beside this module, of freedoom's
music. A row names a file and its tracks, counted from 0 as they stand in the file: those of the
``lead``, the ``guitar`` and the ``bass``. Where several are named, each bar has the first of them
that sounds in it. Drums are what stands on channel 10.

Conventions
-----------
An ensemble has the lines ``lead`` and ``bass``, ``guitar 1`` and so on, and drums. Of chords the
lead takes the highest note and the bass the lowest one; the guitars take a chord's notes from the
highest down, and leave out what they are too few for. A note outside its line's range is moved by
octaves. A drum of another number than the lines' goes to the one of its kind, see
`kantor.music.drums`, and sounds for one step.

A file is cut into excerpts of at most `LONGEST` bars, in which the lead pauses for at most `PAUSE`
bars; left out are those in which one of the parts is silent for more than half of the bars, and
those with more than `OFF_GRID` of their notes off the sixteenth grid.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kantor.data.corpus import Piece, Refusal
from kantor.ensemble import Ensemble
from kantor.errors import InputError
from kantor.formats import reading
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.drums import drum_lines
from kantor.music.key import estimate
from kantor.music.notes import Note, TimedNote, arrays_of
from kantor.music.phrases import infer_fermatas
from kantor.music.score import REST, STEPS_PER_QUARTER, Flags, Pitches, Score, onset_floor

TABLE = "parts.csv"
OF_FREEDOOM = Path(__file__).with_name("freedoom.csv")
PARTS = ("lead", "guitar", "bass")
"""Columns of the table, each with the tracks of a part."""
LONGEST, SHORTEST, PAUSE = 32, 4, 2
"""Bars of an excerpt, and of silence in its lead."""
OFF_GRID = 0.1
_NEAR = 0.1  # of a step, which nobody hears


@dataclass(frozen=True)
class Row:
    """A file of the table, as it is named there, and the tracks of its parts."""

    file: str
    lead: tuple[int, ...]
    guitar: tuple[int, ...]
    bass: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Lines:
    """Notes of some lines on the grid, and where each one begins off it."""

    pitches: Pitches  # (time, line)
    onsets: Flags
    starts: NDArray[np.float64]
    """Where the notes begin that were read, in steps, before they were put on the grid."""


def table_of(folder: Path) -> list[Row]:
    """The rows of a folder's table, in their order.

    Raises
    ------
    InputError
        If a column is missing, or a cell holds something else than numbers.
    """
    path = folder / TABLE if (folder / TABLE).is_file() else OF_FREEDOOM
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    found = []
    for number, row in enumerate(rows, 2):
        try:
            tracks = [tuple(int(track) for track in row[name].split()) for name in PARTS]
            found.append(Row(row["file"].strip(), *tracks))
        except (AttributeError, KeyError, TypeError, ValueError):
            columns = ", ".join(("file", *PARTS))
            raise InputError(
                f"{path}: line {number}: expected {columns}, with numbers of tracks"
            ) from None
    return found


def read_row(path: Path, row: Row, id: str, ensemble: Ensemble) -> list[Piece | Refusal]:
    """The excerpts of a file, each a piece with the id ``id#bar``.

    Raises
    ------
    InputError
        If the file is not of one meter, a track is not there, or nothing of it can be used.
    """
    parsed = reading.read(path)
    if len({meter for _, meter in parsed.meters}) > 1:
        raise InputError("its meter changes")
    bar = parsed.meters[0][1].bar_steps
    bars = -(-int(parsed.length * STEPS_PER_QUARTER) // bar) + 1
    parts = [_part(parsed, row, name, ensemble, bars) for name in PARTS]
    parts.append(_drums(parsed, ensemble, bars * bar))
    heard = np.stack([_sounds(part.pitches, bar) for part in parts])
    pieces = list[Piece | Refusal]()
    for first, last in _stretches(heard[0]):
        within = heard[:, first:last].mean(axis=1) >= 0.5
        name = f"{id}#{first + 1}"
        off = _off_grid(parts, first * bar, last * bar)
        if not within.all():
            silent = (*PARTS, "drums")[int(within.argmin())]
            pieces.append(Refusal(name, f"no {silent} in more than half of {last - first} bars"))
        elif off > OFF_GRID:
            pieces.append(Refusal(name, f"{off:.0%} of the notes are off the sixteenth grid"))
        else:
            score = _score(parsed, parts, ensemble, slice(first * bar, last * bar), path.stem)
            pieces.append(Piece(name, "", "table", 0, score))
    if not pieces:
        raise InputError(f"its lead plays nowhere for {SHORTEST} bars")
    return pieces


def _stretches(heard: Flags) -> Iterator[tuple[int, int]]:
    """First and last bar (not included) of each excerpt, by the bars in which the lead plays."""
    at = np.flatnonzero(heard)
    for run in np.split(at, np.flatnonzero(np.diff(at) > PAUSE + 1) + 1) if at.size else ():
        first, end = int(run[0]), int(run[-1]) + 1
        count = -(-(end - first) // LONGEST)
        for start in range(first, first + count * LONGEST, LONGEST):
            if min(start + LONGEST, end) - start >= SHORTEST:
                yield start, min(start + LONGEST, end)


def _score(
    parsed: ParsedFile, parts: Sequence[_Lines], ensemble: Ensemble, span: slice, title: str
) -> Score:
    """An excerpt, its key estimated from its notes and its phrases from its lead."""
    pitches = np.concatenate([part.pitches[span] for part in parts], axis=1)
    onsets = np.concatenate([part.onsets[span] for part in parts], axis=1)
    onsets |= onset_floor(pitches)  # a note from before the excerpt begins with it
    key = estimate(pitches[:, : ensemble.pitched])
    tempo = parsed.tempo_at(parsed.meters[0][0] + span.start // STEPS_PER_QUARTER)
    meter = parsed.meters[0][1]
    score = Score(pitches, onsets, meter, 0, key, tempo, title, ensemble=ensemble)
    return replace(score, fermatas=infer_fermatas(score.line(ensemble.leads)))


def _part(parsed: ParsedFile, row: Row, name: str, ensemble: Ensemble, bars: int) -> _Lines:
    """The lines of one of `PARTS`."""
    lines = [line for line in range(ensemble.pitched) if ensemble.names[line].split()[0] == name]
    if not lines:
        raise InputError(f"the ensemble {ensemble.name} has no line {name}")
    low, high = ensemble.ranges[lines[0]]
    bar, voices = parsed.meters[0][1].bar_steps, list[_Lines]()
    for track in getattr(row, name):
        there = [part for part in parsed.parts if part.source == track and not part.is_drum]
        if not there:
            raise InputError(f"no notes on track {track}, which is to be the {name}")
        notes = [_moved(note, low, high) for part in there for note in part.notes]
        voices.append(_voices(notes, bars * bar, len(lines), lowest=name == "bass"))
    if not voices:
        raise InputError(f"the table names no track for the {name}")
    first = np.argmax([_sounds(voice.pitches, bar) for voice in voices], axis=0)
    which = np.repeat(first, bar)[None, :, None]
    pitches, onsets = (
        np.take_along_axis(np.stack(arrays), which, axis=0)[0]
        for arrays in zip(*((voice.pitches, voice.onsets) for voice in voices), strict=True)
    )
    taken = [voice.starts[_of(first, voice.starts, bar) == n] for n, voice in enumerate(voices)]
    return _Lines(pitches, onsets | onset_floor(pitches), np.concatenate(taken))


def _of(first: NDArray[np.intp], starts: NDArray[np.float64], bar: int) -> NDArray[np.intp]:
    """Which track is heard where notes begin."""
    return np.asarray(first[np.minimum((starts / bar).astype(int), len(first) - 1)])


def _voices(notes: Sequence[TimedNote], steps: int, lines: int, lowest: bool) -> _Lines:
    """A track's notes as lines from the highest down; of one line, its newest note sounds."""
    starts = np.array([float(note.start) * STEPS_PER_QUARTER for note in notes])
    placed = [_placed(note) for note in notes]
    if lines == 1:
        outer = sorted(placed, key=lambda note: note.pitch, reverse=lowest)
        ones = {note.start: note for note in outer}.values()  # the last one at a step counts
        return _Lines(*arrays_of(ones, steps, 1), starts)
    sounds, begins = np.zeros((2, steps, 128), bool)
    for start, end, pitch, _ in placed:
        sounds[start:end, pitch] = True
        begins[start, pitch] = True
    pitches = np.full((steps, lines), REST, np.int8)
    for step in np.flatnonzero(sounds.any(axis=1)):
        chord = np.flatnonzero(sounds[step])[: -lines - 1 : -1]
        pitches[step, : len(chord)] = chord
    onsets = begins[np.arange(steps)[:, None], pitches] & (pitches != REST)
    return _Lines(pitches, onsets | onset_floor(pitches), starts)


def _placed(note: TimedNote) -> Note:
    start = round(note.start * STEPS_PER_QUARTER)
    return Note(start, max(start + 1, round(note.end * STEPS_PER_QUARTER)), note.pitch)


def _moved(note: TimedNote, low: int, high: int) -> TimedNote:
    """A note in a range, moved by octaves."""
    pitch = note.pitch
    pitch += 12 * -(-max(low - pitch, 0) // 12)
    pitch -= 12 * -(-max(pitch - high, 0) // 12)
    return note._replace(pitch=pitch)


def _drums(parsed: ParsedFile, ensemble: Ensemble, steps: int) -> _Lines:
    """The drum lines, of all tracks on channel 10."""
    shape, played = (steps, len(ensemble) - ensemble.pitched), drum_lines(ensemble)
    pitches, starts = np.full(shape, REST, np.int8), []
    drums: list[Part] = [part for part in parsed.parts if part.is_drum]
    for note in (note for part in drums for note in part.notes if note.pitch in played):
        line = played[note.pitch]
        starts.append(float(note.start) * STEPS_PER_QUARTER)
        pitches[_placed(note).start, line - ensemble.pitched] = ensemble.ranges[line][0]
    return _Lines(pitches, pitches != REST, np.array(starts))


def _sounds(pitches: Pitches, bar: int) -> Flags:
    """In which bars something sounds: ``(bar,)``."""
    return np.asarray((pitches != REST).any(axis=1).reshape(-1, bar).any(axis=1))


def _off_grid(parts: Sequence[_Lines], first: int, last: int) -> float:
    """The share of the notes between two steps that begin off the grid."""
    starts = np.concatenate([part.starts for part in parts])
    starts = starts[(starts >= first) & (starts < last)]
    return float((np.abs(starts - np.round(starts)) > _NEAR).mean()) if starts.size else 0.0
