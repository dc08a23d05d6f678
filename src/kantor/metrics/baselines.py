"""Naive ways to set a melody: what a trained model must clearly beat.

Each keeps the real soprano, cell for cell, and replaces the three lower voices. All are functions
of scores and a seeded random generator, so that a table with them can be made again.

Conventions
-----------
Input and output are four-voice scores of equal length, meter, pickup and key. Lower voices rest
where the soprano rests. *Scale* is the diatonic scale of the score's key, or the one that
fits its notes best where the key is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kantor.errors import InputError
from kantor.metrics.chords import MAJOR_SCALE, best_collection
from kantor.music.score import REST, VOICE_RANGES, VOICES, Score, onset_floor

Baseline = Callable[[Sequence[Score], np.random.Generator], list[Score]]
Lower = NDArray[np.int64]

_QUARTER = 4


def _major_tonic_of(score: Score) -> int:
    return score.key.major_tonic if score.key else int(best_collection(score.pitches))


def _with_lower(score: Score, lower: Lower, restruck: NDArray[np.bool_]) -> Score:
    """The score with other lower voices; a note begins where `restruck` or where pitch changes."""
    soprano = score.pitches[:, :1]
    pitches = np.hstack([soprano, np.where(soprano == REST, REST, lower)]).astype(np.int8)
    onsets = (restruck & (pitches != REST)) | onset_floor(pitches)
    onsets[:, 0] = score.onsets[:, 0]
    return replace(score, pitches=pitches, onsets=onsets)


def _check(scores: Sequence[Score]) -> None:
    for score in scores:
        if score.pitches.shape[1] != len(VOICES):
            raise InputError(f"{score.title or 'score'}: a baseline needs four voices")


@cache
def _scale(major_tonic: int) -> NDArray[np.int64]:
    """The scale's pitches, ascending, two octaves past the MIDI range on both sides."""
    return np.array([p for p in range(-24, 152) if (p - major_tonic) % 12 in MAJOR_SCALE])


def _degrees_below(pitches: NDArray[np.int64], major_tonic: int, degrees: int) -> NDArray[np.int64]:
    """The scale's note `degrees` under each pitch, itself lowered onto the scale if need be."""
    scale = _scale(major_tonic)
    return scale[np.searchsorted(scale, pitches, side="right") - 1 - degrees]


def block(scores: Sequence[Score], rng: np.random.Generator) -> list[Score]:
    """Parallel triads: under each note a fourth, a sixth and an octave, within the scale.

    The soprano is always the root, doubled by the bass. Uses no chance; `rng` is there so that
    all baselines are called alike.
    """
    _check(scores)
    made = []
    for score in scores:
        soprano = score.pitches[:, 0].astype(np.int64)
        below = [_degrees_below(soprano, _major_tonic_of(score), degrees) for degrees in (3, 5, 7)]
        made.append(_with_lower(score, np.stack(below, axis=1), score.onsets[:, :1]))
    return made


def _random_triad(pitch: int, major_tonic: int, rng: np.random.Generator) -> list[int]:
    """A triad of the scale that holds `pitch`, as pitch classes, root first."""
    root = _degrees_below(np.array([pitch]), major_tonic, 2 * int(rng.integers(3)))
    return [int(_degrees_below(root, major_tonic, -up)[0]) % 12 for up in (0, 2, 4)]


def _nearest(pitch_class: int, to: int, low: int, high: int) -> int:
    """The pitch of a class nearest to `to` between `low` and `high`, which it may have to pass."""
    lowest = low + (pitch_class - low) % 12
    return min(range(lowest, max(high, lowest) + 1, 12), key=lambda pitch: abs(pitch - to))


def triads(scores: Sequence[Score], rng: np.random.Generator) -> list[Score]:
    """Under each note a random triad of the scale that holds it.

    Alto and tenor each take one of its notes by chance, the bass its root, all as near to where
    they were as the range and the voice above allow: single chords are right, or lack a note;
    no chord leads to the next.
    """
    _check(scores)
    return [_with_lower(score, _triads_under(score, rng), score.onsets[:, :1]) for score in scores]


def _triads_under(score: Score, rng: np.random.Generator) -> Lower:
    lower = np.full((score.steps, len(VOICES) - 1), REST, np.int64)
    voices = [(low + high) // 2 for low, high in VOICE_RANGES[1:]]
    major_tonic = _major_tonic_of(score)
    for step in np.flatnonzero(score.onsets[:, 0]):
        above = int(score.pitches[step, 0])
        chord = _random_triad(above, major_tonic, rng)
        classes = [*rng.choice(chord, 2), chord[0]]
        for index, (low, high) in enumerate(VOICE_RANGES[1:]):
            above = _nearest(int(classes[index]), voices[index], low, min(high, above))
            voices[index] = above
        lower[step:] = voices
    return lower


def random(scores: Sequence[Score], rng: np.random.Generator) -> list[Score]:
    """A random note of the voice's range in each voice, a new one every quarter of the bar."""
    _check(scores)
    made = []
    for score in scores:
        position = score.bar_positions[:, 0]
        quarter = np.cumsum(position % _QUARTER == 0)
        drawn = [rng.integers(low, high + 1, quarter.size + 1) for low, high in VOICE_RANGES[1:]]
        lower = np.stack(drawn, axis=1)[quarter]
        made.append(_with_lower(score, lower, (position % _QUARTER == 0)[:, None]))
    return made


def _lower_of(donor: Score, score: Score) -> Score:
    """The lower voices of `donor` under the soprano of `score`, bar line on bar line."""
    shift = (_major_tonic_of(score) - _major_tonic_of(donor) + 6) % 12 - 6
    moved = donor.transposed(shift)
    since = np.arange(score.steps) - score.pickup + donor.pickup
    inside = since % donor.steps
    soprano = score.pitches[:, :1]
    pitches = np.hstack([soprano, moved.pitches[inside, 1:]])
    onsets = np.hstack([score.onsets[:, :1], moved.onsets[inside, 1:]]) | onset_floor(pitches)
    return replace(score, pitches=pitches, onsets=onsets)


def shuffled(scores: Sequence[Score], rng: np.random.Generator) -> list[Score]:
    """The lower voices of another chorale in the same key, repeated or cut to length.

    Where none of `scores` is in that key, another chorale's voices are moved into it, by a
    tritone at most. Every voice by itself is Bach's; what they do together is not.

    Raises
    ------
    InputError
        If there are fewer than two chorales.
    """
    _check(scores)
    if len(scores) < 2:
        raise InputError("shuffling the lower voices needs at least two chorales")
    keys = np.array([_major_tonic_of(score) for score in scores])
    made = []
    for index, score in enumerate(scores):
        others = np.flatnonzero(np.arange(len(scores)) != index)
        same = others[keys[others] == keys[index]]
        donor = scores[int(rng.choice(same if same.size else others))]
        made.append(_lower_of(donor, score))
    return made


BASELINES: dict[str, Baseline] = {
    "block": block,
    "triads": triads,
    "shuffled": shuffled,
    "random": random,
}
