"""The training's log is whole after every row, and goes on where the training does."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from kantor.model.train import history
from kantor.model.train.history import COLUMNS, History


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of four rows in a folder that was not there."""
    log = History(tmp_path / "new" / "history.csv")
    for iteration in (10, 20, 30, 40):
        log.add({"iteration": iteration, "phase": "likelihood", "likelihood": 1 / iteration})
    return log.path


def test_rows_are_on_disk_at_once(tmp_path: Path) -> None:
    """After every row the file reads as a table with all columns."""
    log = History(tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_text() == ",".join(COLUMNS) + "\n"
    for count in (1, 2, 3):
        log.add({"iteration": count, "seconds": 0.5, "phase": "adversarial", "wasserstein": -0.25})
        with log.path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == count
        assert list(rows[-1]) == list(COLUMNS)
        assert rows[-1]["wasserstein"] == "-0.25"
        assert rows[-1]["likelihood"] == ""


def test_columns_name_every_metric() -> None:
    """Nothing that the training measures is missing from the table, or there twice."""
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert {"likelihood", "diversity", "metric_crossing", "metric_stepwise_bass"} <= set(COLUMNS)


@pytest.mark.parametrize(
    ("iteration", "kept"),
    [(0, []), (9, []), (20, [10, 20]), (25, [10, 20]), (99, [10, 20, 30, 40])],
)
def test_resumed_log(path: Path, iteration: int, kept: list[int]) -> None:
    """Rows up to the iteration stay, later ones are dropped from memory and from disk."""
    before = path.read_text().splitlines()
    log = History(path, iteration)
    assert [row["iteration"] for row in log.rows] == kept
    assert path.read_text().splitlines() == before[: 1 + len(kept)]
    assert list(path.parent.iterdir()) == [path]


def test_resumed_log_is_the_undisturbed_one(path: Path) -> None:
    """Written again after a resumption the file has the same bytes."""
    undisturbed = path.read_bytes()
    log = History(path, 20)
    for iteration in (30, 40):
        log.add({"iteration": iteration, "phase": "likelihood", "likelihood": 1 / iteration})
    assert path.read_bytes() == undisturbed


def test_round_trip(path: Path) -> None:
    """Figures come back as numbers to six digits, words as words, empty cells not at all."""
    first = history.read(path)[2]
    assert first == {"iteration": 30, "phase": "likelihood", "likelihood": 0.0333333}


def test_column(path: Path) -> None:
    """The figures of a column in order, where it has any."""
    log = History(path, 40)
    log.add({"iteration": 50, "diversity": 0.5})
    log.add({"iteration": 60, "diversity": 0.25, "likelihood": 2.0})
    assert log.column("diversity") == [0.5, 0.25]
    assert log.column("likelihood") == [0.1, 0.05, 0.0333333, 0.025, 2.0]
    assert log.column("phase") == []
    assert log.column("wasserstein") == []


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf, 1e-30, 123456789.0])
def test_extreme_figures(tmp_path: Path, figure: float) -> None:
    """What is not finite is written and read as such, large and small numbers too."""
    log = History(tmp_path / "history.csv")
    log.add({"iteration": 1, "critic_loss": figure})
    (found,) = History(log.path, 1).column("critic_loss")
    assert found == pytest.approx(figure, rel=1e-5, nan_ok=True)


def test_unknown_name(tmp_path: Path) -> None:
    """A figure without a column is an error, not a lost figure."""
    with pytest.raises(ValueError, match="surprise"):
        History(tmp_path / "history.csv").add({"iteration": 1, "surprise": 2.0})


def test_no_log_yet(tmp_path: Path) -> None:
    """Without a file there are no rows."""
    assert history.read(tmp_path / "none.csv") == []
