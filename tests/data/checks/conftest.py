"""A small corpus that passes every check, and copies of it to spoil."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kantor.data.checks.outcomes import Outcome
from kantor.data.checks.run import check_tables
from kantor.data.checks.tables import Tables, measure
from kantor.data.corpus import Piece, manifest
from kantor.data.windows import Windows, cut
from kantor.music.score import Key, Score, onset_floor
from kantor.settings import Validate
from kantor.settings import Windows as Sizes

LIMITS = Validate(
    min_pieces={"train": 6, "valid": 2, "test": 2},
    max_rest_share=0.05,
    max_empty_bar_share=0.03,
    max_crossing_share=0.1,
    max_duplicate_share=0.1,
    min_in_scale=0.9,
    max_pitch_drift=0.3,
)
# The white keys that each voice sings; no two voices share any.
NOTES = ((67, 69, 71, 72, 74), (60, 62, 64, 65), (53, 55, 57, 59), (43, 45, 47, 48, 50, 52))


def chorale(seed: int) -> Score:
    """Nine bars and a pickup of quarters, each voice drawn from its own white keys."""
    generator = np.random.default_rng(seed)
    quarters = np.stack([generator.choice(notes, 37) for notes in NOTES], axis=1)
    pitches = np.repeat(quarters, 4, axis=0).astype(np.int8)
    return Score(pitches, onset_floor(pitches), pickup=4, key=Key(), title=f"Chorale {seed}")


@dataclass(frozen=True)
class Data:
    """What the stage reads."""

    windows: Windows
    table: pd.DataFrame

    @property
    def tables(self) -> Tables:
        return measure(self.windows, self.table, 32, LIMITS.min_pieces)

    def outcomes(self, docs: Path | None = None) -> list[Outcome]:
        return check_tables(self.tables, LIMITS, 32, docs)

    def failed(self) -> dict[str, Outcome]:
        return {one.name: one for one in self.outcomes() if one.success is False}


@pytest.fixture(scope="session")
def sound() -> Data:
    """Ten pieces of eight windows each; the windows of a piece begin at steps 4, 20, 36, …."""
    splits = ["train"] * 6 + ["valid"] * 2 + ["test"] * 2
    pieces = [
        Piece(f"choir/{split}{seed}", split, "folder", 0, chorale(seed))
        for seed, split in enumerate(splits)
    ]
    return Data(cut(pieces, Sizes()), manifest(pieces))


@pytest.fixture
def broken(sound: Data) -> Data:
    """A copy that a test may spoil."""
    arrays = {name: array.copy() for name, array in vars(sound.windows).items()}
    return Data(Windows(**arrays), sound.table.astype(object))
