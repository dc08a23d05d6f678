"""Zip files: their members are uploads, their tricks are refused; names fit to be shown."""

import stat
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.files import PACKED_SCORE, TUNE, zipped

from kantor.intake import Limits, Refused, Upload, uploads
from kantor.intake.upload import LONGEST, shown

pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")


def opened(folder, data, **limits):
    """What a folder with the zip file a.zip holds, by name after ``a.zip/``."""
    (folder / "a.zip").write_bytes(data)
    allowed = Limits.model_validate({"settle": 0, **limits})
    return {one.name.removeprefix("a.zip/"): one for one in uploads(str(folder), allowed)}


def reason(one):
    assert isinstance(one, Refused)
    assert "\n" not in one.reason
    return one.reason


def test_members_are_uploads_sorted_by_name(tmp_path):
    """Folders, hidden files and what macOS adds are passed over; packed MusicXML is one file."""
    names = ("b.mid", "a/c.mid", "a/", "__MACOSX/._b.mid", ".DS_Store", "a/.x.mid")
    (tmp_path / "b.mxl").write_bytes(PACKED_SCORE)
    one = opened(tmp_path, zipped(*((name, TUNE) for name in names), ("c.mxl", PACKED_SCORE)))
    assert [(name, item.data) for name, item in one.items()] == [
        ("a/c.mid", TUNE),
        ("b.mid", TUNE),
        ("c.mxl", PACKED_SCORE),
        ("b.mxl", PACKED_SCORE),
    ]


def test_a_zip_file_that_is_one_score_or_one_song_is_one_file(tmp_path):
    """Packed MusicXML without a container, by its ending; what other programs pack, by both."""
    score = zipped(("score.xml", PACKED_SCORE), ("cover.png", b"x"))
    song = zipped(("VERSION", b"7"), ("Content/score.gpif", b"<GPIF/>"))
    for name, data in (("a.mxl", score), ("b.gp", song), ("c.zip", score)):
        (tmp_path / name).write_bytes(data)
    names = [one.name for one in uploads(str(tmp_path), Limits(settle=0))]
    assert names == ["a.mxl", "b.gp", "c.zip/cover.png", "c.zip/score.xml"]


@pytest.mark.parametrize(
    ("name", "code_page"),
    [("Подмосковные вечера", "cp866"), ("さくら", "cp932"), ("Für Elise", "cp437")],
)
def test_names_in_old_code_pages_are_readable(tmp_path, name, code_page):
    """As Windows packs them: without the flag for UTF-8."""
    plain = "x" * len(name.encode(code_page))
    data = zipped((f"{plain}.mid", TUNE)).replace(plain.encode(), name.encode(code_page))
    (tmp_path / "a.zip").write_bytes(data)
    (found,) = uploads(str(tmp_path), Limits(settle=0))
    assert found.name == f"a.zip/{name}.mid"


def test_names_that_lead_elsewhere_are_refused(tmp_path):
    """Climbing, absolute, and on a drive; dots and colons alone are none. Nothing is written."""
    names = ("../../etc/passwd", "/etc/a", "C:\\a", "c:a", "..\\a", "\\a", "a/../../b.mid")
    sound = ("5: air.mid", "a..b/c.mid")
    one = opened(tmp_path, zipped(*((name, TUNE) for name in (*names, *sound))))
    assert all(isinstance(one.pop(name), Upload) for name in sound)
    assert ["plain name" in reason(refused) for refused in one.values()] == [True] * len(names)
    assert [path.name for path in tmp_path.rglob("*")] == ["a.zip"]


def special(kind):
    """A zip file with a member that claims to be a link, a pipe or the like."""
    info = zipfile.ZipInfo("a.mid")
    info.create_system, info.external_attr = 3, (kind | 0o644) << 16
    return zipped((info, TUNE))


def encrypted():
    data = bytearray(zipped(("a.mid", TUNE)))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (special(stat.S_IFLNK), "symbolic link"),
        (special(stat.S_IFIFO), "not a regular file"),
        (special(stat.S_IFBLK), "not a regular file"),
        (encrypted(), "without a password"),
        (zipped(("a.mid", TUNE), packing=zipfile.ZIP_LZMA), "ordinary zip file"),
    ],
    ids=range(5),
)
def test_members_that_are_no_plain_files_are_refused(tmp_path, data, words):
    """LZMA and the like take as much memory as the file bids."""
    assert words in reason(opened(tmp_path, data)["a.mid"])


@pytest.mark.parametrize("size", [None, 10, 1 << 31])
def test_a_bomb_is_refused_by_what_it_unpacks_to(tmp_path, size):
    """Counted, whatever the header says of its size, in memory of the order of the limit."""
    data = bytearray(zipped(("a.mid", b"MThd" + bytes(80_000_000)), ("ok.mid", b"MThd")))
    if size is not None:
        directory = data.index(b"PK\x01\x02")
        data[22:26] = data[directory + 24 : directory + 28] = struct.pack("<I", size)
    tracemalloc.start()
    one = opened(tmp_path, bytes(data))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(one["a.mid"], Refused)
    assert isinstance(one["ok.mid"], Upload)
    assert peak < 30_000_000


def test_all_members_together_are_bounded(tmp_path):
    """Many small ones as well; those read before the limit are uploads, the rest is counted."""
    data = zipped(*((f"{i}.mid", b"MThd" + bytes(996)) for i in range(9)))
    one = opened(tmp_path, data, unpacked_bytes=3_500)
    assert sum(isinstance(item, Upload) for item in one.values()) == 3
    assert "6 of its 9 files were not read" in reason(one["a.zip"])


