"""The published chorales, as the reference values were made from them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kantor.music.score import Score, onset_floor

FOLDER = os.environ.get("KANTOR_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data")
CHORALES = Path(FOLDER) / "Jsb16thSeparated.json"


@pytest.fixture(scope="session")
def published() -> Callable[[str], list[Score]]:
    """The pieces of a split."""
    if not CHORALES.exists():
        pytest.skip("reference data is not here")
    splits = json.loads(CHORALES.read_text())
    return lambda split: [Score(np.array(piece), onset_floor(piece)) for piece in splits[split]]
