"""Fixtures that several rooms share."""

import json
import os
from pathlib import Path

import fsspec
import numpy as np
import pytest

from kantor.music.score import Score, onset_floor

pytest_plugins = ["tests.registries"]
FOLDER = os.environ.get("KANTOR_REFERENCE_DATA", Path(__file__).parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def published():
    """The published chorales of a split, by its name."""
    path = Path(FOLDER) / "Jsb16thSeparated.json"
    if not path.exists():
        pytest.skip("reference data is not here")
    splits = json.loads(path.read_text())
    return lambda split: [Score(np.array(piece), onset_floor(piece)) for piece in splits[split]]


@pytest.fixture
def bucket():
    """An empty store in memory."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
