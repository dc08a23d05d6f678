"""A piece as Studio keeps it and as its page edits it: plain JSON, checked by these models.

Times are whole steps (sixteenths) from the start of the piece, ends not included. Lines stand in
the ensemble's order. A span is ``[start, end)``.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kantor.ensemble import SATB, Ensemble, Sound

ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
ID_PATTERN = f"^[{ID_LETTERS}]{{16}}$"

Step = Annotated[int, Field(ge=0, le=80_000)]
Span = tuple[Step, Step]
NoteSpan = tuple[Step, Step, Annotated[int, Field(ge=0, le=127)]]
"""Start, end and MIDI number of a note."""
Tempo = Annotated[float, Field(ge=5, le=1000)]
"""Quarters a minute."""
PieceId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]


class Strict(BaseModel):
    """A model that refuses unknown keys and numbers that are none."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ModelReference(Strict):
    """A version of a registered model."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    version: Annotated[int, Field(ge=1)]


class KeySignature(Strict):
    """A key: sharps (positive) or flats (negative), and its mode."""

    fifths: Annotated[int, Field(ge=-7, le=7)] = 0
    mode: Literal["major", "minor"] = "major"


class LineDocument(Strict):
    """A line (voice) of the ensemble: its notes, what is given of it, and how it sounds."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    low: Annotated[int, Field(ge=0, le=127)]
    high: Annotated[int, Field(ge=0, le=127)]
    kind: Literal["pitched", "drum"] = "pitched"
    colour: Annotated[str, StringConstraints(pattern="^#[0-9a-fA-F]{6}$")]
    program: Annotated[int, Field(ge=0, le=127)] = 52
    pan: Annotated[float, Field(ge=-1, le=1)] = 0.0
    level: Annotated[float, Field(ge=0, le=2)] = 1.0  # as the ensemble has it
    volume: Annotated[float, Field(ge=0, le=1)] = 0.8  # as the mix has it
    muted: bool = False
    solo: bool = False
    notes: list[NoteSpan] = []  # ascending, none overlapping
    given: list[Span] = []  # what the model keeps: melody, and what a hand wrote; rests too
    locked: list[Span] = []  # composed, liked, and kept


class Cast(Strict):
    """What an ensemble is besides its lines; see `kantor.ensemble.Ensemble`."""

    leads: Annotated[int, Field(ge=0)] = 0
    bass: Annotated[int, Field(ge=0)] | None = None
    writing: Literal["voices", "accompaniment"] = "voices"
    sound: Sound | None = None


class Played(Strict):
    """A melody as it was played, beside its notes on the grid."""

    line: Annotated[int, Field(ge=0)]
    notes: list[tuple[float, float, int, int]]
    """Start and end in steps (not whole), MIDI number and velocity; one for each note of the line
    at the time of the recording, in their order."""
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0
    """How far playback moves the notes to the grid: 0 as played, 1 on the grid."""


class Source(Strict):
    """Where the notes come from."""

    kind: Literal["recording", "file", "sample", "form"]
    name: str = ""
    options: dict[str, Any] = {}
    messages: list[str] = []  # what was found, mended or left out, one line each


class Event(Strict):
    """A line of the piece's history."""

    at: str  # ISO 8601, UTC
    what: Annotated[str, StringConstraints(max_length=300)]


class Piece(Strict):
    """A piece: what is played, what is given, what it was made from. Takes are kept beside it."""

    format: Literal[1] = 1
    id: PieceId
    revision: Annotated[int, Field(ge=0)] = 0
    title: Annotated[str, StringConstraints(max_length=200)] = "Untitled"
    created: str
    changed: str
    model: ModelReference | None = None  # chosen for it; None: the champion
    ensemble: str = "satb"
    cast: Cast | None = None  # None: as the ensemble of that name is known
    steps: Annotated[int, Field(ge=1, le=80_000)]
    meter: str = "4/4"
    pickup: Step = 0
    key: KeySignature = KeySignature()
    tempo: Tempo = 90.0
    meters: list[tuple[Step, str]] = []  # after the first
    tempi: list[tuple[Step, Tempo]] = []  # after the first
    bar_lines: list[Step] = []  # where whole bars begin
    fermatas: list[Span] = []
    notation: dict[str, Any] = {}  # lyrics, chord symbols, repeats; opaque to the page
    lines: Annotated[list[LineDocument], Field(min_length=1, max_length=14)]
    played: Played | None = None
    source: Source
    take: int | None = None  # the number of the take that was chosen last
    starred: list[int] = []  # numbers of takes
    temperature: Annotated[float, Field(gt=0, le=3)] | None = None  # None: the model's own
    plainness: Annotated[float, Field(ge=0, le=1)] = 0.0
    candidates: Annotated[int, Field(ge=1, le=16)] = 1
    history: list[Event] = []


class Region(Strict):
    """What is to be composed again: a stretch of some lines."""

    start: Step
    end: Step
    lines: Annotated[list[int], Field(min_length=1)]


class Take(Strict):
    """One composition for a piece: all lines' notes, and what made it."""

    number: int  # within the piece, from 1
    made: str
    model: ModelReference
    drums: ModelReference | None = None  # which played them, where `model` does not
    seed: int
    index: int  # of the takes of one request, from 0
    temperature: float | None
    plainness: float = 0.0
    candidates: int
    region: Region | None
    revision: int  # of the piece that it was composed for
    steps: int
    notes: list[list[NoteSpan]]  # of each line
    critic: float | None = None  # the critic's judgement, the higher the better
    character: str = ""  # one line, beside the other takes of the request


def lines_of(ensemble: Ensemble, volume: float = 0.8) -> list[LineDocument]:
    """The lines of an ensemble, without notes."""
    return [
        LineDocument(
            name=line.name,
            low=line.low,
            high=line.high,
            kind=line.kind,
            colour=line.colour,
            program=line.program,
            pan=line.pan,
            level=line.level,
            volume=volume,
        )
        for line in ensemble.lines
    ]


def cast_of(ensemble: Ensemble) -> Cast | None:
    """What there is to say of an ensemble besides its lines; nothing of `SATB`."""
    if ensemble.name == SATB.name:
        return None
    return Cast(
        leads=ensemble.leads, bass=ensemble.bass, writing=ensemble.writing, sound=ensemble.sound
    )


def new_id() -> str:
    """An id that cannot be guessed and makes no path but a folder's name."""
    return "".join(secrets.choice(ID_LETTERS) for _ in range(16))


def now() -> str:
    """The time as the documents have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
