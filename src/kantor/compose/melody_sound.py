"""How much each of several parts sounds like a melody.

A weighted sum of what is measured of each part. The weights were fitted to half of the files of
``benchmarks/choosing.py`` (a conditional logit: which of the file's parts is the melody?) and
rounded; the benchmark prints how often they are right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kantor.music.notes import TimedNote

_SINGABLE = (53, 84)  # F3 to C6
_TOGETHER = 1 / 16  # quarters within which the notes of a chord start
_STEP, _SKIP, _LEAP = 2, 3, 8  # semitones: at most, at least, at least
_WIDE = 5.0  # semitones of standard deviation that a singer's line seldom exceeds
_FRONT = 16.0  # MIDI velocity by which one part stands clearly in front of another
_WEIGHTS = {
    "alone": 4.0,
    "singable": 2.5,
    "steps": 1.5,
    "leaps": -1.0,
    "skips": -3.0,
    "wide": -2.0,
    "present": 3.0,
    "height": 0.6,
    "behind": -1.8,
}


class Sound(NamedTuple):
    """What is measured of one part; shares are from 0 to 1."""

    sounding: float  # quarters in which anything sounds
    alone: float  # share of that time in which it is one note
    pair: float  # share of that time in which it is one note or two
    singable: float  # share of the notes that lie in the range of voices
    steps: float  # share of the intervals of its top notes: of one or two semitones
    leaps: float  # ... of more than a fifth
    skips: float  # share of the pairs of intervals that are both no steps, as in broken chords
    deviation: float  # standard deviation of its top notes, semitones
    pitch: float  # mean of its notes
    velocity: float  # mean of its notes


def sound_of(notes: Sequence[TimedNote]) -> Sound:
    """Measure one part; there must be a note."""
    table = np.array([(float(note.start), float(note.end), *note[2:]) for note in notes])
    starts, ends, pitches, velocities = table[np.lexsort((-table[:, 2], table[:, 0]))].T
    times, changes = np.concatenate([starts, ends]), np.repeat([1, -1], len(starts))
    order = np.lexsort((changes, times))
    count, lasting = changes[order].cumsum()[:-1], np.diff(times[order])
    sounding = max(float(lasting[count > 0].sum()), 1e-9)
    tops = pitches[np.diff(starts, prepend=-np.inf) > _TOGETHER]
    intervals = np.abs(np.diff(tops))
    skips = intervals >= _SKIP
    return Sound(
        sounding=sounding,
        alone=float(lasting[count == 1].sum()) / sounding,
        pair=float(lasting[(count == 1) | (count == 2)].sum()) / sounding,
        singable=_share((pitches >= _SINGABLE[0]) & (pitches <= _SINGABLE[1])),
        steps=_share((intervals > 0) & (intervals <= _STEP)),
        leaps=_share(intervals >= _LEAP),
        skips=_share(skips[1:] & skips[:-1]),
        deviation=float(tops.std()),
        pitch=float(np.average(pitches, weights=np.maximum(ends - starts, 1e-9))),
        velocity=float(velocities.mean()),
    )


def likeness(sounds: Sequence[Sound]) -> list[float]:
    """How much each of a file's parts sounds like the melody among them."""
    longest = max(sound.sounding for sound in sounds)
    loudest = max(sound.velocity for sound in sounds)
    likely = []
    for sound in sounds:
        measured = {
            "alone": sound.alone,
            "singable": sound.singable,
            "steps": sound.steps,
            "leaps": sound.leaps,
            "skips": sound.skips,
            "wide": max(0.0, sound.deviation - _WIDE) / 12,
            "present": sound.sounding / longest,
            "height": sound.pitch / 12,
            "behind": min(1.0, (loudest - sound.velocity) / _FRONT),
        }
        likely.append(sum(_WEIGHTS[name] * value for name, value in measured.items()))
    return likely


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if flags.size else 0.0
