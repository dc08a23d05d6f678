"""Pieces as scores, and scores as pieces: the only place of Studio that builds music's arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from kantor.compose.composer import Request
from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import InputError
from kantor.music.notation import AS_WRITTEN, Notation
from kantor.music.notes import Note, arrays_of, spans_of
from kantor.music.score import REST, Flags, Key, Meter, Score
from kantor.studio.document import (
    Cast,
    KeySignature,
    NoteSpan,
    Piece,
    Region,
    Source,
    Span,
    cast_of,
    lines_of,
    new_id,
    now,
)

_NOTATION = TypeAdapter(Notation)
_ENSEMBLES = {SATB.name: SATB}


def score_of(piece: Piece) -> Score:
    """The piece as a score, ``(time, line)``.

    Raises
    ------
    InputError
        If notes of a line overlap or leave the piece; it names bar and voice.
    """
    notes = []
    for index, line in enumerate(piece.lines):
        end = 0
        for note in line.notes:
            if not end <= note[0] < note[1] <= piece.steps:
                raise InputError(
                    f"bar {bar_of(piece, note[0])}, {line.name}: a note {_fault(note, end)}"
                )
            notes.append(Note(*note, index))
            end = note[1]
    pitches, onsets = arrays_of(notes, piece.steps, len(piece.lines))
    fermatas = np.zeros(piece.steps, bool)
    for start, end in piece.fermatas:
        fermatas[start:end] = True
    return Score(
        pitches,
        onsets,
        Meter.parse(piece.meter),
        piece.pickup,
        Key(piece.key.fifths, piece.key.mode),
        piece.tempo,
        piece.title,
        fermatas,
        np.array([line for line in piece.bar_lines if line < piece.steps], np.int32),
        ensemble_of(piece),
        tuple(piece.tempi),
        tuple((start, Meter.parse(meter)) for start, meter in piece.meters),
        _notation(piece.notation),
    )


def _notation(data: dict[str, Any]) -> Notation:
    """What stands beside the notes, from plain data."""
    try:
        return _NOTATION.validate_python(data) if data else AS_WRITTEN
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise InputError(f"notation.{where}: {error.errors()[0]['msg']}") from None


def _fault(note: NoteSpan, end: int) -> str:
    """What is wrong with a note; `end` is that of the note before it."""
    if note[0] >= note[1]:
        return "ends before it begins"
    return "overlaps the note before" if note[0] < end else "leaves the piece"


def bar_of(piece: Piece, step: int) -> int:
    """The number of the bar in which a step stands, as in print: a pickup is bar 0."""
    return int(np.searchsorted(piece.bar_lines, step, side="right"))


def ensemble_of(piece: Piece) -> Ensemble:
    """The ensemble of a piece, with the ranges, programs and places that its lines have.

    Raises
    ------
    InputError
        If it has not the lines of its ensemble.
    """
    known = _ENSEMBLES.get(piece.ensemble)
    if known and len(known) != len(piece.lines):
        raise InputError(f"{piece.ensemble} has {len(known)} voices, the piece {len(piece.lines)}")
    lines = tuple(
        Line(
            line.name,
            line.low,
            line.high,
            line.kind,
            known.lines[index].aliases if known else (),
            line.program,
            line.colour,
            line.pan,
            line.level,
        )
        for index, line in enumerate(piece.lines)
    )
    if known:
        return replace(known, lines=lines)
    return Ensemble(piece.ensemble, lines, **dict(piece.cast or Cast()))


def piece_of(
    score: Score, given: Flags, source: Source, title: str = "", volume: float = 0.8
) -> Piece:
    """A new piece of a score; `given` is ``(time, line) bool``.

    Cells that are not given hold no notes: they are still to be composed.
    """
    kept = replace(score, pitches=np.where(given, score.pitches, -1), onsets=score.onsets & given)
    lines = [
        line.model_copy(update={"notes": spans_of(kept, index), "given": runs(given[:, index])})
        for index, line in enumerate(lines_of(score.ensemble, volume))
    ]
    key = score.key or Key()
    moment = now()
    return Piece(
        id=new_id(),
        title=(title or score.title or "Untitled")[:200],
        created=moment,
        changed=moment,
        ensemble=score.ensemble.name,
        cast=cast_of(score.ensemble),
        steps=score.steps,
        meter=str(score.meter),
        pickup=score.pickup,
        key=KeySignature(fifths=key.fifths, mode="minor" if key.mode == "minor" else "major"),
        tempo=_playable(score.tempo),
        meters=[(start, str(meter)) for start, meter in score.meters],
        tempi=[(start, _playable(tempo)) for start, tempo in score.tempi],
        bar_lines=score.bar_lines.tolist(),
        fermatas=runs(score.fermatas),
        notation=notation_of(score),
        lines=lines,
        source=source,
    )


def _playable(tempo: float) -> float:
    return min(1000.0, max(5.0, tempo))


def notation_of(score: Score) -> dict[str, Any]:
    """What a score holds beside its notes, as plain data."""
    empty = score.notation == AS_WRITTEN
    return {} if empty else dict(_NOTATION.dump_python(score.notation, mode="json"))


def notes_by_line(score: Score) -> list[list[NoteSpan]]:
    """The notes of each line: start, end, MIDI number."""
    return [list(spans_of(score, line)) for line in range(score.pitches.shape[1])]


def request_of(piece: Piece, region: Region | None = None) -> Request:
    """What a model is asked for: everything but what is given or locked, or only a region of that.

    Outside the region all cells stay as they are. What is left of a note whose beginning is to be
    composed begins anew.

    Raises
    ------
    InputError
        If the region is none of the piece, or nothing is left to compose, by bar and voice; or as
        `score_of`.
    """
    score = score_of(piece)
    kept = np.zeros(score.pitches.shape, bool)
    for index, line in enumerate(piece.lines):
        for start, end in (*line.given, *line.locked):
            kept[start:end, index] = True
    if region is not None:
        check_region(piece, region)
        outside = np.ones(kept.shape, bool)
        outside[region.start : region.end, region.lines] = False
        kept |= outside
    if kept.all():
        where = f"{_place(piece, region)}: " if region else ""
        raise InputError(f"{where}all of it is given or locked; release or unlock something first")
    follows = np.zeros(kept.shape, bool)
    follows[1:] = kept[1:] & ~kept[:-1]
    return Request(replace(score, onsets=score.onsets | (follows & (score.pitches != REST))), kept)


def check_region(piece: Piece, region: Region) -> None:
    """Refuse, with an `InputError` that names bar and voice, a region that is none of the piece."""
    names, bar = [line.name for line in piece.lines], bar_of(piece, region.start)
    for index in region.lines:
        if not 0 <= index < len(names):
            known = ", ".join(f"{number} {name}" for number, name in enumerate(names))
            raise InputError(f"bar {bar}: there is no voice {index}; the voices are {known}")
        if region.lines.count(index) > 1:
            raise InputError(f"bar {bar}, {names[index]}: the voice is selected twice")
    fault = span_fault(piece, (region.start, region.end))
    if fault:
        raise InputError(f"{_place(piece, region)}: the selection {fault}")


def span_fault(piece: Piece, span: Span) -> str:
    """What is wrong with a stretch of the piece; empty where nothing is."""
    start, end = span
    if start > end:
        return "ends before it begins"
    if start == end:
        return "is empty: it ends where it begins"
    if end > piece.steps:
        return f"ends behind the piece, whose last bar is {bar_of(piece, piece.steps - 1)}"
    return ""


def _place(piece: Piece, region: Region) -> str:
    """Where a region is, for a musician."""
    first, last = bar_of(piece, region.start), bar_of(piece, max(region.start, region.end - 1))
    bars = f"bar {first}" if first == last else f"bars {first} to {last}"
    voices = ", ".join(piece.lines[index].name for index in region.lines)
    return f"{bars}, {voices}"


def runs(flags: Sequence[bool] | Flags) -> list[Span]:
    """The stretches in which flags are True."""
    edges = np.flatnonzero(np.diff(np.asarray(flags, bool), prepend=False, append=False))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2).tolist()]
