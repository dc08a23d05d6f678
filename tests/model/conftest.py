"""What the tests of the networks share: chorales made by rule, whole and cut; small networks."""

from collections.abc import Iterator
from typing import Any

import pytest
import tensorflow as tf
from tests.ensembles import BAND
from tests.model.small import Small, made_chorale

from kantor import settings
from kantor.data import windows
from kantor.data.corpus import Corpus, Piece
from kantor.ensemble import SATB
from kantor.model.train.monitor import opening


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """Four training pieces and two held out: two pickups, 3/4 among 4/4, five keys."""
    return tuple(
        Piece(f"made/{row}", "train" if row < 4 else "valid", "made", 0, made_chorale(row))
        for row in range(6)
    )


@pytest.fixture(scope="session")
def cut(corpus: Corpus) -> windows.Windows:
    """The windows of the corpus."""
    return windows.cut(corpus, settings.Windows())


@pytest.fixture(scope="session")
def tiny() -> tuple[Corpus, windows.Windows]:
    """A bar of each training piece, half a bar of each other one, in windows of eight steps."""
    short = tuple(
        Piece(f"made/{row}", split, "made", 0, opening(made_chorale(row), steps))
        for row, (split, steps) in enumerate(4 * [("train", 16)] + 2 * [("valid", 8)])
    )
    return short, windows.cut(short, settings.Windows(steps=8))


@pytest.fixture(scope="module")
def eager() -> Iterator[None]:
    """Run step by step: for a handful of iterations tracing graphs would take far longer."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="package")
def small() -> Small:
    return Small(SATB)


@pytest.fixture(scope="package")
def band() -> Small:
    """The same for an ensemble with drums."""
    return Small(BAND)


@pytest.fixture(params=["small", "band"])
def any_ensemble(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)
