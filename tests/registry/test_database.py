"""A version is found without MLflow where its tables are known; a moved repository is mended."""

import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest
from tests.registries import PARAMS, change

from kantor.errors import SetupError
from kantor.promotion.champion_history import history
from kantor.promotion.promote import promote
from kantor.registry import load_model, register, versions
from kantor.registry.__main__ import main
from kantor.registry.database import look_up
from kantor.registry.store import opened
from kantor.registry.versions import WINDOWS, address_of, find, kept_tables

NAMED = ("kantor-bach", "champion")


@pytest.fixture
def changed(registered, tmp_path):
    """A copy of the registry that a test may change; its files stay where they are."""
    for name in ("mlflow.db", "params.yaml"):
        shutil.copy(registered / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("version", ["champion", "challenger", "1"])
def test_the_same_version_as_mlflow_finds(registered, version):
    """If not, after an update of MLflow, look at `SCHEMA` and the queries."""
    number, folder = look_up("kantor-bach", version, registered)
    with opened(registered) as store:
        wanted = find(store, version)
        assert (str(number), folder.as_uri()) == (str(wanted.version), address_of(store, wanted))


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
def test_left_to_mlflow(changed, statement):
    """Another release's tables, files elsewhere, nothing found, a broken file."""
    assert look_up(*NAMED, changed) is not None
    with closing(sqlite3.connect(changed / "mlflow.db")) as rows, rows:
        rows.execute(statement)
    assert look_up(*NAMED, changed) is None


def test_other_addresses_are_left_to_mlflow(changed, monkeypatch):
    """A server, no database, no registry yet; but the variable may name a file."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{changed / 'mlflow.db'}")
    assert look_up(*NAMED) is not None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert look_up(*NAMED, changed) is None
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (changed / "mlflow.db").unlink()
    assert look_up(*NAMED, changed) is None
    assert not (changed / "mlflow.db").exists()


def test_loading_without_mlflow(registered):
    """A version is found where neither MLflow nor TensorFlow can be imported."""
    script = (
        "import sys\n"
        "sys.modules['mlflow'] = sys.modules['tensorflow'] = None\n"
        "from kantor.registry import fetch\n"
        "from pathlib import Path\n"
        "print(fetch(Path(sys.argv[1])))"
    )
    into = registered.parent / "fetched"
    command = [sys.executable, "-c", script, str(into)]
    done = subprocess.run(command, cwd=registered, capture_output=True, text=True, check=True)
    assert done.stdout == "kantor-bach version 1\n"
    assert (into / "model.json").is_file()


def test_a_moved_repository_loses_nothing(own, tmp_path, monkeypatch, capsys):
    """One line says what was done or is wrong; the database before is kept, for its owner."""

    def relocated(code):
        assert main(["relocate"]) == code
        told = capsys.readouterr()
        (line,) = (told.err if code else told.out).splitlines()
        return line

    moved = own.rename(tmp_path / "moved")
    monkeypatch.chdir(moved)
    with pytest.raises(SetupError, match=r"python -m kantor.registry relocate"):
        load_model(root=moved)
    change(moved, 6)
    with pytest.raises(SetupError, match=r"moved or copied; .*kantor.registry relocate"):
        register(moved, PARAMS)
    before = versions(root=moved)
    (moved / "mlartifacts").rename(moved / "elsewhere")
    assert "bring it here" in relocated(1)
    (moved / "elsewhere").rename(moved / "mlartifacts")
    assert "before at file:///" in relocated(0)
    (copy,) = moved.glob("mlflow.db.*Z")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert versions(root=moved) == before
    loaded = load_model(root=moved)
    assert (loaded.source, loaded.generator.distance) == ("kantor-bach version 1", 4)
    assert kept_tables(1, root=moved)[1][WINDOWS] == "side,piece\n"
    assert register(moved, PARAMS).version == 2
    event = promote(2, "better", force=True, root=moved)
    assert "its files are where it says" in relocated(0)
    assert history(root=moved) == [event]
    (moved / "mlflow.db").rename(tmp_path / "aside")
    assert "put it back" in relocated(1)
    assert main(["other"]) == 2
