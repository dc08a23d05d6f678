"""Piano rolls of pitches, and pypianoroll's multitracks as recordings.

A roll alone does not tell a repeated note from a held one: keep the onsets beside it. In a
multitrack a note starts where its pitch begins to sound or its velocity changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kantor.music.bars import meter_of
from kantor.music.recording import Part, Recording, TimedNote
from kantor.music.score import Flags, Meter, ScoreError

if TYPE_CHECKING:
    from pypianoroll import Multitrack

PITCHES = 128


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


def recording_of(multitrack: Multitrack) -> Recording:
    """Any multitrack as a recording in exact time, chords and drums included.

    Meters follow from the distances of the downbeats, in quarters.

    Raises
    ------
    ScoreError
        If it has no resolution or no notes.
    """
    resolution = int(multitrack.resolution or 0)
    if resolution < 1:
        raise ScoreError("a multitrack without a resolution")
    parts = [
        Part(str(track.name or ""), tuple(_notes(track.pianoroll, resolution)), bool(track.is_drum))
        for track in multitrack.tracks
    ]
    parts = [part for part in parts if part.notes]
    if not parts:
        raise ScoreError("no notes on any track")
    tempo = np.ravel(multitrack.tempo) if multitrack.tempo is not None else np.zeros(0)
    meter, pickup, lines = _bars(multitrack, resolution)
    return Recording(
        parts=tuple(parts),
        tempo=float(tempo[0]) if len(tempo) else 120.0,
        meters=((Fraction(0), meter),),
        key=None,
        pickup=pickup,
        title=str(multitrack.name or ""),
        bar_lines=lines,
        length=Fraction(multitrack.get_max_length(), resolution),
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
