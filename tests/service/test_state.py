"""How the parts are can be read by others, whole or not at all."""

from kantor.service.state import State, read, write


def test_what_is_written_is_read(tmp_path):
    """All of it."""
    there = [State("one", "running", 1.5), State("two", "down", 2.0, 3, "ended: x", 4.0)]
    write(tmp_path / "state", there)
    assert read(tmp_path / "state") == there


def test_nothing_that_can_be_read(tmp_path):
    """No file, one that is torn, one of another version."""
    assert read(tmp_path / "state") == []
    for text in ("[{", '[{"other": 1}]', "7"):
        (tmp_path / "state").write_text(text)
        assert read(tmp_path / "state") == []
