"""What was refused is kept, with its reason, in few files and within limits."""

import os
import zipfile

import pytest

from kantor.intake import Limits, Refused, Upload, quarantine

LIMITS = Limits()


def refused(name, data, reason="damaged"):
    return Upload.of(name, data).refused(reason)


def packed(path):
    """The bytes in a file of the quarantine, and the reasons."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    return content, content.pop("reasons.txt").decode()


def test_bytes_and_reason_lie_in_one_file(tmp_path):
    """Under names of our own making. The same uploads again are kept once, and count as new."""
    uploads = [refused(name, data) for name, data in (("../a", b"1"), ("../a", b"2"), ("b", b"1"))]
    folder = tmp_path / "new" / "quarantine"
    for _ in range(2):
        quarantine(folder, [*uploads, Refused("c", "too large", "0" * 64, None)], LIMITS)
        (path,) = folder.iterdir()
        assert path.stat().st_mtime > 1_000
        os.utime(path, (1_000, 1_000))
    content, reasons = packed(path)
    assert sorted(content.values()) == [b"1", b"2"]
    assert all(name.removesuffix(".data").isalnum() and name in reasons for name in content)
    assert [reasons.count(f"file: {name}\n") for name in ("../a", "b", "c")] == [2, 1, 1]
    assert reasons.count("reason: damaged\n") == 3
    assert reasons.count("kept: nothing") == 1
    assert uploads[0].sha256 in reasons


def test_many_uploads_make_few_files_and_none_is_lost(tmp_path):
    """Ten thousand of them twenty files, in which each has its bytes and its reason."""
    contents = {b"%d" % number for number in range(10_000)}
    uploads = [refused("bad.zip/a.mid", data, f"no melody {data.decode()}") for data in contents]
    quarantine(tmp_path, uploads, LIMITS)
    files = [packed(path) for path in tmp_path.iterdir()]
    assert len(files) == 20
    assert {data for content, _ in files for data in content.values()} == contents
    lines = {line for _, reasons in files for line in reasons.splitlines()}
    assert {f"reason: {one.reason}" for one in uploads} <= lines


def test_what_unpacks_to_much_is_kept_packed(tmp_path):
    """A small zip file of many zeros does not become a large quarantine."""
    uploads = [refused(f"{n}.mid", bytes(4_000_000) + b"%d" % n) for n in range(20)]
    quarantine(tmp_path, uploads, LIMITS)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert sum(sizes) < 200_000
    assert len(sizes) == 2  # of 64 MB each at most


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        ({"quarantine_files": 3}, {"5", "6", "7"}),
        ({"quarantine_bytes": 5_000}, {"5", "6", "7"}),
        ({"quarantine_bytes": 1}, {"7"}),
    ],
)
def test_the_oldest_files_go_first(tmp_path, limit, left):
    """Their number and bytes stay within the limit, but the newest always stays."""
    deleted = 0
    for number in range(8):
        before = set(tmp_path.iterdir())
        deleted += quarantine(tmp_path, [refused(f"{number}", os.urandom(1_000))], Limits(**limit))
        (new,) = set(tmp_path.iterdir()) - before
        os.utime(new, (number, number))
    assert deleted == 8 - len(left)
    reasons = [packed(path)[1] for path in tmp_path.iterdir()]
    assert {text.splitlines()[0].removeprefix("file: ") for text in reasons} == left
