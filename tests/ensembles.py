"""Ensembles unlike SATB, for tests: a band with three drums, a larger one with eight and a sound of
its own; and music for them."""

from dataclasses import replace

import numpy as np

from kantor.ensemble import COLOURS, Ensemble, Line, Sound
from kantor.music.score import REST, Key, Meter, Score, onset_floor

BAND = Ensemble(
    "band",
    (
        Line("flute", 60, 96),
        Line("voice", 57, 77),
        Line("guitar", 45, 76),
        Line("piano", 40, 72),
        Line("bass", 28, 52),
        Line("hat", 42, 42, kind="drum"),
        Line("snare", 38, 38, kind="drum"),
        Line("kick", 36, 36, kind="drum"),
    ),
    leads=1,
    order=(1, 7, 4, 6, 0, 3, 5, 2),
    bass=4,
)


def tune(row: int, steps: int = 32) -> Score:
    """Held pitches that change every quarter, and drums on some of the steps."""
    random, shape = np.random.default_rng(row), (steps, len(BAND))
    low, high = np.array(BAND.ranges).T
    pitches = np.repeat(random.integers(low, high + 1, (steps // 4, len(BAND))), 4, axis=0)
    drums = np.arange(len(BAND)) >= BAND.pitched
    pitches = np.where(drums & (random.random(shape) < 0.6), REST, pitches)
    onsets = onset_floor(pitches) | (drums & (pitches != REST))
    return Score(pitches.astype(np.int8), onsets, key=Key(row % 3), ensemble=BAND)


def _drum(name: str, number: int, index: int, level: float = 1.0) -> Line:
    colour = COLOURS[(index + 5) % len(COLOURS)]
    return Line(name, number, number, kind="drum", colour=colour, level=level)


COMMON = Meter()
ROCK = Ensemble(
    "rock",
    (
        Line("lead", 55, 88, program=30, colour=COLOURS[0], level=1.2),
        Line("guitar 1", 52, 79, program=29, colour=COLOURS[1], pan=-0.6, level=0.8),
        Line("guitar 2", 47, 74, program=29, colour=COLOURS[2], pan=0.6, level=0.8),
        Line("guitar 3", 40, 69, program=29, colour=COLOURS[3], level=0.8),
        Line("bass", 28, 55, program=33, colour=COLOURS[4]),
        *(
            _drum(name, number, index, 0.5 if name in ("closed hat", "ride") else 1.0)
            for index, (name, number) in enumerate(
                {
                    "crash": 49, "ride": 51, "open hat": 46, "closed hat": 42,
                    "high tom": 48, "low tom": 45, "snare": 38, "kick": 36,
                }.items()
            )
        ),
    ),
    bass=4,
    writing="accompaniment",
    sound=Sound(tempo=132.0, swing=0.62, humanise=0.4, seed=3),
)  # fmt: skip


def rhythms(seed: int = 0, bars: int = 4, meter: Meter = COMMON, pickup: int = 0, **sound) -> Score:
    """Music of `ROCK` in sixteenths to dotted quarters, and drums that last a step."""
    random, steps = np.random.default_rng(seed), bars * meter.bar_steps + pickup
    pitches = np.full((steps, len(ROCK)), REST, np.int8)
    onsets = np.zeros(pitches.shape, bool)
    for index, line in enumerate(ROCK.lines):
        starts = np.unique(np.append(np.cumsum(random.choice([1, 2, 3, 4, 6], steps)), 0))
        if line.kind == "drum":
            starts = np.flatnonzero(random.random(steps) < 0.3)
        for start in starts[starts < steps].tolist():
            sounds = line.kind == "drum" or start == 0 or random.random() < 0.9
            pitches[start:, index] = random.integers(line.low, line.high + 1) if sounds else REST
            onsets[start, index] = sounds
            pitches[start + 1 :, index] = REST if line.kind == "drum" else pitches[start, index]
    ensemble = replace(ROCK, sound=replace(ROCK.sound, **sound))
    return Score(pitches, onsets, meter, pickup, Key(1), 120.0, "Rhythms", ensemble=ensemble)
