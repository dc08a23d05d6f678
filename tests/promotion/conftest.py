"""Tables made by rule. The network is a rule as well: see `tests.registries`."""

import numpy as np
import pandas as pd
import pytest

from kantor.data.corpus import Piece
from kantor.ensemble import SATB
from kantor.metrics.musical import LABELS
from kantor.metrics.part_writing import marks
from kantor.music.score import Score, onset_floor
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.rule import rows
from kantor.report.tables import COUNTS, Tables, melody_metrics

PIECES, EACH = 30, 4
NAMES = [name for name in LABELS if name not in melody_metrics(SATB)]


@pytest.fixture(autouse=True)
def stand_in(network_stand_in):
    """The rule in place of the network."""


def tables(far, crossing=0.03, triads=0.9, parallels=2, seed=0):
    """Figures of every window, `far` from those of `far` = 0; marks of every piece."""
    rng = np.random.default_rng(seed)
    pieces = [f"made/{row}" for row in range(PIECES)]
    starts = range(0, 32 * EACH, 32)
    index = pd.MultiIndex.from_product([pieces, starts], names=["piece", "start"])
    frame = pd.DataFrame(rng.normal(size=(len(index), len(NAMES))) + far, index, NAMES)
    frame["crossing"] = crossing + 0.001 * frame["crossing"]
    frame["triad_or_seventh"] = triads + 0.001 * frame["triad_or_seventh"]
    index = pd.MultiIndex.from_product([pieces, COUNTS], names=["piece", "count"])
    tallies = pd.DataFrame({name: [1.0, 50.0] * PIECES for name in marks(SATB)}, index)
    tallies["beat_parallels"] = [float(parallels), 50.0] * PIECES
    return Tables(frame, tallies)


@pytest.fixture(scope="session")
def make():
    """The function that makes tables."""
    return tables


@pytest.fixture
def pieces():
    """Two short pieces that are held out, and one that is not."""
    splits = ("valid", "train", "valid")
    soprano = np.repeat(65 + np.arange(16) * 3 % 12, 4)
    pitches = (soprano[:, None] - [0, 4, 9, 16]).astype(np.int8)
    score = Score(pitches, onset_floor(pitches))
    return tuple(Piece(f"made/{row}", split, "made", 0, score) for row, split in enumerate(splits))


@pytest.fixture
def outcome(make, rule):
    """A challenger that wins."""
    found = rows(make(0.05, seed=2), make(1.0, seed=3), make(0, seed=1), rule)
    return ModelComparison("kantor-bach", 2, 1, 30, True, tuple(found), rule)
