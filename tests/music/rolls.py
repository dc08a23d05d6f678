"""What a roll holds, and scores as pypianoroll's multitracks."""

from __future__ import annotations

import numpy as np
from pypianoroll import Multitrack, StandardTrack

from kantor.music.midi import names_of
from kantor.music.notes import notes_of
from kantor.music.roll import PITCHES
from kantor.music.score import STEPS_PER_QUARTER, Score

VELOCITY = 100


def pitches_of(roll: np.ndarray) -> np.ndarray:
    """The one pitch of each cell, or a rest: ``(…, time, voice)``."""
    assert (roll.sum(axis=-2) <= 1).all()
    return np.where(roll.any(axis=-2), roll.argmax(axis=-2), -1)


def to_multitrack(score: Score) -> Multitrack:
    """A score of four steps a quarter, one named track a voice, bar lines as downbeats.

    A note that repeats the one just ended has another velocity than it.
    """
    voices = score.pitches.shape[1]
    rolls = np.zeros((voices, score.steps, PITCHES), np.uint8)
    ended: dict[tuple[int, int, int], int] = {}
    for note in notes_of(score):
        before = ended.get((note.voice, note.start, note.pitch), 0)
        velocity = VELOCITY - 1 if before == VELOCITY else VELOCITY
        rolls[note.voice, note.start : note.end, note.pitch] = velocity
        ended[note.voice, note.end, note.pitch] = velocity
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
