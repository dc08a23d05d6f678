"""A version is found without MLflow where its tables are known, and left to MLflow elsewhere."""

import shutil
import sqlite3
import subprocess
import sys

import pytest

from kantor.registry import CHAMPION, load_model, reading
from kantor.registry.store import opened
from kantor.registry.versions import resolve


@pytest.fixture
def own(registered, tmp_path):
    """A copy of the registry that a test may change; its files stay where they are."""
    shutil.copy(registered / "mlflow.db", tmp_path)
    return tmp_path


def change(root, statement):
    with sqlite3.connect(root / "mlflow.db") as rows:
        rows.execute(statement)
    rows.close()


def test_schema_is_that_of_the_installed_mlflow(registered):
    """After an update of MLflow this says that `SCHEMA` and the queries are to be looked at."""
    rows = sqlite3.connect(registered / "mlflow.db")
    assert rows.execute("SELECT version_num FROM alembic_version").fetchall() == [(reading.SCHEMA,)]
    rows.close()


@pytest.mark.parametrize(
    "uri", [CHAMPION, "models:/kantor-bach@challenger", "models:/kantor-bach/1"]
)
def test_the_same_version_as_mlflow_finds(registered, uri):
    """Number, time and files are those that MLflow tells."""
    found = reading.look_up(uri, registered)
    with opened(registered) as store:
        version = resolve(store, uri)
        address = store.client.get_model_version_download_uri(version.name, str(version.version))
    assert (found.name, found.version) == (version.name, int(version.version))
    assert found.created == version.creation_timestamp
    assert found.folder.as_uri() == address


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = 'another'",
        "UPDATE model_versions SET storage_location = 's3://bucket/model'",
        "UPDATE model_versions SET current_stage = 'Deleted_Internal'",
        "DELETE FROM registered_model_aliases",
        "DROP TABLE model_versions",
    ],
)
def test_left_to_mlflow(own, statement):
    """Another release's tables, files elsewhere, nothing found, a broken file."""
    assert reading.look_up(CHAMPION, own) is not None
    change(own, statement)
    assert reading.look_up(CHAMPION, own) is None


def test_other_addresses_are_left_to_mlflow(own, monkeypatch):
    """A server, what names no model, no registry yet; but the variable may name a file."""
    assert reading.look_up("runs:/abc/model", own) is None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{own / 'mlflow.db'}")
    assert reading.look_up(CHAMPION) is not None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert reading.look_up(CHAMPION, own) is None
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (own / "mlflow.db").unlink()
    assert reading.look_up(CHAMPION, own) is None
    assert not (own / "mlflow.db").exists()


def test_a_file_that_is_no_database(own):
    """It is MLflow's to say so."""
    (own / "mlflow.db").write_bytes(b"not a database, by any means" * 99)
    assert reading.look_up(CHAMPION, own) is None


def test_loading_without_mlflow(registered):
    """A version loads where MLflow cannot be imported at all."""
    script = (
        "import sys\n"
        "sys.modules['mlflow'] = None\n"
        "sys.modules['tensorflow'] = None\n"
        "from kantor.registry import reading\n"
        "from kantor.registry.loading import _data_path\n"
        f"found = reading.look_up({CHAMPION!r})\n"
        "print(_data_path(found.folder, 'it'), found.version)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=registered, capture_output=True, text=True, check=True)
    assert done.stdout == "data/model 1\n"


def test_loads_what_was_read(registered, own):
    """The model is the version on which the alias stands."""
    assert load_model(root=own).source == "kantor-bach version 1"
    assert load_model(root=own).generator.distance == load_model(root=registered).generator.distance
