"""Piano rolls, and pypianoroll's multitracks as files.

A roll alone does not tell a repeated note from a held one: keep the onsets beside it. A
multitrack tells them apart by velocity: a note keeps one velocity throughout, and one that
repeats the note just ended has another than it (100 and 99 by turns). Tracks made elsewhere are
read by the same rule: a note starts where its pitch begins to sound or its velocity changes.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.errors import InputError
from kantor.files import save
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.bars import meter_of
from kantor.music.notes import TimedNote, spans_of
from kantor.music.score import STEPS_PER_QUARTER, Flags, Meter, Score

if TYPE_CHECKING:
    from pypianoroll import Multitrack

PITCHES = 128
_VELOCITY = 100


def to_roll(pitches: ArrayLike) -> Flags:
    """Pitches as piano rolls.

    Parameters
    ----------
    pitches : (..., time, line) int
        MIDI note numbers, -1 for a rest.

    Returns
    -------
    (..., time, 128, line) bool
    """
    pitches = np.asarray(pitches)
    return np.asarray(pitches[..., None, :] == np.arange(PITCHES)[:, None], dtype=bool)


def to_multitrack(score: Score) -> Multitrack:
    """The score as a multitrack of four steps a quarter, one named track a line.

    Notes, programs, tempo, title and bar lines (as downbeats) are kept; key and fermatas have no
    place.
    """
    from pypianoroll import Multitrack, StandardTrack

    rolls = np.zeros((len(score.ensemble), score.steps, PITCHES), np.uint8)
    for line, roll in enumerate(rolls):
        before = (0, 0, 0)  # where the last note ended, its pitch and its velocity
        for start, end, pitch in spans_of(score, line):
            velocity = _VELOCITY - (before == (start, pitch, _VELOCITY))
            roll[start:end, pitch] = velocity
            before = (end, pitch, velocity)
    downbeat = np.zeros(score.steps, bool)
    downbeat[score.bar_lines[score.bar_lines < score.steps]] = True
    return Multitrack(
        name=score.title,
        resolution=STEPS_PER_QUARTER,
        tempo=np.full(score.steps, score.tempo),
        downbeat=downbeat,
        tracks=[
            StandardTrack(
                line.name.capitalize(),
                0 if line.kind == "drum" else line.program,
                line.kind == "drum",
                roll,
            )
            for line, roll in zip(score.ensemble.lines, rolls, strict=True)
        ],
    )


def write(score: Score, path: str | Path) -> None:
    """Write `to_multitrack` as pypianoroll's ``.npz`` file, whole or not at all."""
    multitrack = to_multitrack(score)
    save(path, multitrack.save)


def parse_multitrack(multitrack: Multitrack) -> ParsedFile:
    """Any multitrack as notes in exact time, chords and drums included.

    Meters follow from the distances of the downbeats, in quarters.

    Raises
    ------
    InputError
        If it has no resolution or no notes.
    """
    resolution = int(multitrack.resolution or 0)
    if resolution < 1:
        raise InputError("a multitrack without a resolution")
    every = [
        Part(str(track.name or ""), _notes(track.pianoroll, resolution), bool(track.is_drum))
        for track in multitrack.tracks
    ]
    parts = tuple(part for part in every if part.notes)
    if not parts:
        raise InputError("no notes on any track")
    tempo = np.ravel(multitrack.tempo) if multitrack.tempo is not None else np.zeros(0)
    meter, pickup, lines = _bars(multitrack, resolution)
    return ParsedFile(
        parts=parts,
        tempo=float(tempo[0]) if len(tempo) else 120.0,
        meters=((Fraction(0), meter),),
        key=None,
        pickup=pickup,
        title=str(multitrack.name or ""),
        bar_lines=lines,
        length=Fraction(multitrack.get_max_length(), resolution),
    )


def _notes(pianoroll: NDArray[np.generic], resolution: int) -> tuple[TimedNote, ...]:
    """The notes of one track ``(time, 128)``, ascending."""
    notes = []
    for pitch in np.flatnonzero(pianoroll.any(axis=0)).tolist():
        velocity = np.concatenate([[0], pianoroll[:, pitch].astype(np.int16), [0]])
        edges = np.flatnonzero(velocity[1:] != velocity[:-1]).tolist()
        for start, end in itertools.pairwise(edges):
            if velocity[start + 1]:
                span = Fraction(start, resolution), Fraction(end, resolution)
                notes.append(TimedNote(*span, pitch))
    return tuple(sorted(notes))


def _bars(
    multitrack: Multitrack, resolution: int
) -> tuple[Meter, Fraction | None, tuple[Fraction, ...]]:
    """The meter most bars have, the pickup before the first downbeat, and the downbeats."""
    if multitrack.downbeat is None or not np.any(multitrack.downbeat):
        return Meter(), None, ()
    downbeats = np.flatnonzero(np.ravel(multitrack.downbeat))
    lines = tuple(Fraction(int(tick), resolution) for tick in downbeats)
    lengths, counts = np.unique(np.diff(downbeats), return_counts=True)
    usual = int(lengths[counts.argmax()]) if len(lengths) else 4 * resolution
    steps = Fraction(4 * usual, resolution)
    meter = meter_of(int(steps), Meter()) if steps.denominator == 1 else Meter()
    pickup = lines[0] if lines[0] < Fraction(meter.bar_steps, 4) else Fraction(0)
    return meter, pickup, lines
