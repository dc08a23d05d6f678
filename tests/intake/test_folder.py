"""Folders and single files: what is read, in which order, and what is refused."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from kantor.errors import InputError
from kantor.intake import Limits, Refused, Upload, limits, opening, uploads

AT_ONCE = Limits(settle=0)


def opened(location, limits=AT_ONCE):
    return {one.name: one for one in uploads(str(location), limits)}


def reason(one):
    """Why something was refused whose bytes are not kept."""
    assert one.data is None
    assert one.reason.endswith(" (not kept)")
    return one.reason


def write(path, data=b"MThd", age=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.mark.timeout(30)
def test_files_come_sorted_with_those_of_inner_folders(tmp_path):
    """By name, folders in their place; what has settled is not waited for."""
    for name in ("b.mid", "a/z.mid", "a/b/c.mid", "c.mid", "B.mid"):
        write(tmp_path / name, name.encode(), age=3_600)
    for location in (str(tmp_path), f"file://{tmp_path}"):
        names = [one.name for one in uploads(location, Limits(settle=60))]
        assert names == ["B.mid", "a/b/c.mid", "a/z.mid", "b.mid (2)", "c.mid"]


@pytest.mark.parametrize("name", ["a.mid", "link"])
def test_one_file_is_a_location_too(tmp_path, name):
    """Also through a link, since whoever names it is trusted; its neighbours are not read."""
    write(tmp_path / "a.mid", b"one")
    write(tmp_path / "b.mid")
    (tmp_path / "link").symlink_to(tmp_path / "a.mid")
    assert list(uploads(str(tmp_path / name), AT_ONCE)) == [Upload.of("a.mid", b"one")]


@pytest.mark.parametrize("name", ["missing", "a\0b", "n" * 300])
def test_a_location_that_is_not_there_is_said(tmp_path, name):
    """One line with the remedy."""
    with pytest.raises(InputError, match="name a folder, a file or a URL"):
        list(uploads(str(tmp_path / name), AT_ONCE))


@pytest.mark.timeout(20)
def test_links_pipes_and_sockets_are_refused_and_never_followed(tmp_path):
    """Links to files, to folders, to themselves, and dangling; nobody writes into the pipe."""
    secret = write(tmp_path / "secret/key.mid", b"secret")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    targets = {"file": secret, "folder": secret.parent, "loop": inbox / "loop", "gone": Path("x")}
    for name, target in targets.items():
        (inbox / name).symlink_to(target)
    os.mkfifo(inbox / "pipe.mid")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inbox / "socket"))
        refused = opened(inbox)
    assert set(refused) == {*targets, "pipe.mid", "socket"}
    for name, one in refused.items():
        assert ("symbolic link" if name in targets else "not a regular file") in reason(one)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["link", "pipe", "nothing"])
def test_a_file_that_became_something_else(tmp_path, kind):
    """Exchanged between listing and opening: no link is followed, no pipe waited for."""
    secret = write(tmp_path / "secret.mid", b"secret")
    inbox = tmp_path / "inbox"
    victim = write(inbox / "b.mid")
    for name in ("a.mid", "c.mid"):
        write(inbox / name)
    walk = uploads(str(inbox), AT_ONCE)
    assert next(walk).name == "a.mid"
    victim.unlink()
    if kind == "link":
        victim.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(victim)
    *exchanged, last = walk
    assert last.name == "c.mid"
    assert [one.data for one in exchanged] == ([None] if kind == "link" else [])


def test_odd_names_are_read_and_shown_in_one_line(tmp_path):
    """Newlines, escapes, bytes that are no UTF-8, 255 bytes, a leading dash."""
    names = (b"a\nb.mid", b"\x1b[31m.mid", b"\xff\xfe.mid", b"n" * 251 + b".mid", b"-rf.mid")
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    uploaded = opened(tmp_path)
    assert {one.data for one in uploaded.values()} == set(names)
    assert all(name.isprintable() and not name.startswith("-") for name in uploaded)


def test_hidden_and_unfinished_files_are_passed_over(tmp_path, caplog):
    """Hidden names and folders are nobody's uploads; what browsers have begun is logged."""
    for name in (".git/a.mid", "__MACOSX/a.mid", "a/.b.mid", "Thumbs.db", "a.mid", "b.mid.PART"):
        write(tmp_path / name)
    assert set(opened(tmp_path)) == {"a.mid"}
    assert "b.mid.PART: still being written" in caplog.text


def test_empty_and_large_files_are_refused(tmp_path):
    """One byte too many is too large, a terabyte as well; it is not kept, as the reason says."""
    write(tmp_path / "empty.mid", b"")
    write(tmp_path / "fits.mid", b"x" * 100)
    write(tmp_path / "large.mid", b"x" * 101)
    with (tmp_path / "sparse.mid").open("wb") as file:
        file.truncate(1 << 40)
    one = opened(tmp_path, Limits(settle=0, file_bytes=100))
    empty = one.pop("empty.mid")
    assert isinstance(empty, Refused)
    assert (empty.reason, empty.data) == ("the file is empty; send it again", b"")
    assert isinstance(one.pop("fits.mid"), Upload)
    assert all(reason(large).startswith("larger than 100 bytes") for large in one.values())


def test_what_cannot_be_read_in_time_or_lies_too_deep_is_refused(tmp_path):
    """What lies above it is read."""
    write(tmp_path / "/".join("d" * 40) / "deep.mid")
    write(tmp_path / "top.mid")
    deep, top = opened(tmp_path).values()
    assert "deep; flatten" in reason(deep)
    assert isinstance(top, Upload)
    assert "to be read" in reason(opened(tmp_path, Limits(settle=0, seconds=1e-9))["top.mid"])


@pytest.mark.parametrize(("age", "begun"), [(0, b"half"), (3_600, b"half"), (3_600, b"")])
def test_a_file_that_changes_after_it_was_listed_is_waited_for(tmp_path, age, begun):
    """Half there, or truncated to be written anew, at the moment of opening: it comes whole."""
    write(tmp_path / "a.mid")
    path = write(tmp_path / "b.mid", b"the old tune", age)
    walk = uploads(str(tmp_path), Limits(settle=0.4))
    assert next(walk).name == "a.mid"
    path.write_bytes(begun)
    late = threading.Timer(0.1, path.write_bytes, [b"half, whole"])
    late.start()
    assert [one.data for one in walk] == [b"half, whole"]
    late.join()


@pytest.mark.parametrize("fault", ["short once", "changed each time"])
def test_what_is_not_whole_is_not_taken(tmp_path, monkeypatch, fault):
    """A short read, as from a share on a bad line, is tried again; what changes is left."""
    path = write(tmp_path / "a.mid", b"x" * 100)
    cut = [50]

    def read(*given):
        data, excess = limits.read_bounded(*given)
        if fault == "short once":
            return data[: cut.pop() if cut else None], excess
        with path.open("ab") as file:
            file.write(b"more")
        return data, excess

    monkeypatch.setattr(opening, "read_bounded", read)
    taken = [one.data for one in uploads(str(tmp_path), AT_ONCE)]
    assert taken == ([b"x" * 100] if fault == "short once" else [])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_are_refused(tmp_path):
    """A file without the right to read it."""
    write(tmp_path / "a.mid").chmod(0)
    assert "permission denied" in reason(opened(tmp_path)["a.mid"])
