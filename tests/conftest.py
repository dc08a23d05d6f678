"""Fixtures that several rooms share."""

import fsspec
import pytest

pytest_plugins = ["tests.registries"]


@pytest.fixture
def bucket():
    """An empty store in memory."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
