"""Zip files: their members are uploads, their tricks are refused."""

from __future__ import annotations

import stat
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import pytest
from tests.intake.archives import mode, zipped

from kantor.intake import Limits, Refused, Upload, uploads


def found(folder: Path, data: bytes, **limits: object) -> dict[str, Upload | Refused]:
    """What a folder with the zip file a.zip holds, by name after ``a.zip/``."""
    (folder / "a.zip").write_bytes(data)
    asked = Limits.model_validate({"settle": 0, **limits})
    return {one.name.removeprefix("a.zip/"): one for one in uploads(str(folder), asked)}


def reason(one: Upload | Refused) -> str:
    assert isinstance(one, Refused)
    assert "\n" not in one.reason
    return one.reason


def test_members_are_uploads_sorted_by_name(tmp_path: Path, tune: bytes) -> None:
    """Folders, hidden files and what macOS adds are passed over."""
    names = ("b.mid", "a/c.mid", "a/", "__MACOSX/._b.mid", ".DS_Store", "a/.x.mid")
    one = found(tmp_path, zipped(*((name, tune) for name in names)))
    assert list(one) == ["a/c.mid", "b.mid"]
    assert all(isinstance(item, Upload) and item.data == tune for item in one.values())


def test_packed_musicxml_is_a_score_and_no_zip_of_uploads(
    tmp_path: Path, packed_score: bytes
) -> None:
    """Alone and inside a zip file it stays one file."""
    (tmp_path / "b.mxl").write_bytes(packed_score)
    one = found(tmp_path, zipped(("c.mxl", packed_score)))
    assert {name: item.data for name, item in one.items()} == {
        "c.mxl": packed_score,
        "b.mxl": packed_score,
    }


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "C:\\boot.ini", "..\\up.mid", "a/../../b.mid"]
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str, tune: bytes) -> None:
    """And the other members are read, and nothing is written anywhere."""
    one = found(tmp_path, zipped((name, tune), ("ok.mid", tune)))
    assert isinstance(one.pop("ok.mid"), Upload)
    (refused,) = one.values()
    assert "plain name" in reason(refused)
    assert [path.name for path in tmp_path.rglob("*")] == ["a.zip"]


def test_members_that_are_no_plain_files_are_refused(tmp_path: Path, tune: bytes) -> None:
    """Links, pipes and devices by the kind that the zip file states; each with the remedy."""
    kinds = {"link": stat.S_IFLNK, "pipe": stat.S_IFIFO, "disk": stat.S_IFBLK}
    one = found(tmp_path, zipped(*((mode(name, kind), tune) for name, kind in kinds.items())))
    assert "symbolic link" in reason(one["link"])
    assert "not a regular file" in reason(one["pipe"])
    assert "not a regular file" in reason(one["disk"])


def test_encrypted_and_oddly_packed_members_are_refused(tmp_path: Path, tune: bytes) -> None:
    """LZMA and the like take as much memory as the file bids."""
    data = bytearray(zipped(("a.mid", tune)))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    assert "without a password" in reason(found(tmp_path, bytes(data))["a.mid"])
    one = found(tmp_path, zipped(("a.mid", tune), packing=zipfile.ZIP_LZMA))
    assert "ordinary zip file" in reason(one["a.mid"])


