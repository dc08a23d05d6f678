"""Naive ways to set a melody: what a trained model must clearly beat.

Each keeps the line that leads, cell for cell, and writes the other pitched lines anew. All are
functions of scores and a seeded random generator, so that a table with them can be made again.

Conventions
-----------
Input and output are scores of one ensemble with at least two pitched lines, of equal length,
meter, pickup and key. The written lines rest where the melody rests; of what is borrowed from
another piece (`shuffled`, `nearest`) the drums are borrowed too, else they stay as they are.
*Scale* is the diatonic scale of the score's key, which is estimated from the melody where it is not
known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kantor.metrics.chords import MAJOR_SCALE
from kantor.music.key import key_of
from kantor.music.score import REST, STEPS_PER_QUARTER, Flags, Score, onset_floor

Baseline = Callable[[Sequence[Score], np.random.Generator], list[Score]]


def block(scores: Sequence[Score], rng: np.random.Generator) -> list[Score]:
    """Parallel triads: under each note of the melody its fourth, sixth and octave, in the scale.

    More lines go on in the same way further down; the melody's note is always the root. A line
    above the melody takes part like one below. Uses no chance; `rng` is there so that all
    baselines are called alike.
    """
    made = []
    for score in scores:
        melody = score.pitches[:, score.ensemble.leads].astype(np.int64)
        degrees = [(3, 5, 7)[at % 3] + 7 * (at // 3) for at in range(len(score.ensemble.others))]
        below = [_degrees_below(melody, _major_tonic_of(score), down) for down in degrees]
        made.append(with_others(score, np.maximum(np.stack(below, axis=1), 0)))
    return made


def triads(scores: Sequence[Score], rng: np.random.Generator) -> list[Score]:
    """Under each note of the melody a random triad of the scale that holds it.

    The bass, or else the lowest line, takes its root, the others one of its notes by chance, all
    as near to where they were as the range and the line above allow: single chords are right, or
    lack a note; no chord leads to the next.
    """
    return [with_others(score, _triads_under(score, rng)) for score in scores]


def _triads_under(score: Score, rng: np.random.Generator) -> NDArray[np.int64]:
    others, ensemble = score.ensemble.others, score.ensemble
    ranges = [ensemble.ranges[line] for line in others]
    root = others.index(ensemble.bass) if ensemble.bass in others else len(others) - 1
    current = [(low + high) // 2 for low, high in ranges]
    written = np.full((score.steps, len(others)), REST, np.int64)
    major_tonic = _major_tonic_of(score)
    for step in np.flatnonzero(score.onsets[:, ensemble.leads]):
        above = int(score.pitches[step, ensemble.leads])
        chord = _random_triad(above, major_tonic, rng)
        pitch_classes = rng.choice(chord, len(others) - 1).tolist()
        pitch_classes.insert(root, chord[0])
        for at, (line, (low, high)) in enumerate(zip(others, ranges, strict=True)):
            limit = min(high, above) if line > ensemble.leads else high
            current[at] = _nearest(int(pitch_classes[at]), current[at], low, limit)
            above = current[at] if line > ensemble.leads else above
        written[step:] = current
    return written


def _random_triad(pitch: int, major_tonic: int, rng: np.random.Generator) -> list[int]:
    """A triad of the scale that holds `pitch`, as pitch classes, root first."""
    root = _degrees_below(np.array([pitch]), major_tonic, 2 * int(rng.integers(3)))
    return [int(_degrees_below(root, major_tonic, -up)[0]) % 12 for up in (0, 2, 4)]


def _nearest(pitch_class: int, to: int, low: int, high: int) -> int:
    """The pitch of a class nearest to `to` between `low` and `high`, which it may have to pass."""
    lowest = low + (pitch_class - low) % 12
    return min(range(lowest, max(high, lowest) + 1, 12), key=lambda pitch: abs(pitch - to))


def random(scores: Sequence[Score], rng: np.random.Generator) -> list[Score]:
    """A random note of its range in each line, a new one every quarter of the bar."""
    made = []
    for score in scores:
        starts = score.bar_positions[:, 0] % STEPS_PER_QUARTER == 0
        quarter = np.cumsum(starts)
        ranges = [score.ensemble.ranges[line] for line in score.ensemble.others]
        drawn = [rng.integers(low, high + 1, quarter.size + 1) for low, high in ranges]
        made.append(with_others(score, np.stack(drawn, axis=1)[quarter], starts))
    return made


def shuffled(scores: Sequence[Score], rng: np.random.Generator) -> list[Score]:
    """The other lines of another piece in the same key, repeated or cut to length.

    An accompaniment's are of a piece in the same meter, if there is another. Where none of
    `scores` is in that key, another piece's lines are moved into it, by a tritone at most. Every
    line by itself is real; what they do together is not. A piece that is alone is lent its own
    lines, from its middle bar on.
    """
    if len(scores) == 1:
        (score,) = scores
        lines = [score.pickup, *score.bar_lines.tolist()]
        return [_borrowed(score, score, lines[len(lines) // 2] - score.pickup)]
    keys = np.array([_major_tonic_of(score) for score in scores])
    made = []
    for index, score in enumerate(scores):
        others = [at for at in range(len(scores)) if at != index]
        donors = np.array(_in_meter(score, scores, others), int)
        same = donors[keys[donors] == keys[index]]
        donor = int(rng.choice(same if same.size else donors))
        lent = scores[donor].transposed((int(keys[index] - keys[donor]) + 6) % 12 - 6)
        made.append(_borrowed(score, lent))
    return made


def _in_meter(score: Score, scores: Sequence[Score], places: list[int]) -> list[int]:
    """Those of the `places` of pieces in the meter of `score`; all for voices, and if none is."""
    if score.ensemble.writing == "voices":
        return places
    return [at for at in places if scores[at].meter == score.meter] or places


def nearest(scores: Sequence[Score], training: Sequence[Score]) -> list[Score]:
    """The other lines of the training piece whose melody is the nearest, repeated or cut to length.

    All training pieces are tried, an accompaniment's in the same meter if there is any, moved into
    the same key and from each of their bars on. The nearest has on the most eighths the same pitch
    class or a rest as the melody has; of several the first one. What a model learned by heart
    would be like this.
    """
    keys, tunes = [_major_tonic_of(score) for score in training], [*map(_eighths, training)]
    made = []
    for score in scores:
        own, tonic, best, place, bar = _eighths(score), _major_tonic_of(score), -1.0, 0, 0
        for at in _in_meter(score, training, list(range(len(training)))):
            same = _agreement(own, tunes[at], tonic - keys[at], score.meter.bar_steps // 2)
            if same.max() > best:
                best, place, bar = float(same.max()), at, int(same.argmax())
        lent = training[place].transposed((tonic - keys[place] + 6) % 12 - 6)
        made.append(_borrowed(score, lent, bar * score.meter.bar_steps))
    return made


def _eighths(score: Score) -> NDArray[np.int64]:
    """The melody's pitch class on each eighth after the pickup, -1 for a rest."""
    tune = score.pitches[score.pickup :: 2, score.ensemble.leads].astype(np.int64)
    return np.where(tune == REST, REST, tune % 12)


