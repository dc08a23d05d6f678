"""Files: written whole or not at all, private, deleted and counted; a full disk is explained."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from kantor import files
from kantor.batch import ledger
from kantor.drift import record
from kantor.files import (
    DiskFull,
    Freed,
    free,
    full_disk_explained,
    private_database,
    private_file,
    private_folder,
)
from kantor.locks import STATE, held
from kantor.service.inbox import NewScores, announced
from kantor.service.service import _keep_private

KILLED = """
import os, pathlib, signal, sys
from kantor import files
def half(file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
files.save(pathlib.Path(sys.argv[1]), half)
"""


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """And nothing beside it."""
    path = tmp_path / "a.csv"
    files.save(path, lambda file: file.write(b"before"))

    def failing(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        files.save(path, failing)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_had_begun_is_swept_away(tmp_path: Path) -> None:
    """Where it was killed in the middle of a write; nothing stands under the name itself."""
    path = tmp_path / "a.csv"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    (left,) = tmp_path.iterdir()
    assert left != path
    files.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_others_write_or_own_is_left(tmp_path: Path) -> None:
    """A process that runs, names that are not `save`'s, and a folder that is not there."""
    kept = {f".a.csv.{os.getpid()}", ".hidden", ".b.csv", "a.123", "..5"}
    for name in kept:
        (tmp_path / name).touch()
    files.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept
    files.sweep(tmp_path / "none")


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A person whose new files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_folders_and_files_are_made_private(tmp_path: Path) -> None:
    """With all that is missing above them; what is there above stays as it is."""
    tmp_path.chmod(0o755)
    folder = private_folder(tmp_path / "one" / "two")
    file = private_file(folder / "file")
    made = (tmp_path, folder.parent, folder, file)
    assert [mode(path) for path in made] == [0o755, 0o700, 0o700, 0o600]


def test_what_was_open_is_closed_and_what_was_closed_stays(tmp_path: Path) -> None:
    """Permissions are taken away, none is given; the content is left alone."""
    file = tmp_path / "file"
    file.write_text("kept")
    file.chmod(0o444)
    assert mode(private_file(file)) == 0o400
    assert file.read_text() == "kept"
    tmp_path.chmod(0o777)
    assert mode(private_folder(tmp_path)) == 0o700


@pytest.mark.usefixtures("open_umask")
def test_what_sqlite_writes_beside_a_database(tmp_path: Path) -> None:
    """Made by Kantor it is private from the first byte; what was open before is closed."""
    made = private_database(tmp_path / "made.db")
    with closing(sqlite3.connect(made)) as rows:
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("CREATE TABLE one (two)")
        rows.commit()
        assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    for name in ("there.db", "there.db-wal", "there.db-shm", "there.db-journal"):
        (tmp_path / name).touch(0o666)
    private_database(tmp_path / "there.db")
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}


def lock(root: Path) -> None:
    with held(root / STATE / "lock"):
        pass


def decision(root: Path) -> None:
    from kantor.promotion.comparison import decided

    decided(root, "version 2 against 1")


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize(
    "use",
    [
        lock,
        decision,
        lambda root: announced(root, NewScores("a", "data a", "data/ has changed")),
        lambda root: record(root / STATE / "melodies", [{}]),
    ],
    ids=["lock", "decision", "announcement", "features"],
)
def test_whoever_is_first_makes_the_state_private(
    tmp_path: Path, use: Callable[[Path], object]
) -> None:
    """Each of those that keep something in `.kantor`."""
    (tmp_path / "data").mkdir()
    use(tmp_path)
    assert mode(tmp_path / STATE) == 0o700


@pytest.mark.usefixtures("open_umask")
def test_a_ledger_is_private(tmp_path: Path) -> None:
    """It names every file that was composed for."""
    with ledger.opened(tmp_path / "ledger.sqlite"):
        assert {mode(path) for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.usefixtures("open_umask")
def test_the_service_keeps_its_databases_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that earlier releases left open; it makes Prefect's own, if that is here."""
    home = tmp_path / STATE / "prefect"
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://x/y")
    _keep_private(tmp_path)
    assert not (home / "prefect.db").exists()
    assert not (tmp_path / "mlflow.db").exists()
    monkeypatch.delenv("PREFECT_API_DATABASE_CONNECTION_URL")
    (tmp_path / "compositions").mkdir()
    there = [tmp_path / "mlflow.db", tmp_path / "compositions/ledger.sqlite"]
    for path in (*there, home / "prefect.db-wal"):
        path.touch(0o666)
    home.chmod(0o777)
    _keep_private(tmp_path)
    made = [*there, home / "prefect.db", home / "prefect.db-wal"]
    assert [mode(path) for path in made] == [0o600] * 4
    assert (mode(tmp_path / STATE), mode(home)) == (0o700, 0o700)


def test_a_folder_is_deleted_with_all_in_it(tmp_path: Path) -> None:
    """Counted file by file; a dry run counts the same."""
    folder = tmp_path / "folder"
    (folder / "a/b").mkdir(parents=True)
    for path, size in (("one", 10), ("a/two", 20), ("a/b/.three", 30)):
        (folder / path).write_bytes(bytes(size))
    assert free(folder, dry_run=True) == Freed(0, 3, 60)
    assert (folder / "a/b/.three").exists()
    assert free(folder) == Freed(0, 3, 60)
    assert not folder.exists()


def test_a_file_is_deleted(tmp_path: Path) -> None:
    """A second time there is nothing to count."""
    (tmp_path / "one").write_bytes(bytes(10))
    assert free(tmp_path / "one", dry_run=True) == free(tmp_path / "one") == Freed(0, 1, 10)
    assert free(tmp_path / "one") == Freed()


def test_where_a_link_leads_nothing_is_deleted(tmp_path: Path) -> None:
    """Neither by a link itself nor by one in a folder."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/link").symlink_to(tmp_path / "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    free(tmp_path / "folder")
    free(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept/file").exists()


FULL = OSError(errno.ENOSPC, "No space left on device", "build/windows.npz")


def chained(inner: Exception) -> Exception:
    """An error that another one led to."""
    outer = RuntimeError("could not save")
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    "error",
    [
        FULL,
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError("4096 requested and 512 written"),  # numpy
        OSError("Unable to write (errno = 28, error message = 'No space left on device')"),  # HDF5
        RuntimeError("{{function_node}} ./x.tempstate; No space left on device [Op:SaveV2]"),
        sqlite3.OperationalError("database or disk is full"),
        chained(FULL),
    ],
)
def test_a_full_disk_is_known_and_explained(error: Exception) -> None:
    """As numpy, HDF5, TensorFlow and SQLite say it, also as the cause of another error."""
    with (
        pytest.raises(DiskFull, match=r"^no space left on the disk; make room .*$") as caught,
        full_disk_explained(),
    ):
        raise error
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "denied"), ValueError("full")])
def test_other_errors_pass(error: Exception) -> None:
    """What has nothing to do with room is not explained by it."""
    with pytest.raises(type(error)), full_disk_explained():
        raise error


def test_a_nearly_full_disk_is_hinted_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """For programs that do not say why they failed; silent where there is room."""
    for left, hinted in ((files.NEARLY_FULL, False), (1_000_000, True)):
        usage = type("Usage", (), {"free": left})
        monkeypatch.setattr(files.shutil, "disk_usage", lambda _, usage=usage: usage)
        assert bool(files.nearly_full(Path())) is hinted
