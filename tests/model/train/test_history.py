"""The training's log is whole after every row; each way in which a GAN goes wrong is named."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from kantor.ensemble import SATB
from kantor.hyperparameters import Limits
from kantor.model.train import history
from kantor.model.train.history import LOSSES, History, columns, examine

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
    assert log.path.read_text() == ",".join(columns(SATB)) + "\n"
    for count in (1, 2, 3):
        log.add({"iteration": count, "seconds": 0.5, "phase": "adversarial", "wasserstein": -0.25})
        with log.path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == count
        assert list(rows[-1]) == list(columns(SATB))
        assert (rows[-1]["wasserstein"], rows[-1]["likelihood"]) == ("-0.25", "")


def test_columns_name_every_metric() -> None:
    """Nothing that the training measures is missing from the table, or there twice."""
    names = set(columns(SATB))
    assert len(names) == len(columns(SATB))
    assert {"likelihood", "diversity", "metric_crossing", "metric_stepwise_bass"} <= names


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
    log.add({"iteration": 50, "diversity": 0.5, "likelihood": 2.0})
    assert log.column("likelihood") == [0.1, 0.05, 0.0333333, 0.025, 2.0]
    assert (log.column("diversity"), log.column("phase")) == ([0.5], [])


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf, 1e-30, 123456789.0])
def test_extreme_figures(tmp_path: Path, figure: float) -> None:
    """What is not finite is written and read as such, large and small numbers too."""
    log = History(tmp_path / "history.csv")
    log.add({"iteration": 1, "critic_loss": figure})
    (value,) = History(log.path, 1).column("critic_loss")
    assert value == pytest.approx(figure, rel=1e-5, nan_ok=True)


def test_unknown_name(tmp_path: Path) -> None:
    """A figure without a column is an error, not a lost figure."""
    with pytest.raises(ValueError, match="surprise"):
        History(tmp_path / "history.csv").add({"iteration": 1, "surprise": 2.0})


@pytest.fixture
def log(tmp_path: Path) -> History:
    """A sound training: losses wander, the distance shrinks, takes differ."""
    log = History(tmp_path / "history.csv")
    log.rows = [
        {
            "iteration": 10 * (row + 1),
            "phase": "adversarial",
            "critic_loss": -3 + math.sin(row),
            "generator_loss": 1 - math.sin(row),
            "wasserstein": 4 / (row + 1),
            "likelihood": 0.5 + 0.01 * math.sin(row),
            "diversity": 0.4,
        }
        for row in range(ROWS)
    ]
    return log


def faults(log: History, name: str, *values: float) -> list[tuple[str, bool]]:
    """What is found with other figures in the last rows of a column, each in one line."""
    for row, value in zip(log.rows[-len(values) :], values, strict=True):
        row[name] = value
    findings = examine(log, LIMITS)
    assert all("\n" not in finding.message for finding in findings)
    return [(finding.kind, finding.fatal) for finding in findings]


def test_sound_training(log: History) -> None:
    """Nothing is found, whatever the number of rows; also in the warm-up, without a critic."""
    rows = log.rows
    for count in range(ROWS + 1):
        log.rows = rows[:count]
        assert examine(log, LIMITS) == []
        log.rows = [{"iteration": row, "likelihood": 3 - 0.1 * row} for row in range(count)]
        assert examine(log, LIMITS) == []


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(
    ("value", "kind", "remedy"),
    [
        (math.nan, "not a number", "learning rates"),
        (math.inf, "not a number", "learning rates"),
        (-math.inf, "not a number", "learning rates"),
        (1e4, "shoots up", "gradient penalty"),
        (-3e7, "shoots up", "gradient penalty"),
    ],
)
def test_loss_beyond_all_bounds(
    log: History, name: str, value: float, kind: str, remedy: str
) -> None:
    """The last figure of a loss is no number, or too large: the end."""
    assert faults(log, name, value) == [(kind, True)]
    (finding,) = examine(log, LIMITS)
    assert name in finding.message
    assert remedy in finding.message
    assert faults(log, name, 9999.0) == []


SMALL = (1e-5, -1e-5, 2e-5, 0.0, 1e-4)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("wasserstein", SMALL, [("falls to zero", True)]),
        ("wasserstein", (0.1, *SMALL[1:]), []),
        *((name, [2.0] * 5, [("stands still", True)]) for name in LOSSES),
        *((name, [2.001] + [2.0] * 4, []) for name in LOSSES),
        ("diversity", (0.4, 0.3, 0.01), [("collapse", False)]),
        ("diversity", (0.4, 0.01, 0.01), [("collapse", False)]),
        ("diversity", (0.01, 0.01, 0.0), [("collapse", True)]),
        ("diversity", (0.01, 0.01, 0.3), []),
        ("diversity", (0.4, 0.3, 0.02), []),
    ],
)
def test_what_goes_wrong_over_several_rows(
    log: History, name: str, values: list[float], expected: list[tuple[str, bool]]
) -> None:
    """A critic that tells nothing apart and a loss that does not move are the end; one measurement
    of takes alike is a warning, three in a row are the end."""
    assert faults(log, name, *values) == expected


def test_several_at_once(log: History) -> None:
    """What goes wrong in several places is named in each."""
    log.rows[-1] |= {"critic_loss": math.nan, "likelihood": 1e9}
    expected = [("not a number", True), ("shoots up", True), ("collapse", False)]
    assert faults(log, "diversity", 0.0) == expected