@pytest.mark.parametrize("kind", ["overlapping", "nested"])
def test_no_way_leads_around_the_bound(tmp_path, kind):
    """Members that share their bytes count each in full, those of inner zip files for the outer."""
    data = bytearray(zipped(("0.mid", b"MThd" + bytes(50_000))))
    if kind == "overlapping":
        start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
        entry, tail = data[start:end], data[end:]
        tail[8:12] = struct.pack("<HH", 200, 200)
        tail[12:16] = struct.pack("<I", 200 * len(entry))
        data = data[:start] + entry * 200 + tail
    else:
        data = bytearray(zipped(*((f"{i}.zip", bytes(data)) for i in range(9))))
    one = opened(tmp_path, bytes(data), depth=2, unpacked_bytes=300_000).values()
    assert sum(len(item.data or b"") for item in one) <= 300_000
    assert any("were not read" in reason(item) for item in one if isinstance(item, Refused))


def test_the_directory_is_bounded(tmp_path):
    """By the number of members, whatever the closing record says; the zip file is kept."""
    data = zipped(*((f"{i}.mid", b"") for i in range(11)))
    one = opened(tmp_path, data, zip_files=10)
    assert "11 files, more than 10" in reason(one["a.zip"])
    assert one["a.zip"].data == data


def test_a_directory_as_large_as_a_disk_is_not_read(tmp_path):
    """Its size is a number in the file; the memory is not given out on its word."""
    head = zipped(("a.mid", b"MThd"))
    end = bytearray(head[head.index(b"PK\x05\x06") :])
    end[12:20] = struct.pack("<II", 0x7FFFFFF0, 0)
    with (tmp_path / "a.zip").open("wb") as file:
        file.write(head[: head.index(b"PK\x01\x02")])
        file.truncate(0x7FFFFFF0)
        file.seek(0, 2)
        file.write(end)
    tracemalloc.start()
    (one,) = uploads(str(tmp_path), Limits(settle=0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "directory too large" in reason(one)
    assert "(not kept)" in reason(one)
    assert one.data is None
    assert peak < 60_000_000


def test_members_of_one_name_are_all_read(tmp_path):
    """Equal names are numbered, also where only case or composition of letters differs."""
    names = ("A", "a", "a", "a (2)", "e\u0301", "é")
    one = opened(tmp_path, zipped(*((name, b"MThd%d" % i) for i, name in enumerate(names))))
    assert [item.data for item in one.values()] == [b"MThd%d" % i for i in range(len(names))]
    assert list(one) == ["A", "a (2)", "a (3)", "a (2) (2)", "e\u0301", "é (2)"]


@pytest.mark.parametrize(
    ("depth", "uploaded", "refused"),
    [
        (0, None, "a.zip"),
        (1, None, "c.zip"),
        (2, "c.zip/f.mid", "c.zip/d.zip"),
        (3, "c.zip/d.zip/e.mid", None),
    ],
)
def test_zip_files_in_zip_files_are_opened_as_deep_as_allowed(tmp_path, depth, uploaded, refused):
    """By default not at all; never deeper than the setting, which counts all of them."""
    data = zipped(("c.zip", zipped(("d.zip", zipped(("e.mid", TUNE))), ("f.mid", TUNE))))
    one = opened(tmp_path, data, depth=depth)
    assert uploaded is None or isinstance(one[uploaded], Upload)
    assert refused is None or "unpack it" in reason(one[refused])
    assert depth != Limits().depth or len(one) == 1


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
def test_damaged_zip_files_are_refused_whole_and_kept(tmp_path, data):
    """In one line; the bytes are there for whoever looks into it."""
    one = opened(tmp_path, data)["a.zip"]
    assert "zip file" in reason(one)
    assert one.data == data


def test_a_damaged_or_empty_member_does_not_touch_the_others(tmp_path):
    """A check sum is wrong, a member is empty; the others are uploads. An empty zip is nothing."""
    members = (("a.mid", TUNE), ("b.mid", TUNE), ("c.mid", b""))
    data = bytearray(zipped(*members, packing=zipfile.ZIP_STORED))
    data[data.index(b"MThd") + 9] ^= 0xFF
    one = opened(tmp_path, bytes(data))
    assert "damaged" in reason(one["a.mid"])
    assert isinstance(one["b.mid"], Upload)
    assert "empty" in reason(one["c.mid"])
    assert opened(tmp_path, zipped()) == {}


def test_any_changed_byte_is_survived(tmp_path):
    """Every outcome is an upload or a refusal, never an exception."""
    whole = zipped(("a.mid", TUNE), ("b.mid", TUNE))
    for place in range(0, len(whole), 7):
        data = bytearray(whole)
        data[place] ^= 0xFF
        assert all(isinstance(one, Upload | Refused) for one in opened(tmp_path, data).values())


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a/b.mid", "a/b.mid"),
        ("Ände ß 歌.mid", "Ände ß 歌.mid"),
        ("a\nb\t.mid", "a\\nb\\t.mid"),
        ("\x1b[2Jred.mid", "\\x1b[2Jred.mid"),
        ("dim\u202e3pm.mid", "dim\\u202e3pm.mid"),
        ("\udcff.mid", "\\udcff.mid"),
        ("back\\slash", "back\\\\slash"),
        ("-rf", "./-rf"),
        ("", "unnamed"),
        ("  ", "unnamed2"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_odd_characters_are_shown_as_escapes(name, line):
    """Control, direction and undecodable characters cannot reach a terminal or a log."""
    assert shown(name) == line


@given(st.text(st.characters(exclude_categories=()), max_size=400))
def test_whatever_the_name_one_short_printable_line_comes_out(name):
    """Any sequence of code points, lone surrogates included; long ones keep a hash of the whole."""
    assert shown(name).isprintable()
    assert 0 < len(shown(name)) <= LONGEST + 2
    assert shown("a" * 255 + name) != shown("a" * 255 + name + "b")
