"""What the tests of the networks share: chorales made by rule, and how they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.ensembles import BAND

from kantor import settings
from kantor.data import windows
from kantor.data.corpus import Corpus, Piece
from kantor.ensemble import SATB
from kantor.music.conditioning import Conditioning
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


def ask(score: Score, voices: tuple[int, ...] = (0,)) -> Conditioning:
    """Give some voices of a piece, by default the soprano, and ask for the others."""
    mask = np.zeros(score.pitches.shape, bool)
    mask[:, voices] = True
    return Conditioning.from_score(score, mask)


@pytest.fixture(scope="session")
def asked() -> Callable[..., Conditioning]:
    """The function that asks for the voices below a soprano, or for others."""
    return ask


SMALLEST = {
    "preset": "chorale",
    "seed": 1,
    "batch": 2,
    "warmup": 1,
    "iterations": 2,
    "minutes": 5,
    "critic_steps": 1,
    "gradient_penalty": 10,
    "betas": (0.5, 0.9),
    "learning_rates": {"likelihood": 0.002, "generator": 0.001, "critic": 0.001},
    "likelihood_weight": 1.0,
    "weight_decay": 0.01,
    "average": 0.5,
    "xla": False,
    "log_every": 1,
    "measure_every": 3,
    "checkpoint_every": 1,
    "melodies": 2,
    "early_stop": {
        "tolerance": 0.02,
        "measurements": 3,
        "critic_rows": 40,
        "critic_tolerance": 0.001,
    },
    "chorale": {
        "width": 8,
        "decoder": 8,
        "head": 8,
        "memory": 4,
        "reach": 2,
        "dilations": (1,),
        "critic": 8,
        "embedding": 8,
        "dropout": 0.4,
    },
}


@pytest.fixture(scope="session")
def smallest() -> Callable[..., Any]:
    """The function that makes settings of a training of three iterations, some of them changed."""
    from kantor.hyperparameters import Train

    return lambda **changes: Train.model_validate(SMALLEST | changes)


def beginning(piece: Piece, steps: int) -> Piece:
    score = piece.score
    lines = score.bar_lines[score.bar_lines < steps]
    parts = {name: getattr(score, name)[:steps] for name in ("pitches", "onsets", "fermatas")}
    return replace(piece, score=replace(score, bar_lines=lines, **parts))


@pytest.fixture(scope="session")
def tiny(corpus: Corpus) -> tuple[Corpus, windows.Windows]:
    """A bar of each training piece, half a bar of each other one, in windows of eight steps."""
    short = tuple(beginning(piece, 16 if piece.split == "train" else 8) for piece in corpus)
    return short, windows.cut(short, settings.Windows(steps=8))


@pytest.fixture(scope="module")
def eager() -> Iterator[None]:
    """Run step by step: for a handful of iterations tracing graphs would take far longer."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="package")
def small() -> Any:
    """The network of `tests.model.small` for SATB."""
    from tests.model.small import Small

    return Small(SATB)


@pytest.fixture(scope="package")
def band() -> Any:
    """The network of `tests.model.small` for an ensemble with drums."""
    from tests.model.small import Small

    return Small(BAND)


@pytest.fixture(params=["small", "band"])
def any_ensemble(request: pytest.FixtureRequest) -> Any:
    """Each of them."""
    return request.getfixturevalue(request.param)
