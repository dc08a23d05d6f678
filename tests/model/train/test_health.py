"""Each way in which a GAN's training goes wrong is named; a sound one is left in peace."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from kantor.hyperparameters import Limits
from kantor.model.train.health import Finding, examine
from kantor.model.train.history import History

LIMITS = Limits(rows=5)
ROWS = 12


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


@pytest.mark.parametrize("name", ["critic_loss", "generator_loss", "likelihood"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_a_number(log: History, name: str, value: float) -> None:
    """The last figure of a loss is not finite: the end."""
    found = examine(change(log, name, value), LIMITS)
    assert kinds(found) == [("not a number", True)]
    assert name in found[0].message
    assert "learning rates" in found[0].message


@pytest.mark.parametrize("name", ["critic_loss", "generator_loss", "likelihood"])
@pytest.mark.parametrize("value", [1e4, -3e7])
def test_shoots_up(log: History, name: str, value: float) -> None:
    """A loss left every bound: the end."""
    found = examine(change(log, name, value), LIMITS)
    assert kinds(found) == [("shoots up", True)]
    assert name in found[0].message
    assert "gradient penalty" in found[0].message


def test_large_but_within_limits(log: History) -> None:
    """Just below the limit all is well."""
    assert examine(change(log, "critic_loss", 9999.0), LIMITS) == []


def test_falls_to_zero(log: History) -> None:
    """The critic tells nothing apart for as many rows as are looked at: the end."""
    small = [1e-5, -1e-5, 2e-5, 0.0, 1e-4]
    found = examine(change(log, "wasserstein", *small), LIMITS)
    assert kinds(found) == [("falls to zero", True)]
    assert "critic" in found[0].message
    assert examine(change(log, "wasserstein", 0.1, *small[1:]), LIMITS) == []


@pytest.mark.parametrize("name", ["critic_loss", "generator_loss", "likelihood"])
def test_stands_still(log: History, name: str) -> None:
    """A loss that does not move for as many rows as are looked at: the end."""
    found = examine(change(log, name, *[2.0] * 5), LIMITS)
    assert kinds(found) == [("stands still", True)]
    assert name in found[0].message
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
    found = examine(change(log, "diversity", *takes), LIMITS)
    assert kinds(found) == expected
    assert all("samples collapse" in finding.message for finding in found)


def test_several_at_once(log: History) -> None:
    """What goes wrong in several places is named in each."""
    change(log, "critic_loss", math.nan)
    change(log, "likelihood", 1e9)
    change(log, "diversity", 0.0)
    found = kinds(examine(log, LIMITS))
    assert found == [("not a number", True), ("shoots up", True), ("collapse", False)]
