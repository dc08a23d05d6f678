"""What the tests of the networks share: chorales made by rule, and how they are asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kantor import settings
from kantor.data import windows
from kantor.data.corpus import Corpus, Piece
from kantor.music.given import Given
from kantor.music.score import Key, Meter, Score, onset_floor

settings.quiet()

SCALE = np.array([0, 2, 4, 5, 7, 9, 11])
CHORDS = ((-2, -4, -14), (-3, -5, -14), (-2, -5, -11))
"""Steps of the scale from the soprano down to the other voices."""
PICKUPS = (0, 4, 0, 0, 4, 0)
METERS = (Meter(), Meter(), Meter(3, 4), Meter(), Meter(), Meter())
STEPS = (64, 68, 60, 48, 52, 64)


def degree(steps: np.ndarray) -> np.ndarray:
    """A number of steps above middle C in C major as a MIDI number."""
    return 60 + 12 * (steps // 7) + SCALE[steps % 7]


def chorale(row: int) -> Score:
    """A walk up and down the scale in quarters, chords below it, moved into key `row`."""
    random = np.random.default_rng(row)
    quarters = STEPS[row] // 4
    walk = 5 + np.abs((np.cumsum(random.integers(-1, 2, quarters)) + 4) % 8 - 4)
    below = np.array([(0, *CHORDS[index]) for index in random.integers(0, 3, quarters)])
    pitches = np.repeat(degree(walk[:, None] + below), 4, axis=0).astype(np.int8)
    onsets = onset_floor(pitches)
    onsets[::8] = True
    fermatas = np.arange(STEPS[row]) % 32 >= 28
    score = Score(pitches, onsets, METERS[row], PICKUPS[row], Key(0), 90.0, f"Made {row}", fermatas)
    return score.transposed((0, 2, -1, 1, -2, 0)[row])


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """Four training pieces and two held out: two pickups, 3/4 among 4/4, five keys."""
    return tuple(
        Piece(f"made/{row}", "train" if row < 4 else "valid", "made", 0, chorale(row))
        for row in range(6)
    )


@pytest.fixture(scope="session")
def cut(corpus: Corpus) -> windows.Windows:
    """The windows of the corpus."""
    return windows.cut(corpus, settings.Windows())


def ask(score: Score, voices: tuple[int, ...] = (0,)) -> Given:
    """Give some voices of a piece, by default the soprano, and ask for the others."""
    mask = np.zeros(score.pitches.shape, bool)
    mask[:, voices] = True
    return Given.from_score(score, mask)


@pytest.fixture(scope="session")
def asked() -> Callable[..., Given]:
    """The function that asks for the voices below a soprano, or for others."""
    return ask
