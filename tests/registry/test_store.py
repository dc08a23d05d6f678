"""What the registry's file says when it is not there, is somebody else's for now, or is made."""

import re
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.registries import PARAMS

from kantor.errors import SetupError
from kantor.promotion.history import history
from kantor.promotion.promote import promote
from kantor.registry import RECEIPT, load_model, may_pass, register, versions
from kantor.registry.__main__ import summary

ROOT = Path(__file__).resolve().parents[2]
DESTROYS = (
    r"\b(remove|delete|rm|unlink)\b[^\n]*(mlflow\.db|mlartifacts|registered|data\.dvc|rwlock)"
)


@pytest.fixture
def lost(own):
    """A repository whose database was moved away."""
    register(own, PARAMS).write(own / RECEIPT)
    (own / "mlflow.db").rename(own / "elsewhere.db")
    return own


@pytest.mark.parametrize("ask", [load_model, versions, history, summary])
def test_a_database_that_was_moved_away_is_to_be_put_back(lost, ask):
    """Its files show that there was one: nobody is told to begin a new one over it."""
    with pytest.raises(SetupError, match=r"mlflow.db: not found, though mlart.*put it back"):
        ask(root=lost)


def test_no_new_database_is_begun_over_the_files_of_another(lost):
    """What was built waits; put back, the database has all its versions and takes the next one."""
    (lost / "build/model/model.json").write_text('{"distance": 9}')
    with pytest.raises(SetupError, match="put it back where it was"):
        register(lost, PARAMS)
    assert not (lost / "mlflow.db").exists()
    (lost / "elsewhere.db").rename(lost / "mlflow.db")
    assert register(lost, PARAMS).version == 2


def test_a_receipt_alone_shows_that_there_was_one(lost):
    """Also where the files are gone too; a registration on purpose may begin a new one."""
    (lost / "mlartifacts").rename(lost / "away")
    with pytest.raises(SetupError, match=r"registered.json names .* `dvc repro -fs register`"):
        versions(root=lost)
    assert register(lost, PARAMS).version == 1


def test_the_server_does_not_begin_a_new_one_either(lost):
    """`make serve` ends with the same line, and the receipt stays."""
    command = [sys.executable, "-m", "kantor.service.mlflow_server"]
    done = subprocess.run(command, cwd=lost, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "put it back" in done.stderr
    assert (lost / RECEIPT).exists()
    assert not (lost / "mlflow.db").exists()


def test_no_advice_destroys():
    """No message, script or target tells anyone to remove what holds history, or does it."""
    places = [ROOT / "Makefile", *(p for d in ("src", "pipelines", "flows") for p in files(d))]
    found = {place.name: re.findall(DESTROYS, place.read_text(), re.IGNORECASE) for place in places}
    assert {name: advice for name, advice in found.items() if advice} == {}


def files(folder):
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_locked_database_is_one_line(moving, rule):
    """Without SQL, and as something that passes by itself; reading goes on meanwhile."""
    with closing(sqlite3.connect(moving / "mlflow.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert load_model(root=moving)
        begin = time.monotonic()
        with pytest.raises(SetupError, match="another process is writing to it") as caught:
            promote(2, "now", root=moving, rule=rule)
    assert "SQL" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert may_pass(caught.value)
    assert time.monotonic() - begin < 60


def test_a_database_is_its_owners_alone(bare):
    """So are the files that SQLite writes beside it."""
    register(bare, PARAMS)
    assert stat.S_IMODE((bare / "mlflow.db").stat().st_mode) == 0o600
