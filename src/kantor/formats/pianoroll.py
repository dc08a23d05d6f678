"""Piano rolls and pypianoroll's multitracks, to and from pitches and onsets, without loss.

A roll alone does not tell a repeated note from a held one: keep the onsets beside it. A
multitrack tells them apart by velocity: a note keeps one velocity throughout, and one that
repeats the note just ended has another than it (100 and 99 in turn). Tracks made elsewhere are
read by the same rule: a note starts where its pitch begins to sound or its velocity changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.errors import InputError
from kantor.formats.midi import names_of
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.bars import meter_of
from kantor.music.notes import Note, TimedNote, arrays_of, notes_of
from kantor.music.quantise import quantise
from kantor.music.score import REST, STEPS_PER_QUARTER, Flags, Meter, Pitches, Score, onset_floor

if TYPE_CHECKING:
    from pypianoroll import Multitrack

PITCHES = 128
_VELOCITY = 100


def to_roll(pitches: ArrayLike) -> Flags:
    """Pitches as piano rolls.

    Parameters
    ----------
    pitches : (..., time, voice) int
        MIDI note numbers, -1 for a rest.

    Returns
    -------
    (..., time, 128, voice) bool
    """
    pitches = np.asarray(pitches)
    return np.asarray(pitches[..., None, :] == np.arange(PITCHES)[:, None], dtype=bool)


def from_roll(roll: ArrayLike, onsets: ArrayLike | None = None) -> tuple[Pitches, Flags]:
    """The exact inverse of `to_roll`.

    Parameters
    ----------
    roll : (..., time, 128, voice) bool
    onsets : (..., time, voice) bool, optional
        By default a note starts wherever the pitch changes.

    Returns
    -------
    pitches : (..., time, voice) int8
    onsets : (..., time, voice) bool

    Raises
    ------
    InputError
        If the roll has another form, or a voice has two pitches at once.
    """
    roll = np.asarray(roll, dtype=bool)
    if roll.ndim < 3 or roll.shape[-2] != PITCHES:
        raise InputError(f"a roll of shape {roll.shape}: expected (…, time, 128, voice)")
    sounding = roll.sum(axis=-2)
    if (sounding > 1).any():
        raise InputError("a voice of the roll has more than one pitch at once")
    pitches = np.where(sounding == 1, roll.argmax(axis=-2), REST).astype(np.int8)
    if onsets is None:
        time_first = np.moveaxis(pitches, -2, 0)
        return pitches, np.moveaxis(onset_floor(time_first), 0, -2)
    onsets = np.asarray(onsets, dtype=bool)
    if onsets.shape != pitches.shape:
        raise InputError(f"onsets of shape {onsets.shape} for a roll of {roll.shape}")
    return pitches, onsets


def to_multitrack(score: Score) -> Multitrack:
    """The score as a multitrack of four steps a quarter, one named track a voice.

    Notes, tempo, title and bar lines (as downbeats) are kept; key and fermatas have no place.
    """
    from pypianoroll import Multitrack, StandardTrack

    voices = score.pitches.shape[1]
    rolls = np.zeros((voices, score.steps, PITCHES), np.uint8)
    ended: dict[tuple[int, int, int], int] = {}
    for note in notes_of(score):
        before = ended.get((note.line, note.start, note.pitch), 0)
        velocity = _VELOCITY - 1 if before == _VELOCITY else _VELOCITY
        rolls[note.line, note.start : note.end, note.pitch] = velocity
        ended[note.line, note.end, note.pitch] = velocity
    downbeat = np.zeros(score.steps, bool)
    downbeat[score.bar_lines[score.bar_lines < score.steps]] = True
    return Multitrack(
        name=score.title,
        resolution=STEPS_PER_QUARTER,
        tempo=np.full(score.steps, score.tempo),
        downbeat=downbeat,
        tracks=[
            StandardTrack(name=name, pianoroll=roll)
            for name, roll in zip(names_of(voices), rolls, strict=True)
        ],
    )


def parse_multitrack(multitrack: Multitrack) -> ParsedFile:
    """Any multitrack as a recording in exact time, chords and drums included.

    Meters follow from the distances of the downbeats, in quarters.

    Raises
    ------
    InputError
        If it has no resolution or no notes.
    """
    resolution = int(multitrack.resolution or 0)
    if resolution < 1:
        raise InputError("a multitrack without a resolution")
    parts = [
        Part(str(track.name or ""), tuple(_notes(track.pianoroll, resolution)), bool(track.is_drum))
        for track in multitrack.tracks
    ]
    parts = [part for part in parts if part.notes]
    if not parts:
        raise InputError("no notes on any track")
    tempo = np.ravel(multitrack.tempo) if multitrack.tempo is not None else np.zeros(0)
    meter, pickup, lines = _bars(multitrack, resolution)
    return ParsedFile(
        parts=tuple(parts),
        tempo=float(tempo[0]) if len(tempo) else 120.0,
        meters=((Fraction(0), meter),),
        key=None,
        pickup=pickup,
        title=str(multitrack.name or ""),
        bar_lines=lines,
        length=Fraction(multitrack.get_max_length(), resolution),
    )


def from_multitrack(multitrack: Multitrack) -> Score:
    """A multitrack whose tracks hold one note at a time, one voice a track, empty ones included.

    The inverse of `to_multitrack`. Another resolution than four steps a quarter is quantised.

    Raises
    ------
    InputError
        As `parse_upload`; also if a track has chords.
    """
    recording = parse_multitrack(multitrack)
    resolution = int(multitrack.resolution)
    lines: list[Note] = []
    for voice, track in enumerate(multitrack.tracks):
        if (np.count_nonzero(track.pianoroll, axis=1) > 1).any():
            raise InputError(f"track {track.name!r} has chords; choose one note at a time first")
        line, _ = quantise(list(_notes(track.pianoroll, resolution)))
        lines.extend(replace(note, line=voice) for note in line)
    steps = max(round(recording.length * STEPS_PER_QUARTER), *(note.end for note in lines))
    pitches, onsets = arrays_of(lines, steps, len(multitrack.tracks))
    bar_lines = [round(line * STEPS_PER_QUARTER) for line in recording.bar_lines]
    return Score(
        pitches,
        onsets,
        meter=recording.meters[0][1],
        pickup=int((recording.pickup or 0) * STEPS_PER_QUARTER),
        tempo=recording.tempo,
        title=recording.title,
        bar_lines=np.array(bar_lines, np.int32),
    )


def _notes(pianoroll: NDArray[np.generic], resolution: int) -> Iterator[TimedNote]:
    """The notes of one track ``(time, 128)``, ascending."""
    found = []
    for pitch in np.flatnonzero(pianoroll.any(axis=0)):
        velocity = np.concatenate([[0], pianoroll[:, pitch].astype(np.int16), [0]])
        edges = np.flatnonzero(velocity[1:] != velocity[:-1])
        for start, end in itertools.pairwise(edges.tolist()):
            if velocity[start + 1]:
                span = Fraction(start, resolution), Fraction(end, resolution)
                found.append(TimedNote(*span, int(pitch)))
    yield from sorted(found)


def _bars(
    multitrack: Multitrack, resolution: int
) -> tuple[Meter, Fraction | None, tuple[Fraction, ...]]:
    """The meter most bars have, the pickup before the first downbeat, and the downbeats."""
    if multitrack.downbeat is None or not np.any(multitrack.downbeat):
        return Meter(), None, ()
    downbeats = np.flatnonzero(np.ravel(multitrack.downbeat))
    lines = tuple(Fraction(int(tick), resolution) for tick in downbeats)
    lengths, counts = np.unique(np.diff(downbeats), return_counts=True)
    steps = (
        Fraction(4 * int(lengths[counts.argmax()]), resolution) if len(lengths) else Fraction(16)
    )
    meter = meter_of(int(steps), Meter()) if steps.denominator == 1 else Meter()
    pickup = lines[0] if lines[0] < Fraction(meter.bar_steps, 4) else Fraction(0)
    return meter, pickup, lines
