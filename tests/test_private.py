"""What only its owner shall read is made so, and made so again where it was not."""

import os
import sqlite3
import stat
from contextlib import closing

import pytest

from kantor.batch import ledger
from kantor.drift import log
from kantor.locks import STATE, held
from kantor.private import private_database, private_file, private_folder
from kantor.promotion.deciding import decided
from kantor.service.changes import News, announced
from kantor.service.service import _keep_private


@pytest.fixture(autouse=True)
def open_handed():
    """A person whose new files everybody may read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_and_files_are_made_private(tmp_path):
    """With all that is missing above them; what is there above stays as it is."""
    tmp_path.chmod(0o755)
    folder = private_folder(tmp_path / "one" / "two")
    file = private_file(folder / "file")
    assert [mode(path) for path in (tmp_path, folder.parent, folder, file)] == [
        0o755,
        0o700,
        0o700,
        0o600,
    ]


def test_what_was_open_is_closed_and_what_was_closed_stays(tmp_path):
    """Permissions are taken away, none is given; the content is left alone."""
    file = tmp_path / "file"
    file.write_text("kept")
    file.chmod(0o444)
    assert mode(private_file(file)) == 0o400
    assert file.read_text() == "kept"
    tmp_path.chmod(0o777)
    assert mode(private_folder(tmp_path)) == 0o700


def test_what_sqlite_writes_beside_a_database(tmp_path):
    """Made by Kantor it is private from the first byte; what was open before is closed."""
    made = private_database(tmp_path / "made.db")
    with closing(sqlite3.connect(made)) as rows:
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("CREATE TABLE one (two)")
        rows.commit()
        assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    there = tmp_path / "there.db"
    for name in ("there.db", "there.db-wal", "there.db-shm", "there.db-journal"):
        (tmp_path / name).touch(0o666)
    private_database(there)
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}


def lock(root):
    with held(root / STATE / "lock"):
        pass


@pytest.mark.parametrize(
    "use",
    [
        lock,
        lambda root: decided(root, "version 2 against 1"),
        lambda root: announced(root, News("a", "data a", "data/ has changed")),
        lambda root: log.record(root / STATE / "melodies", [{}]),
    ],
    ids=["lock", "decision", "announcement", "features"],
)
def test_whoever_is_first_makes_the_state_private(tmp_path, use):
    """Each of those that keep something in `.kantor`."""
    (tmp_path / "data").mkdir()
    use(tmp_path)
    assert mode(tmp_path / STATE) == 0o700


def test_a_ledger_is_private(tmp_path):
    """It names every file that was composed for."""
    with ledger.opened(tmp_path / "ledger.sqlite"):
        assert {mode(path) for path in tmp_path.iterdir()} == {0o600}


def test_the_service_closes_what_earlier_releases_left_open(tmp_path, monkeypatch):
    """The databases and the folder of its own state."""
    monkeypatch.delenv("PREFECT_API_DATABASE_CONNECTION_URL", raising=False)
    home = tmp_path / STATE / "prefect"
    home.mkdir(parents=True)
    (tmp_path / "compositions").mkdir()
    paths = [
        home / "prefect.db",
        home / "prefect.db-wal",
        tmp_path / "mlflow.db",
        tmp_path / "compositions/ledger.sqlite",
    ]
    for path in paths:
        path.touch(0o666)
    _keep_private(tmp_path)
    assert [mode(path) for path in paths] == [0o600] * 4
    assert (mode(tmp_path / STATE), mode(home)) == (0o700, 0o700)


def test_the_service_makes_its_database_private(tmp_path, monkeypatch):
    """Before Prefect does; and makes none where Prefect's is elsewhere, nor a registry."""
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://x/y")
    _keep_private(tmp_path)
    assert not (tmp_path / STATE / "prefect" / "prefect.db").exists()
    monkeypatch.delenv("PREFECT_API_DATABASE_CONNECTION_URL")
    _keep_private(tmp_path)
    assert mode(tmp_path / STATE / "prefect" / "prefect.db") == 0o600
    assert not (tmp_path / "mlflow.db").exists()
