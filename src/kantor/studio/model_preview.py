"""What a model sounds like: it composes the other lines to one known melody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kantor.compose.composer import Request
from kantor.ensemble import Ensemble, Line
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score
from kantor.studio.document import LineDocument, NoteSpan

TITLE = "Ode to Joy"
TEMPO = 96.0
_MELODY = (
    "64 64 65 67 67 65 64 62 60 60 62 64 64:6 62:2 62:8 "
    "64 64 65 67 67 65 64 62 60 60 62 64 62:6 60:2 60:8"
)
"""MIDI numbers, of quarters unless the sixteenths are named."""
_STEPS = 128


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
    lines = zip(ensemble.lines, notes, strict=True)
    return {
        "title": TITLE,
        "steps": _STEPS,
        "tempo": TEMPO,
        "tempi": [],
        "lines": [heard(line, 0.8, own) for line, own in lines],
    }


def heard(line: Line | LineDocument, volume: float, notes: Sequence[NoteSpan]) -> dict[str, Any]:
    """One line of it."""
    return {
        "program": line.program,
        "pan": line.pan,
        "volume": volume,
        "silent": False,
        "drum": line.kind == "drum",
        "notes": [(*note, 80) for note in notes],
    }