def test_a_bomb_is_refused_by_what_it_unpacks_to(tmp_path: Path) -> None:
    """A thousandfold member stops at the ratio, in memory of that order."""
    bomb = zipped(("a.mid", b"MThd" + bytes(80_000_000)))
    tracemalloc.start()
    one = found(tmp_path, bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "bombs" in reason(one["a.mid"]) or "larger than" in reason(one["a.mid"])
    assert peak < 30_000_000


def test_the_ratio_is_counted_not_read_from_the_header(tmp_path: Path) -> None:
    """A header that understates the size does not help a bomb, nor one that overstates it."""
    for size in (10, 1 << 31):
        data = bytearray(zipped(("a.mid", bytes(5_000_000)), ("ok.mid", b"MThd")))
        data[22:26] = struct.pack("<I", size)
        directory = data.index(b"PK\x01\x02")
        data[directory + 24 : directory + 28] = struct.pack("<I", size)
        one = found(tmp_path, bytes(data))
        assert isinstance(one["a.mid"], Refused)
        assert isinstance(one["ok.mid"], Upload)


def test_all_members_together_are_bounded(tmp_path: Path) -> None:
    """Many small ones as well; those read before the limit are uploads, the rest is counted."""
    data = zipped(*((f"{i}.mid", b"MThd" + bytes(996)) for i in range(9)))
    one = found(tmp_path, data, unpacked_bytes=3_500)
    assert sum(isinstance(item, Upload) for item in one.values()) == 3
    assert "6 of its 9 files were not read" in reason(one["a.zip"])


def test_members_that_share_their_bytes_are_no_way_around(tmp_path: Path) -> None:
    """Overlapping members, each of a small ratio, count each in full or are refused."""
    data = bytearray(zipped(("0.mid", b"MThd" + bytes(50_000))))
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry, tail = data[start:end], data[end:]
    tail[8:12] = struct.pack("<HH", 200, 200)
    tail[12:16] = struct.pack("<I", 200 * len(entry))
    one = found(tmp_path, bytes(data[:start] + entry * 200 + tail), unpacked_bytes=1_000_000)
    assert sum(len(item.data or b"") for item in one.values()) <= 1_000_000
    assert any(isinstance(item, Refused) for item in one.values())


def test_the_number_of_members_is_bounded(tmp_path: Path) -> None:
    """Counted in the directory, whatever the closing record says; the zip file is kept."""
    data = zipped(*((f"{i}.mid", b"") for i in range(11)))
    one = found(tmp_path, data, zip_files=10)
    assert "11 files, more than 10" in reason(one["a.zip"])
    assert one["a.zip"].data == data


def test_a_directory_as_large_as_a_disk_is_not_read(tmp_path: Path) -> None:
    """Its size is a number in the file; the memory is not given out on its word."""
    head = zipped(("a.mid", b"MThd"))
    end = bytearray(head[head.index(b"PK\x05\x06") :])
    end[12:20] = struct.pack("<II", 0x7FFFFFF0, 0)
    path = tmp_path / "a.zip"
    with path.open("wb") as file:
        file.write(head[: head.index(b"PK\x01\x02")])
        file.truncate(0x7FFFFFF0)
        file.seek(0, 2)
        file.write(end)
    tracemalloc.start()
    (one,) = uploads(str(tmp_path), Limits(settle=0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "directory too large" in reason(one)
    assert "too large to keep" in reason(one)
    assert one.data is None
    assert peak < 60_000_000


def test_members_of_one_name_are_all_read(tmp_path: Path) -> None:
    """Equal names and those that differ in case alone are kept apart."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of what is wanted here
        data = zipped(("a.mid", b"MThd1"), ("a.mid", b"MThd2"), ("A.MID", b"MThd3"))
    one = found(tmp_path, data)
    assert sorted(item.data or b"" for item in one.values()) == [b"MThd1", b"MThd2", b"MThd3"]
    assert len({name.casefold() for name in one}) == 3


def test_zip_files_in_zip_files_are_opened_as_deep_as_allowed(tmp_path: Path, tune: bytes) -> None:
    """By default not at all; never deeper than the setting, which counts all of them."""
    data = zipped(("c.zip", zipped(("d.zip", zipped(("e.mid", tune))), ("f.mid", tune))))
    assert "unpack it first" in reason(found(tmp_path, data)["c.zip"])
    two = found(tmp_path, data, depth=2)
    assert isinstance(two["c.zip/f.mid"], Upload)
    assert "unpack it first" in reason(two["c.zip/d.zip"])
    assert isinstance(found(tmp_path, data, depth=3)["c.zip/d.zip/e.mid"], Upload)
    none = found(tmp_path, data, depth=0)
    assert "unpack it" in reason(none["a.zip"])


def test_the_budget_holds_across_nested_zip_files(tmp_path: Path) -> None:
    """What is unpacked inside counts for the outermost."""
    inner = zipped(*((f"{i}.mid", b"MThd" + bytes(9_996)) for i in range(5)))
    data = zipped(*((f"{i}.zip", inner) for i in range(5)))
    one = found(tmp_path, data, depth=2, unpacked_bytes=60_000)
    assert sum(len(item.data or b"") for item in one.values() if isinstance(item, Upload)) <= 60_000
    assert any("were not read" in item.reason for item in one.values() if isinstance(item, Refused))


@pytest.mark.parametrize(
    "data",
    [
        b"PK",
        b"PK\x03\x04garbage",
        b"PK\x05\x06" + bytes(17),
        zipped(("a.mid", b"MThd" * 100))[:-30],
        b"PK\x05\x06" + b"\xff" * 18,
    ],
)
def test_damaged_zip_files_are_refused_whole_and_kept(tmp_path: Path, data: bytes) -> None:
    """In one line; the bytes are there for whoever looks into it."""
    one = found(tmp_path, data)["a.zip"]
    assert "zip file" in reason(one)
    assert one.data == data


def test_a_damaged_or_empty_member_does_not_touch_the_others(tmp_path: Path, tune: bytes) -> None:
    """A check sum is wrong, a member is empty; the others are uploads. An empty zip is nothing."""
    members = (("a.mid", tune), ("b.mid", tune), ("c.mid", b""))
    data = bytearray(zipped(*members, packing=zipfile.ZIP_STORED))
    data[data.index(b"MThd") + 9] ^= 0xFF
    one = found(tmp_path, bytes(data))
    assert "damaged" in reason(one["a.mid"])
    assert isinstance(one["b.mid"], Upload)
    assert "empty" in reason(one["c.mid"])
    assert found(tmp_path, zipped()) == {}


def test_any_changed_byte_is_survived(tmp_path: Path, tune: bytes) -> None:
    """Every outcome is an upload or a refusal, never an exception."""
    whole = zipped(("a.mid", tune), ("b.mid", tune))
    for place in range(0, len(whole), 7):
        data = bytearray(whole)
        data[place] ^= 0xFF
        for one in found(tmp_path, bytes(data)).values():
            assert isinstance(one, Upload | Refused)
