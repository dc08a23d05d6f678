"""A small model of random weights, made without TensorFlow, and what it can be asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kantor import runtime
from kantor.music.given import Given, stack
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Score
from kantor.runtime.pitches import CONDITION, DISTANCES, MOTIONS

WIDTH, DECODER, HEAD, MEMORY, REACH = 8, 12, 8, 4, 3
PITCHES, FEATURES = 4 * 64, 4 * 64 + 4 + 72 + 24 + 4 * MOTIONS
INFO = {"preset": "chorale", "params": {"seed": 1}}


def random_weights(seed: int = 1) -> dict[str, Any]:
    """What ``runtime.npz`` holds of a generator of the smallest sizes."""
    chord = PITCHES + 72 + 24 + 4 * MOTIONS + 72
    layers = {
        "encoder.entry": (FEATURES + 4 + CONDITION, WIDTH),
        "encoder.0": (3 * WIDTH, WIDTH),
        "encoder.1": (3 * WIDTH, WIDTH),
        "remember": (FEATURES, MEMORY),
        "entry": (REACH * MEMORY + WIDTH + CONDITION, DECODER),
        "inner": (DECODER, DECODER),
    }
    for voice in range(4):
        layers[f"heads.{voice}.hidden"] = (DECODER + chord, HEAD)
        layers[f"heads.{voice}.outputs"] = (HEAD, 64 + 1 + MOTIONS + 3 * (12 + DISTANCES))
    random = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for name, shape in layers.items():
        found[f"{name}.kernel"] = random.normal(0, 0.3, shape).astype(np.float32)
        found[f"{name}.bias"] = random.normal(0, 0.3, shape[1]).astype(np.float32)
    for voice in range(4):
        successors = random.normal(0, 0.3, (3, 12 * MOTIONS, 12)).astype(np.float32)
        found[f"heads.{voice}.successors"] = successors
    found["encoder.dilations"] = np.array([1, 2])
    found["tessitura"] = random.normal(0, 0.3, (4, 128)).astype(np.float32)
    return found


@pytest.fixture(scope="session")
def weights() -> dict[str, Any]:
    """Of a generator without a critic."""
    return random_weights()


@pytest.fixture(scope="session")
def model(weights: dict[str, Any]) -> runtime.Generator:
    """It composes in this process alone."""
    return runtime.Generator(weights, INFO, processes=1)


def tune(steps: int, seed: int) -> Score:
    """A soprano in quarters."""
    random = np.random.default_rng(seed)
    notes = [Note(start, start + 4, int(random.integers(62, 78))) for start in range(0, steps, 4)]
    return Score(*arrays_of(notes, steps), key=Key(int(random.integers(-5, 6))))


@pytest.fixture(scope="session")
def batch() -> Given:
    """Five sopranos of several lengths."""
    pieces = []
    for row, steps in enumerate((32, 8, 20, 32, 12)):
        score = tune(steps, row)
        mask = np.zeros(score.pitches.shape, bool)
        mask[:, 0] = True
        pieces.append(Given.from_score(score, mask))
    return stack(pieces)
