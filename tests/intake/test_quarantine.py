"""What was refused is kept, with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantor.intake import Refused, Upload, quarantine


def test_bytes_and_reason_lie_side_by_side(tmp_path: Path) -> None:
    """Under names of our own making, whatever the upload was called."""
    refused = Upload.of("../../a b.mid", b"broken").refused("damaged; export it again")
    text = quarantine(tmp_path / "new" / "quarantine", refused)
    data = text.with_suffix(".data")
    assert data.read_bytes() == b"broken"
    assert {path.name for path in text.parent.iterdir()} == {text.name, data.name}
    told = text.read_text()
    assert "file: ../../a b.mid\n" in told
    assert "reason: damaged; export it again\n" in told
    assert refused.sha256 in told
    assert data.name in told


def test_the_same_upload_refused_twice_is_kept_once(tmp_path: Path) -> None:
    """The text is not even touched; another reason takes the place of the first."""
    refused = Upload.of("a.mid", b"broken").refused("damaged")
    first = quarantine(tmp_path, refused)
    before = first.stat().st_mtime_ns, first.stat().st_ino
    assert quarantine(tmp_path, refused) == first
    assert (first.stat().st_mtime_ns, first.stat().st_ino) == before
    quarantine(tmp_path, Upload.of("a.mid", b"broken").refused("too long"))
    assert len(list(tmp_path.iterdir())) == 2
    assert "too long" in first.read_text()


def test_other_names_and_other_contents_are_kept_apart(tmp_path: Path) -> None:
    """Two files of one name, and one content under two names."""
    for name, data in (("a", b"1"), ("a", b"2"), ("b", b"1")):
        quarantine(tmp_path, Upload.of(name, data).refused("damaged"))
    assert len(list(tmp_path.glob("*.data"))) == len(list(tmp_path.glob("*.txt"))) == 3


def test_what_is_too_large_to_keep_has_its_reason_alone(tmp_path: Path) -> None:
    """And the text says that nothing was kept."""
    text = quarantine(tmp_path, Refused("a.mid", "too large (not kept)", "0" * 64, None))
    assert [path.name for path in tmp_path.iterdir()] == [text.name]
    assert "kept: nothing" in text.read_text()


def test_a_write_that_fails_leaves_nothing_by_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason comes last: where it stands, the bytes are whole."""
    refused = Upload.of("a.mid", b"broken").refused("damaged")
    monkeypatch.setattr(Path, "replace", _full)
    with pytest.raises(OSError, match="full"):
        quarantine(tmp_path, refused)
    assert list(tmp_path.iterdir()) == []


def _full(*_: object) -> None:
    raise OSError("the disk is full")
