"""A recorded take becomes a piece: what was played, and beside it the notes on the grid.

The take itself is kept as it came, in ``recording.json`` and ``recording.mid``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Annotated

import numpy as np
from pydantic import Field

from kantor.compose.melody import top_line
from kantor.errors import InputError
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.beats import FEWEST
from kantor.music.notes import TimedNote
from kantor.music.score import Key, Meter
from kantor.studio.document import KeySignature, Piece, Played, Source, Span, Strict, Tempo
from kantor.studio.file_reading import FileOptions, overrides_of, piece_from, plan_of
from kantor.studio.performance import (
    PlayedNote,
    aligned,
    midi_bytes,
    off_the_beat,
    on_the_click,
    played_notes,
)
from kantor.studio.starts import MeterText, begun

Byte = Annotated[int, Field(ge=0, le=255)]
RawEvent = tuple[Annotated[float, Field(ge=-3600, le=36_000)], Byte, Byte, Byte]
"""Seconds from the start of the recording, and the bytes of a MIDI message."""

RECORDING = "recording.json"
"""The file of a take beside its piece."""

_TICK = 960  # parts of a quarter to which times are rounded
_SHORT, _LEGATO = 0.25, 0.25  # quarters, and share of the time to the next note, that are no rest


class Recording(Strict):
    """What was played, and what the metronome counted meanwhile."""

    events: Annotated[list[RawEvent], Field(max_length=100_000)]
    tempo: Tempo = 90.0
    meter: MeterText = "4/4"
    key: KeySignature | None = None  # None: to be found
    click: bool = True  # whether the metronome was heard
    downbeat: Annotated[float, Field(ge=-3600, le=36_000)] = 0.0  # seconds of the first beat
    latency: Annotated[float, Field(ge=-2, le=2)] = 0.0  # seconds by which all events are late
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0  # how far playback moves to the grid


def recording_files(take: Recording) -> dict[str, bytes]:
    """The take as it is kept for ever."""
    return {
        RECORDING: take.model_dump_json().encode(),
        "recording.mid": midi_bytes(take.events, take.tempo),
    }


def recording_piece(take: Recording, options: FileOptions) -> Piece:
    """Make a piece of a take.

    With a click the notes go to the nearest places of its grid, however they were played. Without
    one Kantor finds tempo, beats and meter, and says so.

    Raises
    ------
    InputError
        If no notes were played, or an option does not fit.
    """
    plan, overrides = plan_of(options), overrides_of(options)
    notes = played_notes(take.events, take.latency)
    if not notes:
        raise InputError("no notes were played")
    click = take.click if options.click is None else options.click
    begin = take.downbeat if click else notes[0].start
    timed, told = _in_quarters(take, notes, begin, click)
    top, left_out = top_line(timed)
    if left_out:
        told.append(f"chords: took the top line, left out {left_out} of {len(timed)} notes")
    if not click and len(top) < FEWEST:
        click = True
        told.append(
            f"too few notes to find the beat: counted from the first one, {take.tempo:g} quarters "
            "a minute"
        )
    if overrides.key is None and take.key:
        overrides = replace(overrides, key=Key(take.key.fifths, take.key.mode))
    source = Source(kind="recording", name="Recording")
    piece = piece_from(_file(take, top, click), plan, overrides, options, source)
    told += [message.replace("the file", "the take") for message in piece.source.messages]
    line = next(index for index, one in enumerate(piece.lines) if one.notes)
    piece = piece.model_copy(
        update={
            "source": piece.source.model_copy(update={"messages": told}),
            "title": f"Melody in {Key(piece.key.fifths, piece.key.mode).name}",
            "played": _played(take, piece, line, top, notes, begin, click),
        }
    )
    count = len(piece.lines[line].notes)
    return begun(_in_whole_bars(piece, line), f"recorded, {count} note{'s' * (count != 1)}")


def _in_quarters(
    take: Recording, notes: Sequence[PlayedNote], begin: float, click: bool
) -> tuple[list[TimedNote], list[str]]:
    """The notes in quarters from `begin`, and a message on those long before it."""
    half_beat = Meter.parse(take.meter).beat_steps / 8 if click else 0.0
    scale, timed = take.tempo / 60, []
    for note in notes:
        start, end = (note.start - begin) * scale, (note.end - begin) * scale
        if start < -half_beat - 1e-6:
            continue
        first = _quarters(max(0.0, start))
        last = max(_quarters(end), first + Fraction(1, 32))
        timed.append(TimedNote(first, last, note.pitch, note.velocity))
    if not timed:
        raise InputError("no notes were played after the count-in")
    early = len(notes) - len(timed)
    told = [f"{early} notes of the count-in were left out"] if early > 1 else []
    return timed, told or (["a note of the count-in was left out"] if early else [])


def _quarters(time: float) -> Fraction:
    return Fraction(round(time * _TICK), _TICK)


def _file(take: Recording, top: Sequence[TimedNote], click: bool) -> ParsedFile:
    """The line as a file; played to a click it counts as written: nothing is guessed."""
    notes = _connected(top) if click else top
    start = Fraction(0)
    return ParsedFile(
        parts=(Part("Recording", tuple(notes)),),
        meters=((start, Meter.parse(take.meter)),),
        tempi=((start, take.tempo),),
        pickup=start if click else None,
        length=Fraction(notes[-1].end),
        kind="abc" if click else "midi",
    )


def _connected(top: Sequence[TimedNote]) -> list[TimedNote]:
    """The notes of a line, short silences between them filled; the last one ends on a beat."""
    notes = []
    for note, following in pairwise(top):
        silence = following.start - note.end
        rest = max(_SHORT, _LEGATO * float(following.start - note.start))
        notes.append(note._replace(end=following.start) if silence <= rest else note)
    last = top[-1]
    return [*notes, last._replace(end=Fraction(-(-last.end // 1)))]


def _played(
    take: Recording,
    piece: Piece,
    line: int,
    top: Sequence[TimedNote],
    notes: Sequence[PlayedNote],
    begin: float,
    click: bool,
) -> Played | None:
    """The line as it was played, a note for each of its notes on the grid."""
    by_start = {
        (_quarters(max(0.0, (n.start - begin) * take.tempo / 60)), n.pitch): n for n in notes
    }
    own = []
    for note in top:
        found = by_start.get((Fraction(note.start), note.pitch))
        start = found.start - begin if found else float(note.start) * 60 / take.tempo
        end = found.end - begin if found else float(note.end) * 60 / take.tempo
        own.append(PlayedNote(start, end, note.pitch, note.velocity))
    grid = piece.lines[line].notes
    first, last = own[0].start, own[-1].start
    scale = take.tempo / 15
    if not click and last > first:  # the beat is not known here: as far as the grid goes
        scale = (grid[-1][0] - grid[0][0]) / (last - first)
    pairs = aligned(grid, own, np.array([note.start * scale for note in own]))
    if pairs is None:
        return None
    chosen = [own[index] for index in pairs]
    spans = on_the_click(grid, chosen, 15 / take.tempo) if click else off_the_beat(grid, chosen)
    return Played(line=line, notes=spans, strength=take.strength)


def _in_whole_bars(piece: Piece, line: int) -> Piece:
    """The piece to the end of its last bar; the last note sounds on where little is missing."""
    meter = Meter.parse(piece.meters[-1][1] if piece.meters else piece.meter)
    begins = piece.bar_lines[-1] if piece.bar_lines else piece.pickup
    end = begins + meter.bar_steps
    old = piece.steps
    if not begins < old < end:
        return piece

    def on(span: Span) -> Span:
        return (span[0], end) if span[1] == old else span

    lines = []
    for index, one in enumerate(piece.lines):
        notes = list(one.notes)
        if index == line and notes[-1][1] == old and 2 * (end - old) <= meter.bar_steps:
            notes[-1] = (notes[-1][0], end, notes[-1][2])
        update = {"notes": notes, "given": [on(span) for span in one.given]}
        lines.append(one.model_copy(update=update))
    fermatas = [on(span) for span in piece.fermatas]
    return piece.model_copy(update={"steps": end, "lines": lines, "fermatas": fermatas})
