"""An inbox with melodies, and where to compose to."""

import pytest
from tests.batch import tunes


@pytest.fixture
def inbox(tmp_path):
    """Ten melodies, one of them twice, and one file that is none."""
    folder = tunes.fill(tmp_path / "inbox", 10)
    (folder / "tune004 copy.mid").write_bytes(tunes.tune(4))
    (folder / "notes.txt").write_text("no melody")
    return folder


@pytest.fixture
def out(tmp_path):
    """The folder of the results, not made yet."""
    return tmp_path / "out"
