"""The training's log is whole after every row; each way in which a GAN goes wrong is named."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from kantor.ensemble import SATB
from kantor.hyperparameters import Limits
from kantor.model.train import history
from kantor.model.train.history import LOSSES, Finding, History, columns, examine

LIMITS = Limits(rows=5)
ROWS = 12


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of four rows in a folder that was not there."""
    log = History(tmp_path / "new" / "history.csv")
    for iteration in (10, 20, 30, 40):
        log.add({"iteration": iteration, "phase": "likelihood", "likelihood": 1 / iteration})
    return log.path


def test_rows_are_on_disk_at_once(tmp_path: Path) -> None:
    """After every row the file reads as a table with all columns; before it there are none."""
    assert history.read(tmp_path / "none.csv") == []
    log = History(tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_text() == ",".join(columns(SATB)) + "\n"
    for count in (1, 2, 3):
        log.add({"iteration": count, "seconds": 0.5, "phase": "adversarial", "wasserstein": -0.25})
        with log.path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == count
        assert list(rows[-1]) == list(columns(SATB))
        assert rows[-1]["wasserstein"] == "-0.25"
        assert rows[-1]["likelihood"] == ""


def test_columns_name_every_metric() -> None:
    """Nothing that the training measures is missing from the table, or there twice."""
    assert len(set(columns(SATB))) == len(columns(SATB))
    assert {"likelihood", "diversity", "metric_crossing", "metric_stepwise_bass"} <= set(
        columns(SATB)
    )


@pytest.mark.parametrize(
    ("iteration", "kept"),
    [(0, []), (9, []), (20, [10, 20]), (25, [10, 20]), (99, [10, 20, 30, 40])],
)
def test_resumed_log(path: Path, iteration: int, kept: list[int]) -> None:
    """Rows up to the iteration stay, later ones are dropped; written again they are the same."""
    before = path.read_text().splitlines()
    log = History(path, iteration)
    assert [row["iteration"] for row in log.rows] == kept
    assert path.read_text().splitlines() == before[: 1 + len(kept)]
    assert list(path.parent.iterdir()) == [path]
    for again in (10, 20, 30, 40)[len(kept) :]:
        log.add({"iteration": again, "phase": "likelihood", "likelihood": 1 / again})
    assert path.read_text().splitlines() == before


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


@pytest.fixture
def log(tmp_path: Path) -> History:
    """A sound training: losses wander, the distance shrinks, takes differ."""
    log = History(tmp_path / "history.csv")
    for row in range(ROWS):
        wander = math.sin(row)
        log.add(
            {
                "iteration": 10 * (row + 1),
                "phase": "adversarial",
                "critic_loss": -3 + wander,
                "generator_loss": 1 - wander,
                "wasserstein": 4 / (row + 1),
                "likelihood": 0.5 + 0.01 * wander,
                "diversity": 0.4,
            }
        )
    return log


def kinds(findings: list[Finding]) -> list[tuple[str, bool]]:
    assert all("\n" not in finding.message for finding in findings)
    return [(finding.kind, finding.fatal) for finding in findings]


def change(log: History, name: str, *values: float) -> History:
    """Other figures in the last rows."""
    for row, value in zip(log.rows[-len(values) :], values, strict=True):
        row[name] = value
    return log


def test_sound_training(log: History) -> None:
    """Nothing is found, whatever the phase or the number of rows."""
    assert examine(log, LIMITS) == []
    for rows in range(ROWS):
        log.rows = log.rows[:rows]
        assert examine(log, LIMITS) == []


def test_warm_up_alone(tmp_path: Path) -> None:
    """Before the critic is trained there is only the likelihood."""
    log = History(tmp_path / "history.csv")
    for row in range(ROWS):
        log.add({"iteration": row, "phase": "likelihood", "likelihood": 3 - 0.1 * row})
        assert examine(log, LIMITS) == []


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_a_number(log: History, name: str, value: float) -> None:
    """The last figure of a loss is not finite: the end."""
    findings = examine(change(log, name, value), LIMITS)
    assert kinds(findings) == [("not a number", True)]
    assert name in findings[0].message
    assert "learning rates" in findings[0].message


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("value", [1e4, -3e7])
def test_shoots_up(log: History, name: str, value: float) -> None:
    """A loss left every bound: the end."""
    findings = examine(change(log, name, value), LIMITS)
    assert kinds(findings) == [("shoots up", True)]
    assert name in findings[0].message
    assert "gradient penalty" in findings[0].message
    assert examine(change(log, name, 9999.0), LIMITS) == []


def test_falls_to_zero(log: History) -> None:
    """The critic tells nothing apart for as many rows as are looked at: the end."""
    small = [1e-5, -1e-5, 2e-5, 0.0, 1e-4]
    findings = examine(change(log, "wasserstein", *small), LIMITS)
    assert kinds(findings) == [("falls to zero", True)]
    assert "critic" in findings[0].message
    assert examine(change(log, "wasserstein", 0.1, *small[1:]), LIMITS) == []


@pytest.mark.parametrize("name", LOSSES)
def test_stands_still(log: History, name: str) -> None:
    """A loss that does not move for as many rows as are looked at: the end."""
    findings = examine(change(log, name, *[2.0] * 5), LIMITS)
    assert kinds(findings) == [("stands still", True)]
    assert name in findings[0].message
    assert examine(change(log, name, 2.001, *[2.0] * 4), LIMITS) == []


@pytest.mark.parametrize(
    ("takes", "expected"),
    [
        ([0.4, 0.3, 0.01], [("collapse", False)]),
        ([0.4, 0.01, 0.01], [("collapse", False)]),
        ([0.01, 0.01, 0.0], [("collapse", True)]),
        ([0.01, 0.01, 0.3], []),
        ([0.4, 0.3, 0.02], []),
    ],
)
def test_collapse(log: History, takes: list[float], expected: list) -> None:
    """One measurement of takes alike is a warning, three in a row are the end."""
    findings = examine(change(log, "diversity", *takes), LIMITS)
    assert kinds(findings) == expected
    assert all("samples collapse" in finding.message for finding in findings)


def test_several_at_once(log: History) -> None:
    """What goes wrong in several places is named in each."""
    change(log, "critic_loss", math.nan)
    change(log, "likelihood", 1e9)
    change(log, "diversity", 0.0)
    assert kinds(examine(log, LIMITS)) == [
        ("not a number", True),
        ("shoots up", True),
        ("collapse", False),
    ]
