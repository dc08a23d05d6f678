"""Files: written whole or not at all, private, deleted and counted; a full disk is explained."""

import errno
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kantor import files
from kantor.batch import ledger
from kantor.drift import record
from kantor.files import DiskFull, Freed, free, full_disk_explained, private_file, private_folder
from kantor.locks import STATE, held
from kantor.promotion.comparison import decided
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


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    """And nothing beside it."""
    path = tmp_path / "a.csv"
    files.save(path, lambda file: file.write(b"before"))
    with pytest.raises(TypeError):
        files.save(path, lambda file: file.writelines([b"half", None]))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_had_begun_is_swept_away(tmp_path):
    """Nothing stands under the name itself; what others write or own is left."""
    path = tmp_path / "a.csv"
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    (left,) = tmp_path.iterdir()
    assert left != path
    kept = {f".a.csv.{os.getpid()}", ".hidden", ".b.csv", "a.123", "..5"}
    for name in kept:
        (tmp_path / name).touch()
    files.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept
    files.sweep(tmp_path / "none")


@pytest.fixture
def open_umask():
    """A person whose new files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_folders_and_files_are_made_private(tmp_path):
    """With all that is missing above them; permissions are only taken away, the content stays."""
    tmp_path.chmod(0o755)
    folder = private_folder(tmp_path / "one" / "two")
    file = private_file(folder / "file")
    made = (tmp_path, folder.parent, folder, file)
    assert [mode(path) for path in made] == [0o755, 0o700, 0o700, 0o600]
    file.write_text("kept")
    file.chmod(0o444)
    assert mode(private_file(file)) == 0o400
    assert file.read_text() == "kept"
    folder.chmod(0o777)
    assert mode(private_folder(folder)) == 0o700


@pytest.mark.usefixtures("open_umask")
def test_whoever_is_first_makes_the_state_private(tmp_path):
    """Each of those that keep something in `.kantor`."""
    uses = {
        "lock": lambda root: held(root / STATE / "lock").__enter__(),
        "decision": lambda root: decided(root, "version 2 against 1"),
        "data": lambda root: announced(root, NewScores("a", "data a", "data/ has changed")),
        "melodies": lambda root: record(root / STATE / "melodies", [{}]),
    }
    for name, use in uses.items():
        (tmp_path / name).mkdir()
        use(tmp_path / name)
        assert mode(tmp_path / name / STATE) == 0o700, name


@pytest.mark.usefixtures("open_umask")
def test_databases_are_private(tmp_path, monkeypatch):
    """With what SQLite writes beside them, and those that earlier releases left open."""
    compositions = tmp_path / "compositions/ledger.sqlite"
    compositions.parent.mkdir()
    with ledger.opened(compositions):
        assert [mode(path) for path in compositions.parent.iterdir()] == [0o600] * 3
    home = tmp_path / STATE / "prefect"
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://x/y")
    _keep_private(tmp_path)
    assert not (home / "prefect.db").exists()
    assert not (tmp_path / "mlflow.db").exists()
    monkeypatch.delenv("PREFECT_API_DATABASE_CONNECTION_URL")
    (tmp_path / "mlflow.db").touch(0o666)
    compositions.chmod(0o666)
    home.chmod(0o777)
    _keep_private(tmp_path)
    private = [tmp_path / "mlflow.db", compositions, home / "prefect.db"]
    assert [mode(path) for path in private] == [0o600] * 3
    assert (mode(tmp_path / STATE), mode(home)) == (0o700, 0o700)


def test_a_folder_is_deleted_with_all_in_it(tmp_path):
    """Counted by file, in a dry run too; where a link leads nothing is deleted."""
    folder, kept = tmp_path / "folder", tmp_path / "kept"
    (folder / "a/b").mkdir(parents=True)
    kept.mkdir()
    for path, size in (("one", 10), ("a/two", 20), ("a/b/.three", 30)):
        (folder / path).write_bytes(bytes(size))
    assert free(folder, dry_run=True) == Freed(0, 3, 60)
    assert (folder / "a/b/.three").exists()
    for link in (folder / "link", tmp_path / "link"):
        link.symlink_to(kept)
    assert free(folder) == Freed(0, 3, 60)
    free(tmp_path / "link")
    assert list(tmp_path.iterdir()) == [kept]
    (kept / "file").write_bytes(bytes(10))
    assert free(kept / "file") == Freed(0, 1, 10)
    assert free(kept / "file") == Freed()


def chained(inner):
    """An error that another one led to."""
    outer = RuntimeError("could not save")
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "build/windows.npz"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError("4096 requested and 512 written"),  # numpy
        OSError("Unable to write (errno = 28, error message = 'No space left on device')"),  # HDF5
        RuntimeError("{{function_node}} ./x.tempstate; No space left on device [Op:SaveV2]"),
        chained(sqlite3.OperationalError("database or disk is full")),
    ],
)
def test_a_full_disk_is_known_and_explained(error):
    """As numpy, HDF5, TensorFlow and SQLite say it, also as the cause of another error."""
    with (
        pytest.raises(DiskFull, match=r"^no space left on the disk; make room .*$") as caught,
        full_disk_explained(),
    ):
        raise error
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "denied"), ValueError("full")])
def test_other_errors_pass(error):
    """What has nothing to do with room is not explained by it."""
    with pytest.raises(type(error)), full_disk_explained():
        raise error


def test_a_nearly_full_disk_is_hinted_at(monkeypatch):
    """For programs that do not say why they failed; silent where there is room."""
    for left, hinted in ((files.NEARLY_FULL, False), (1_000_000, True)):
        usage = type("Usage", (), {"free": left})
        monkeypatch.setattr(files.shutil, "disk_usage", lambda _, usage=usage: usage)
        assert bool(files.nearly_full(Path())) is hinted
