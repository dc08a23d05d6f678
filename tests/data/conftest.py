"""The raw scores, built once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantor.data.chorales import rebuild


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `data/` as `kantor data` builds it."""
    folder = tmp_path_factory.mktemp("raw") / "data"
    rebuild(folder)
    return folder
