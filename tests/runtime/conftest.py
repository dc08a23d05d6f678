"""A small model of random weights, made without TensorFlow, and what it can be asked."""

from typing import Any

import numpy as np
import pytest
from tests.runtime.arrays import random_weights

from kantor import runtime
from kantor.music.conditioning import Conditioning, stack
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Score

INFO = {"preset": "chorale", "params": {"seed": 1}}


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
def batch() -> Conditioning:
    """Five sopranos of several lengths."""
    pieces = []
    for row, steps in enumerate((32, 8, 20, 32, 12)):
        score = tune(steps, row)
        mask = np.zeros(score.pitches.shape, bool)
        mask[:, 0] = True
        pieces.append(Conditioning.from_score(score, mask))
    return stack(pieces)
