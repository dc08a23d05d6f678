"""What a model sounds like: it composes the other lines to one known melody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.compose.composer import Request
from kantor.ensemble import Ensemble, Line, Sound
from kantor.music.dynamics import UNEVEN, unevenness
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score
from kantor.music.swing import EVEN
from kantor.studio.document import LineDocument, NoteSpan

TITLE = "Ode to Joy"
TEMPO = 96.0
_MELODY = (
    "64 64 65 67 67 65 64 62 60 60 62 64 64:6 62:2 62:8 "
    "64 64 65 67 67 65 64 62 60 60 62 64 62:6 60:2 60:8"
)
"""MIDI numbers, of quarters unless the sixteenths are named."""
_STEPS = 128
_STRENGTH = 80


def melody(ensemble: Ensemble) -> Request:
    """Eight bars of the leading line, moved by octaves into its range; the rest is asked for."""
    low, high = ensemble.ranges[ensemble.leads]
    pitches = [int(word.partition(":")[0]) for word in _MELODY.split()]
    shift = 12 * round(((low + high) / 2 - (min(pitches) + max(pitches)) / 2) / 12)
    notes, step = [], 0
    for word, pitch in zip(_MELODY.split(), pitches, strict=True):
        end = step + int(word.partition(":")[2] or 4)
        notes.append(Note(step, end, pitch + shift, ensemble.leads))
        step = end
    cells, onsets = arrays_of(notes, _STEPS, len(ensemble))
    mask, fermatas = np.zeros(cells.shape, bool), np.zeros(_STEPS, bool)
    mask[:, ensemble.leads] = True
    for end in (_STEPS // 2, _STEPS):
        fermatas[end - 8 : end] = True
    score = Score(cells, onsets, Meter(4, 4), 0, Key(), TEMPO, TITLE, fermatas, ensemble=ensemble)
    return Request(score, mask)


def hearing(ensemble: Ensemble, notes: Sequence[Sequence[NoteSpan]]) -> dict[str, Any]:
    """What the page's synthesizer plays."""
    lines = zip(ensemble.lines, notes, strengths(ensemble, _STEPS).T, strict=True)
    swing = ensemble.sound.swing if ensemble.sound else EVEN
    return {
        "title": TITLE,
        "steps": _STEPS,
        "tempo": TEMPO,
        "tempi": [],
        "swing": [] if swing == EVEN else [(0, swing)],
        "lines": [heard(line, 0.8, own, struck) for line, own, struck in lines],
    }


def strengths(ensemble: Ensemble, steps: int) -> NDArray[np.int64]:
    """Velocities ``(time, line)`` of the page: all alike, but for what the sound has uneven."""
    shape, sound = (steps, len(ensemble)), ensemble.sound or Sound()
    uneven = UNEVEN * sound.humanise * unevenness(shape, sound.seed)
    return np.rint(_STRENGTH + uneven).astype(int)


def heard(
    line: Line | LineDocument,
    volume: float,
    notes: Sequence[NoteSpan],
    struck: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """One line of it; `struck` are its velocities by step."""
    return {
        "program": line.program,
        "pan": line.pan,
        "volume": volume * line.level,
        "silent": False,
        "drum": line.kind == "drum",
        "notes": [(*note, _STRENGTH if struck is None else int(struck[note[0]])) for note in notes],
    }
