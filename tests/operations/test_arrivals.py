"""What arrives in a folder is noticed when it is there as a whole, once."""

import pytest

from kantor.operations.arrivals import Arrivals, state


@pytest.fixture
def inbox(tmp_path):
    return tmp_path / "inbox"


def looks(arrivals, count=3):
    return [arrivals.look() for _ in range(count)]


def test_an_empty_or_missing_folder_says_nothing(inbox):
    """Nothing has arrived where nothing is."""
    arrivals = Arrivals(inbox)
    assert looks(arrivals) == [False, False, False]
    inbox.mkdir()
    assert looks(arrivals) == [False, False, False]


def test_what_was_there_before_is_said_once(inbox):
    """It may have come while nobody looked."""
    inbox.mkdir()
    (inbox / "a.mid").write_text("a")
    assert looks(Arrivals(inbox)) == [False, True, False]


def test_what_is_still_copied_is_waited_for(inbox):
    """It is said when two looks see the same."""
    (inbox / "folder").mkdir(parents=True)
    arrivals, file = Arrivals(inbox), inbox / "folder" / "a.mid"
    seen = []
    for text in ("a", "ab", "abc", "abc", "abc"):
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
        seen.append(arrivals.look())
    assert seen == [False, False, False, True, False]


def test_the_next_file_is_said_again(inbox):
    """Each arrival is, and a removal of all is not."""
    inbox.mkdir()
    arrivals = Arrivals(inbox)
    for name in ("a", "b"):
        (inbox / name).write_text(name)
        assert looks(arrivals) == [False, True, False]
    for name in ("a", "b"):
        (inbox / name).unlink()
    assert looks(arrivals) == [False, False, False]


def test_hidden_files_are_not_looked_at(inbox):
    """They are files in the making, or a system's own."""
    inbox.mkdir()
    before = state(inbox)
    (inbox / ".part").write_text("half")
    assert state(inbox) == before
