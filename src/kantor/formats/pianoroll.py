"""Piano rolls, and pypianoroll's multitracks as files.

A roll alone does not tell a repeated note from a held one: keep the onsets beside it. A
multitrack tells them apart by velocity: a note keeps one velocity throughout, and one that
repeats the note just ended has another than it (100 and 99 by turns). Tracks made elsewhere are
read by the same rule: a note starts where its pitch begins to sound or its velocity changes.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.errors import InputError
from kantor.files import save
from kantor.formats.parsed import ParsedFile, Part
from kantor.music.bars import meter_of
from kantor.music.notes import TimedNote, spans_of
from kantor.music.repeats import played
from kantor.music.score import STEPS_PER_QUARTER, Flags, Meter, Score

if TYPE_CHECKING:
    from pypianoroll import Multitrack

_PITCHES = 128
_VELOCITY = 100


def to_roll(pitches: ArrayLike) -> Flags:
    """Pitches ``(..., time, line) int`` as piano rolls ``(..., time, 128, line) bool``."""
    pitches = np.asarray(pitches)
    return np.asarray(pitches[..., None, :] == np.arange(_PITCHES)[:, None], dtype=bool)


def to_multitrack(score: Score) -> Multitrack:
    """The score as a multitrack of four steps a quarter, one named track a line.

    Notes, programs, tempi, title and bar lines (as downbeats) are kept and repeats written out;
    key and fermatas have no place.
    """
    from pypianoroll import Multitrack, StandardTrack

    score = played(score)
    tracks = []
    for index, line in enumerate(score.ensemble.lines):
        roll = np.zeros((score.steps, _PITCHES), np.uint8)
        before = (0, 0, 0)  # where the last note ended, its pitch and its velocity
        for start, end, pitch in spans_of(score, index):
            velocity = _VELOCITY - (before == (start, pitch, _VELOCITY))
            roll[start:end, pitch] = velocity
            before = (end, pitch, velocity)
        drum = line.kind == "drum"
        name, program = line.name.capitalize(), 0 if drum else line.program
        tracks.append(StandardTrack(name, program, drum, roll))
    tempo = np.full(score.steps, score.tempo)
    for start, changed in score.tempi:
        tempo[start:] = changed
    return Multitrack(
        name=score.title,
        resolution=STEPS_PER_QUARTER,
        tempo=tempo,
        downbeat=np.isin(np.arange(score.steps), score.bar_lines),
        tracks=tracks,
    )


def write(score: Score, path: str | Path) -> None:
    """Write `to_multitrack` as pypianoroll's ``.npz`` file, whole or not at all."""
    multitrack = to_multitrack(score)
    save(path, multitrack.save)


def parse_multitrack(multitrack: Multitrack) -> ParsedFile:
    """Any multitrack as notes in exact time, chords and drums included.

    The meter is that of most bars, from one downbeat to the next; without any it is 4/4.

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
    tempo = np.ravel([] if multitrack.tempo is None else multitrack.tempo)
    downbeats = np.flatnonzero([] if multitrack.downbeat is None else multitrack.downbeat)
    meter, pickup = Meter(), None
    if len(downbeats):
        lengths, counts = np.unique(np.diff(downbeats), return_counts=True)
        usual = int(lengths[counts.argmax()]) if len(lengths) else 4 * resolution
        steps = Fraction(STEPS_PER_QUARTER * usual, resolution)
        meter = meter_of(int(steps), Meter()) if steps.denominator == 1 else Meter()
        first = Fraction(int(downbeats[0]), resolution)
        pickup = first if first < Fraction(meter.bar_steps, STEPS_PER_QUARTER) else Fraction(0)
    return ParsedFile(
        parts=parts,
        tempi=((Fraction(0), float(tempo[0])),) if len(tempo) else (),
        meters=((Fraction(0), meter),),
        pickup=pickup,
        title=str(multitrack.name or ""),
        bar_lines=tuple(Fraction(tick, resolution) for tick in downbeats.tolist()),
        length=Fraction(multitrack.get_max_length(), resolution),
    )


def _notes(pianoroll: NDArray[np.generic], resolution: int) -> tuple[TimedNote, ...]:
    """The notes of one track ``(time, 128)``, ascending."""
    notes = []
    for pitch in np.flatnonzero(pianoroll.any(axis=0)).tolist():
        velocity = np.concatenate([[0], pianoroll[:, pitch].astype(np.int16), [0]])
        for start, end in pairwise(np.flatnonzero(velocity[1:] != velocity[:-1]).tolist()):
            if velocity[start + 1]:
                span = Fraction(start, resolution), Fraction(end, resolution)
                notes.append(TimedNote(*span, pitch))
    return tuple(sorted(notes))
