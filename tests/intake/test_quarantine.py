"""What was refused is kept, with its reason, in few files and within limits."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from kantor.intake import Limits, Refused, Upload, quarantine

LIMITS = Limits()


def packed(path: Path) -> dict[str, bytes]:
    """All that is in a file of the quarantine."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_bytes_and_reason_lie_in_one_file(tmp_path: Path) -> None:
    """Under names of our own making, whatever the upload was called."""
    refused = Upload.of("../../a b.mid", b"broken").refused("damaged; export it again")
    folder = tmp_path / "new" / "quarantine"
    quarantine(folder, [refused], LIMITS)
    (path,) = folder.iterdir()
    content = packed(path)
    reasons = content.pop("reasons.txt").decode()
    ((name, data),) = content.items()
    assert data == b"broken"
    assert name.removesuffix(".data").isalnum()
    assert "file: ../../a b.mid\n" in reasons
    assert "reason: damaged; export it again\n" in reasons
    assert refused.sha256 in reasons
    assert name in reasons


def test_many_uploads_make_few_files_and_none_is_lost(tmp_path: Path) -> None:
    """Ten thousand of them twenty files, in which each has its bytes and its reason."""
    refused = [
        Upload.of(f"bad.zip/{number}.mid", b"%d" % number).refused(f"no melody {number}")
        for number in range(10_000)
    ]
    quarantine(tmp_path, refused, LIMITS)
    files = list(tmp_path.iterdir())
    assert len(files) == 20
    data: set[bytes] = set()
    reasons = ""
    for path in files:
        content = packed(path)
        reasons += content.pop("reasons.txt").decode()
        data |= set(content.values())
    assert data == {b"%d" % number for number in range(10_000)}
    lines = set(reasons.splitlines())
    assert {f"reason: no melody {number}" for number in range(10_000)} <= lines


def test_what_unpacks_to_much_is_kept_packed(tmp_path: Path) -> None:
    """A small zip file of many zeros does not become a large quarantine."""
    data = bytes(4_000_000)
    refused = [Upload.of(f"{n}.mid", data + b"%d" % n).refused("no melody") for n in range(20)]
    quarantine(tmp_path, refused, LIMITS)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 200_000
    assert len(list(tmp_path.iterdir())) == 2  # of 64 MB each at most


def test_the_same_uploads_refused_twice_are_kept_once(tmp_path: Path) -> None:
    """And count as new from then on."""
    refused = [Upload.of("a.mid", b"broken").refused("damaged")]
    quarantine(tmp_path, refused, LIMITS)
    (path,) = tmp_path.iterdir()
    os.utime(path, (1_000, 1_000))
    inode = path.stat().st_ino
    quarantine(tmp_path, refused, LIMITS)
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_ino == inode
    assert path.stat().st_mtime > 1_000


def test_contents_are_kept_once_and_what_is_too_large_not_at_all(tmp_path: Path) -> None:
    """Two files of one name are kept apart by their contents; each has its reason."""
    refused = [
        Upload.of(name, data).refused("damaged")
        for name, data in (("a", b"1"), ("a", b"2"), ("b", b"1"))
    ]
    quarantine(tmp_path, [*refused, Refused("c", "too large (not kept)", "0" * 64, None)], LIMITS)
    (path,) = tmp_path.iterdir()
    content = packed(path)
    reasons = content.pop("reasons.txt").decode()
    assert sorted(content.values()) == [b"1", b"2"]
    assert [reasons.count(f"file: {name}\n") for name in "abc"] == [2, 1, 1]
    assert reasons.count("kept: nothing") == 1


def fill(folder: Path, count: int, limits: Limits) -> int:
    """Refuse one upload after the other, each a second younger; how many files were deleted."""
    deleted = 0
    for number in range(count):
        before = set(folder.glob("*"))
        one = Upload.of(f"{number}.mid", os.urandom(1_000)).refused("damaged")
        deleted += quarantine(folder, [one], limits)
        (new,) = set(folder.iterdir()) - before
        os.utime(new, (number, number))
    return deleted


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        ({"quarantine_files": 3}, (5, 6, 7)),
        ({"quarantine_bytes": 5_000}, (5, 6, 7)),
        ({"quarantine_bytes": 1}, (7,)),
    ],
)
def test_the_oldest_files_go_first(
    tmp_path: Path, limit: dict[str, int], left: tuple[int, ...]
) -> None:
    """Their number and bytes stay within the limit, but the newest always stays."""
    assert fill(tmp_path, 8, Limits(**limit)) == 8 - len(left)
    reasons = [packed(path)["reasons.txt"].decode() for path in tmp_path.iterdir()]
    assert {text.splitlines()[0] for text in reasons} == {f"file: {n}.mid" for n in left}


def test_a_write_that_fails_leaves_nothing_by_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stands there whole or not at all."""
    refused = Upload.of("a.mid", b"broken").refused("damaged")
    monkeypatch.setattr(Path, "replace", _full)
    with pytest.raises(OSError, match="full"):
        quarantine(tmp_path, [refused], LIMITS)
    assert list(tmp_path.iterdir()) == []


def _full(*_: object) -> None:
    raise OSError("the disk is full")
