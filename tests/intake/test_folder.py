"""Folders and single files: what is read, in which order, and what is refused."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kantor.errors import InputError
from kantor.intake import Limits, Refused, Upload, opening, uploads

AT_ONCE = Limits(settle=0)


def found(location: Path, limits: Limits = AT_ONCE) -> dict[str, Upload | Refused]:
    return {one.name: one for one in uploads(str(location), limits)}


def write(path: Path, data: bytes = b"MThd") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_files_come_sorted_with_those_of_inner_folders(tmp_path: Path) -> None:
    """By name, folders in their place; the same in every pass."""
    for name in ("b.mid", "a/z.mid", "a/b/c.mid", "c.mid", "B.mid"):
        write(tmp_path / name, name.encode())
    names = [one.name for one in uploads(str(tmp_path), AT_ONCE)]
    assert names == ["B.mid", "a/b/c.mid", "a/z.mid", "b.mid (2)", "c.mid"]
    assert names == [one.name for one in uploads(f"file://{tmp_path}", AT_ONCE)]


def test_one_file_is_a_location_too(tmp_path: Path) -> None:
    """Also through a link, since whoever names it is trusted; its neighbours are not read."""
    write(tmp_path / "a.mid", b"one")
    write(tmp_path / "b.mid")
    (tmp_path / "link").symlink_to(tmp_path / "a.mid")
    for name in ("a.mid", "link"):
        (one,) = uploads(str(tmp_path / name), AT_ONCE)
        assert isinstance(one, Upload)
        assert (one.name, one.data) == ("a.mid", b"one")
        assert len(one.sha256) == 64


@pytest.mark.parametrize("name", ["missing", "a\0b", "n" * 300])
def test_a_location_that_is_not_there_is_said(tmp_path: Path, name: str) -> None:
    """One line with the remedy."""
    with pytest.raises(InputError, match="name a folder, a file or a URL"):
        list(uploads(str(tmp_path / name), AT_ONCE))


def test_links_are_refused_and_never_followed(tmp_path: Path) -> None:
    """To files, to folders, to themselves, and dangling."""
    secret = write(tmp_path / "secret/key.mid", b"secret")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    targets = {"file": secret, "folder": secret.parent, "loop": inbox / "loop", "gone": Path("x")}
    for name, target in targets.items():
        (inbox / name).symlink_to(target)
    refused = found(inbox)
    assert set(refused) == set(targets)
    for one in refused.values():
        assert isinstance(one, Refused)
        assert "symbolic link" in one.reason
        assert one.data is None


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["link", "pipe", "nothing"])
def test_a_file_that_became_something_else(tmp_path: Path, kind: str) -> None:
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


@pytest.mark.timeout(20)
def test_pipes_and_sockets_are_refused_without_waiting(tmp_path: Path) -> None:
    """Nobody writes into the pipe; the pass ends all the same."""
    os.mkfifo(tmp_path / "pipe.mid")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        refused = found(tmp_path)
    assert set(refused) == {"pipe.mid", "socket"}
    assert all("not a regular file" in one.reason for one in refused.values())


def test_odd_names_are_read_and_shown_in_one_line(tmp_path: Path) -> None:
    """Newlines, escapes, bytes that are no UTF-8, 255 bytes, a leading dash."""
    names = (b"a\nb.mid", b"\x1b[31m.mid", b"\xff\xfe.mid", b"n" * 251 + b".mid", b"-rf.mid")
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    uploaded = found(tmp_path)
    assert {one.data for one in uploaded.values()} == set(names)
    assert all(name.isprintable() and not name.startswith("-") for name in uploaded)


def test_hidden_and_unfinished_files_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Hidden names and folders are nobody's uploads; what browsers have begun is logged."""
    for name in (".DS_Store", ".git/a.mid", "__MACOSX/._a.mid", "a/.b.mid", "a.mid", "b.mid.part"):
        write(tmp_path / name)
    assert set(found(tmp_path)) == {"a.mid"}
    assert "b.mid.part: still being written" in caplog.text


