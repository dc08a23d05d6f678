"""When a training stops: the measures are the data's, the critic stands still, or all is spent."""

from collections.abc import Sequence

import pytest
import yaml
from tests.pipeline.conftest import ROOT

from kantor.hyperparameters import Train
from kantor.metrics.musical import HEADLINE, LABELS
from kantor.training.history import Log
from kantor.training.stopping import converging, criteria, stopped_improving

REFERENCE = {name: {"mean": 1.0, "sd": 0.1} for name in LABELS}
SAME = {f"metric_{name}": 1.0 for name in LABELS}
STOP = {"tolerance": 0.02, "measurements": 2, "critic_rows": 2, "critic_tolerance": 0.001}


def state(rows, done, seconds=60.0):
    """Each criterion by its name, after a warm-up of 10 of 30 iterations."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    values |= {"warmup": 10, "iterations": 20, "minutes": 2, "early_stop": STOP}
    found = criteria(Log(rows), Train.model_validate(values), done, seconds, REFERENCE)
    return {one.name: one for one in found}


def test_the_budget_is_iterations_or_minutes():
    """Each says how much of it is spent; it is met when all is."""
    half = state([], 15)
    assert (half["budget"].share, half["time"].share) == (0.5, 0.5)
    assert half["budget"].text == "15 of 30 iterations"
    assert not any(one.met for one in half.values())
    assert state([], 30)["budget"].met
    assert state([], 5, 120.0)["time"].met


def test_measures_and_critic_count_against_the_critic_only():
    """Rows of the warm-up never end a training, however good they are."""
    measured = {"diversity": 0.5, "wasserstein": 2.0, **SAME}
    rows = [{"iteration": at, "phase": "likelihood", **measured} for at in range(1, 9)]
    warming = state(rows, 8)
    assert not any(one.met for one in warming.values())
    assert warming["converged"].share == 1
    later = [{"iteration": 11, "phase": "adversarial", **measured}]
    one = state(rows + later, 11)["converged"]
    assert not one.met
    assert "one after another" in one.text
    assert state(rows + later * 2, 12)["converged"].met
    off = later[0] | {"metric_crossing": 1.5}
    assert not state([*rows, off, later[0]], 12)["converged"].met
    assert state([*rows, off], 12)["converged"].share < 1


def test_a_critic_that_moves_is_not_done():
    """The nearer its change comes to the tolerance, the nearer is the end."""
    rows = [{"iteration": at, "phase": "adversarial", "wasserstein": 2.0} for at in range(11, 15)]
    assert state(rows, 14)["critic"].met
    rows[-1]["wasserstein"] = 2.1
    moving = state(rows, 14)["critic"]
    assert not moving.met
    assert 0 < moving.share < 0.1
    assert "3 rows of the log, 4 are needed" in state(rows[1:], 14)["critic"].text


@pytest.mark.parametrize(
    ("sd", "value", "tolerance", "expected"),
    [
        *((0.5, value, 0.02, True) for value in (1.0, 1.009, 0.991)),
        *((0.5, value, 0.02, False) for value in (1.02, 0.98)),
        (0.5, 0.98, 0.05, True),
        (0.0, 1.0, 0.02, True),
        (0.0, 1.001, 0.02, False),
    ],
)
def test_converged(sd: float, value: float, tolerance: float, expected: bool) -> None:
    """Every headline metric within so many deviations of the data's mean.

    Where the data never varies, the generator must not either.
    """
    measured = [f"metric_{name}" for name in HEADLINE if name in LABELS]
    assert len(measured) > 5
    reference = {name: {"mean": 1.0, "sd": sd} for name in LABELS}
    for name in measured:
        figures = dict.fromkeys(measured, 1.0) | {name: value}
        assert all(converging(figures, reference, tolerance)) is expected


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ([], False),
        ([2.0, 2.0, 2.0], False),
        ([2.0, 2.0, 2.0, 2.0], True),
        ([9.0, 2.0, 2.0, 2.01, 1.99], True),
        ([2.0, 2.0, 1.9, 1.9], False),
        ([2.0, 2.0, 2.1, 2.1], False),
        ([-2.0, -2.0, -2.001, -2.001], True),
        ([0.0, 0.0, 0.0, 0.0], True),
        ([0.0, 0.0, 0.1, 0.1], False),
    ],
)
def test_stopped_improving(distances: Sequence[float], expected: bool) -> None:
    """The mean of the last rows is that of the rows before them, within a thousandth."""
    assert stopped_improving(distances, 2, 0.001) is expected