def _agreement(
    own: NDArray[np.int64], other: NDArray[np.int64], up: int, bar: int
) -> NDArray[np.float64]:
    """The share of eighths that agree, `other` moved `up`, from each of its bars on, ``(bar,)``."""
    moved = np.where(other == REST, REST, (other + up) % 12)
    starts = np.arange(0, len(other), bar)[:, None]
    return np.asarray((moved[(starts + np.arange(len(own))) % len(other)] == own).mean(axis=1))


def _borrowed(score: Score, donor: Score, start: int = 0) -> Score:
    """The other lines of `donor`, from the step `start` on, with the melody of `score`.

    Bar line lies on bar line, where `start` is whole bars.
    """
    others = [line for line in range(len(score.ensemble)) if line != score.ensemble.leads]
    pitches, onsets = score.pitches.copy(), score.onsets.copy()
    inside = (np.arange(score.steps) - score.pickup + donor.pickup + start) % donor.steps
    pitches[:, others] = donor.pitches[inside][:, others]
    onsets[:, others] = donor.onsets[inside][:, others]
    return replace(score, pitches=pitches, onsets=onsets | onset_floor(pitches))


def with_others(score: Score, written: NDArray[np.int64], starts: Flags | None = None) -> Score:
    """The score with the lines `written`, ``(time, line) int`` in the order of `Ensemble.others`.

    They rest where the melody does. A note begins at each of `starts`, by default the melody's
    onsets, and where pitch changes.
    """
    leads, others = score.ensemble.leads, list(score.ensemble.others)
    starts = score.onsets[:, leads] if starts is None else starts
    pitches, onsets = score.pitches.copy(), score.onsets.copy()
    pitches[:, others] = np.where(score.pitches[:, [leads]] == REST, REST, written)
    onsets[:, others] = starts[:, None] & (pitches[:, others] != REST)
    return replace(score, pitches=pitches, onsets=onsets | onset_floor(pitches))


def _major_tonic_of(score: Score) -> int:
    key = key_of(score)
    return key.major_tonic


@cache
def _scale(major_tonic: int) -> NDArray[np.int64]:
    """The scale's pitches, ascending, two octaves past the MIDI range on both sides."""
    return np.array([p for p in range(-24, 152) if (p - major_tonic) % 12 in MAJOR_SCALE])


def _degrees_below(pitches: NDArray[np.int64], major_tonic: int, degrees: int) -> NDArray[np.int64]:
    """The scale's note `degrees` under each pitch, itself lowered onto the scale if need be."""
    scale = _scale(major_tonic)
    return scale[np.searchsorted(scale, pitches, side="right") - 1 - degrees]


BASELINES: dict[str, Baseline] = {
    "block": block,
    "triads": triads,
    "shuffled": shuffled,
    "random": random,
}
