"""What is older than params.yaml says is deleted, kind by kind, and it is told."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.batch import tunes

from kantor.errors import SetupError
from kantor.locks import held
from kantor.service import pruning
from kantor.service.parameters import Keep
from kantor.service.pruning import LOGS, markdown, prune
from kantor.settings import load

NOW = datetime.now(UTC)
IN_A_YEAR = NOW + timedelta(days=365)
PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with a batch, something refused, a composition of its own and two logs."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / "repository"
    root.mkdir()
    shutil.copy(PARAMS, root / "params.yaml")
    inbox = tunes.fill(tmp_path / "inbox", 3)
    (inbox / "notes.txt").write_text("no melody")
    tunes.compose(inbox, root / "compositions/batches")
    (root / "compositions/mine.mid").write_bytes(tunes.tune(1))
    (root / LOGS).mkdir(parents=True)
    for name in ("mlflow.log", "mlflow.log.1"):
        (root / LOGS / name).write_text("a line\n")
    return root


def keep(root, **days):
    """Change the block `keep`."""
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["keep"] |= days
    (root / "params.yaml").write_text(yaml.safe_dump(params))


def lines(root, **options):
    return [one.line for one in prune(root, **options)]


def test_each_kind_says_what_went(root):
    """By default old logs, emptied, as one may be open. What is young or composed alone stays."""
    assert load(Keep, "keep", PARAMS) == Keep()
    files = {path for path in root.rglob("*.*") if not path.name.startswith((".lock", "ledger"))}
    keep(root, compositions=200, quarantine=100, retired=30)
    (path,) = (root / "compositions/batches/quarantine").iterdir()
    kept = {"compositions": 200, "quarantine": 100, "logs": 30, "retired": 30}
    assert lines(root) == [f"{kind}: nothing older than {days} days" for kind, days in kept.items()]
    with (root / LOGS / "mlflow.log").open("ab", buffering=0) as quiet:
        shutil.copy(PARAMS, root / "params.yaml")
        assert lines(root, now=IN_A_YEAR) == ["logs: 2 logs older than 30 days deleted (0.0 MB)"]
        quiet.write(b"now\n")
    assert (root / LOGS / "mlflow.log").read_text() == "now\n"
    keep(root, logs=None)
    assert lines(root, now=IN_A_YEAR) == []
    assert "Nothing is ever deleted" in markdown([])
    assert all(file.exists() for file in files)

    keep(root, compositions=200, quarantine=100)
    os.utime(path, ((NOW - timedelta(days=365)).timestamp(),) * 2)
    would = lines(root, dry_run=True, now=IN_A_YEAR)
    assert would[0].startswith("compositions: 1 batch older than 200 days would be deleted (6 fi")
    assert all(file.exists() for file in files)
    done = lines(root, now=IN_A_YEAR)
    assert done == [line.replace("would be deleted", "deleted") for line in would]
    assert done[1] == "quarantine: 1 file older than 100 days deleted (0.0 MB)"
    assert {path.name for path in root.rglob("*.mid")} == {"mine.mid"}


def test_a_fault_of_one_kind_leaves_the_others_alone(root, monkeypatch):
    """It is told in one line; while somebody composes, that it is left for the next run."""
    keep(root, compositions=30, retired=30)
    monkeypatch.setattr("kantor.batch.pruning.PATIENCE", 0.1)

    def fails(*_, **__):
        raise SetupError("the server does not answer")

    monkeypatch.setattr(pruning, "prune_retired", fails)
    with held(root / "compositions/batches/.lock"):
        compositions, logs, retired = prune(root, now=IN_A_YEAR)
    words = "compositions: a batch is composing; left for the next run"
    assert (compositions.line, compositions.passing) == (words, True)
    assert (retired.line, retired.passing) == ("retired: the server does not answer", False)
    assert logs.freed.count == 2
