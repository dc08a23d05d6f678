"""Fixtures that several rooms share."""

import json
import os
import signal
from pathlib import Path

import fsspec
import hypothesis
import numpy as np
import pytest

from kantor.music.score import Score, onset_floor

# What runs in the background of a script ignores it, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("kantor", deadline=None)
hypothesis.settings.load_profile("kantor")

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
