"""The training's log is whole after every row; each way in which a GAN goes wrong is named."""

import csv
import math
from pathlib import Path

import pytest

from kantor.ensemble import SATB
from kantor.hyperparameters import Limits
from kantor.training import history
from kantor.training.history import LOSSES, History, columns, examine

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
    log, names = History(tmp_path / "history.csv"), columns(SATB)
    assert log.path.read_text() == ",".join(names) + "\n"
    assert {"likelihood", "diversity", "metric_crossing", "metric_stepwise_bass"} <= set(names)
    for count in (1, 2, 3):
        log.add({"iteration": count, "phase": "adversarial", "wasserstein": -0.25})
        with log.path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == count
        assert list(rows[-1]) == list(names)
        assert (rows[-1]["wasserstein"], rows[-1]["likelihood"]) == ("-0.25", "")


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


def test_column(path: Path) -> None:
    """The figures of a column in order, to six digits, where it has any; words are none."""
    log = History(path, 40)
    log.add({"iteration": 50, "diversity": 0.5, "likelihood": 2.0})
    assert log.column("likelihood") == [0.1, 0.05, 0.0333333, 0.025, 2.0]
    assert (log.column("diversity"), log.column("phase")) == ([0.5], [])
    with pytest.raises(ValueError, match="surprise"):  # a figure without a column is not lost
        log.add({"iteration": 60, "surprise": 2.0})


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf, 1e-30, 123456789.0])
def test_extreme_figures(tmp_path: Path, figure: float) -> None:
    """What is not finite is written and read as such, large and small numbers too."""
    log = History(tmp_path / "history.csv")
    log.add({"iteration": 1, "critic_loss": figure})
    (value,) = History(log.path, 1).column("critic_loss")
    assert value == pytest.approx(figure, rel=1e-5, nan_ok=True)


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


def test_sound_training(log: History) -> None:
    """Nothing is found, whatever the number of rows; also in the warm-up, without a critic."""
    rows = log.rows
    for count in range(ROWS + 1):
        log.rows = rows[:count]
        assert examine(log, LIMITS) == []
        log.rows = [{"iteration": row, "likelihood": 3 - 0.1 * row} for row in range(count)]
        assert examine(log, LIMITS) == []


SMALL = (1e-5, -1e-5, 2e-5, 0.0, 1e-4)
NO_NUMBER, LARGE = ("not a number", True), ("shoots up", True)


@pytest.mark.parametrize(
    ("names", "values", "expected", "message"),
    [
        *((LOSSES, [value], NO_NUMBER, "learning rates") for value in (math.nan, math.inf)),
        *((LOSSES, [value], LARGE, "gradient penalty") for value in (1e4, -3e7)),
        (LOSSES, [9999.0], None, ""),
        (LOSSES, [2.0] * 5, ("stands still", True), "stood still at 2 "),
        (LOSSES, [2.001] + [2.0] * 4, None, ""),
        (["wasserstein"], SMALL, ("falls to zero", True), "zero for 5 rows"),
        (["wasserstein"], (0.1, *SMALL[1:]), None, ""),
        (["diversity"], (0.4, 0.3, 0.01), ("collapse", False), "1.0% of their cells"),
        (["diversity"], (0.4, 0.01, 0.01), ("collapse", False), "1.0% of their cells"),
        (["diversity"], (0.01, 0.01, 0.0), ("collapse", True), "0.0% of their cells"),
        (["diversity"], (0.01, 0.01, 0.3), None, ""),
        (["diversity"], (0.4, 0.3, 0.02), None, ""),
    ],
)
def test_what_goes_wrong(log: History, names, values, expected, message) -> None:
    """What is found in the last rows, in one line that names the loss and the remedy.

    A loss that is no number, too large or does not move, and a critic that tells nothing apart are
    the end; one measurement of takes alike is a warning, three in a row are the end.
    """
    sound = log.rows
    for name in names:
        last = zip(sound[-len(values) :], values, strict=True)
        log.rows = sound[: -len(values)] + [row | {name: value} for row, value in last]
        findings = examine(log, LIMITS)
        assert [(one.kind, one.fatal) for one in findings] == ([expected] if expected else [])
        for finding in findings:
            assert message in finding.message
            assert name in finding.message or name not in LOSSES
            assert "\n" not in finding.message


def test_several_at_once(log: History) -> None:
    """What goes wrong in several places is named in each."""
    log.rows[-1] |= {"critic_loss": math.nan, "likelihood": 1e9, "diversity": 0.0}
    kinds = [finding.kind for finding in examine(log, LIMITS)]
    assert kinds == ["not a number", "shoots up", "collapse"]
