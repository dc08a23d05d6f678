"""A small corpus that passes every check, and copies of it to spoil."""

from dataclasses import dataclass, replace

import pandas as pd
import pytest
from tests.data.conftest import chorale

from kantor.data.checks.outcomes import Outcome
from kantor.data.checks.page import page
from kantor.data.checks.run import check_tables
from kantor.data.checks.tables import Tables, measure
from kantor.data.corpus import Piece, manifest
from kantor.data.windows import Windows, cut
from kantor.settings import Validate
from kantor.settings import Windows as Sizes

LIMITS = Validate(
    min_pieces={"train": 6, "valid": 2, "test": 2},
    min_voice_share=0.5,
    max_outside_share=0.01,
    max_rest_share=0.05,
    max_empty_bar_share=0.03,
    max_crossing_share=0.1,
    max_duplicate_share=0.1,
    min_in_scale=0.9,
    max_pitch_drift=0.3,
)


@dataclass(frozen=True)
class Data:
    """What the stage reads."""

    windows: Windows
    table: pd.DataFrame

    @property
    def tables(self) -> Tables:
        return measure(self.windows, self.table, 32, LIMITS)

    def outcomes(self) -> list[Outcome]:
        """Of every check; the page can be drawn, whatever they are."""
        outcomes = check_tables(self.tables, LIMITS, 32)
        assert page(self.tables, outcomes, LIMITS)
        return outcomes

    def failed(self) -> dict[str, str]:
        """The line of each check that failed, by its name."""
        return {one.name: one.line for one in self.outcomes() if one.success is False}


@pytest.fixture(scope="session")
def sound() -> Data:
    """Ten pieces of eight windows each; the windows of a piece begin at steps 4, 20, 36, …."""
    splits = ["train"] * 6 + ["valid"] * 2 + ["test"] * 2
    pieces = [
        Piece(f"choir/{split}{seed}", split, "folder", 0, chorale(seed, quarters=37))
        for seed, split in enumerate(splits)
    ]
    return Data(cut(pieces, Sizes()), manifest(pieces))


@pytest.fixture
def broken(sound: Data) -> Data:
    """A copy that a test may spoil."""
    arrays = {name: array.copy() for name, array in vars(sound.windows).items()}
    return replace(sound, windows=Windows(**arrays), table=sound.table.astype(object))