def test_empty_and_large_files_are_refused(tmp_path: Path) -> None:
    """One byte too many is too large, a terabyte as well; it is not kept, as the reason says."""
    write(tmp_path / "empty.mid", b"")
    write(tmp_path / "fits.mid", b"x" * 100)
    write(tmp_path / "large.mid", b"x" * 101)
    with (tmp_path / "sparse.mid").open("wb") as file:
        file.truncate(1 << 40)
    one = found(tmp_path, Limits(settle=0, file_bytes=100))
    assert isinstance(one["fits.mid"], Upload)
    empty, large = one["empty.mid"], one["large.mid"]
    assert isinstance(empty, Refused)
    assert isinstance(large, Refused)
    assert (empty.reason, empty.data) == ("the file is empty; send it again", b"")
    assert large.data is None
    assert large.reason.startswith("larger than 100 bytes")
    assert "(not kept)" in large.reason
    assert isinstance(one["sparse.mid"], Refused)


def test_folders_are_entered_to_a_bounded_depth(tmp_path: Path) -> None:
    """Deeper ones are refused, and what lies above them is read."""
    write(tmp_path / "/".join("d" * 40) / "deep.mid")
    write(tmp_path / "top.mid")
    deep, top = found(tmp_path).values()
    assert isinstance(deep, Refused)
    assert "deep; flatten" in deep.reason
    assert top.name == "top.mid"


def old(path: Path) -> Path:
    """A file that changed long ago, by its time."""
    os.utime(path, (time.time() - 3_600,) * 2)
    return path


@pytest.mark.parametrize("age", [lambda path: path, old])
def test_a_file_that_grew_after_it_was_listed_is_waited_for(
    tmp_path: Path, age: Callable[[Path], Path]
) -> None:
    """Cut off at the moment of opening it is not refused: it comes whole, in the same pass."""
    write(tmp_path / "a.mid")
    growing = age(write(tmp_path / "b.mid", b"half"))
    walk = uploads(str(tmp_path), Limits(settle=0.05))
    assert next(walk).name == "a.mid"
    with growing.open("ab") as file:
        file.write(b", whole")
    (one,) = walk
    assert isinstance(one, Upload)
    assert one.data == b"half, whole"


def test_a_file_that_was_truncated_to_be_written_anew_is_waited_for(tmp_path: Path) -> None:
    """Empty at the moment of opening, and written a little later."""
    write(tmp_path / "a.mid")
    path = old(write(tmp_path / "b.mid", b"the old tune"))
    walk = uploads(str(tmp_path), Limits(settle=0.4))
    assert next(walk).name == "a.mid"
    path.write_bytes(b"")
    late = threading.Timer(0.1, path.write_bytes, [b"the new tune"])
    late.start()
    (one,) = walk
    late.join()
    assert isinstance(one, Upload)
    assert one.data == b"the new tune"


@pytest.mark.parametrize("fault", ["short once", "changed each time"])
def test_what_is_not_whole_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """A short read, as from a share on a bad line, is tried again; what changes is left."""
    path = write(tmp_path / "a.mid", b"x" * 100)
    read, cut = opening.read_bounded, [50]

    def short(*arguments: object) -> bytes:
        return read(*arguments)[: cut.pop() if cut else None]  # type: ignore[arg-type]

    def changing(*arguments: object) -> bytes:
        data = read(*arguments)  # type: ignore[arg-type]
        with path.open("ab") as file:
            file.write(b"more")
        return data

    monkeypatch.setattr(opening, "read_bounded", short if fault == "short once" else changing)
    taken = [one.data for one in uploads(str(tmp_path), AT_ONCE)]
    assert taken == ([b"x" * 100] if fault == "short once" else [])


def test_settled_files_are_not_waited_for(tmp_path: Path) -> None:
    """Only what changed lately may still be changing."""
    old = time.time() - 3_600
    os.utime(write(tmp_path / "a.mid"), (old, old))
    began = time.monotonic()
    assert set(found(tmp_path, Limits(settle=60))) == {"a.mid"}
    assert time.monotonic() - began < 30


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    """A file without the right to read it."""
    write(tmp_path / "a.mid").chmod(0)
    (one,) = uploads(str(tmp_path), AT_ONCE)
    assert isinstance(one, Refused)
    assert "permission denied" in one.reason


def test_files_that_arrive_too_slowly_are_refused(tmp_path: Path) -> None:
    """The time to read one file is bounded."""
    write(tmp_path / "a.mid")
    (one,) = uploads(str(tmp_path), Limits(settle=0, seconds=1e-9))
    assert isinstance(one, Refused)
    assert "to be read" in one.reason
