"""What several workers decide together; the others are played by what they would bring."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from kantor.errors import InputError
from kantor.model.train.agreement import FAILED, REASONS, agree, compare, failing_together
from kantor.model.train.replicas import Team


@dataclass(frozen=True)
class Two(Team):
    """One of two workers, that hears what the other one brings."""

    strategy: Any = None
    size: int = 2
    other: list[Any] = field(default_factory=list)
    brought: list[Any] = field(default_factory=list)

    def total(self, values: list[Any]) -> list[Any]:
        self.brought.append(values)
        return [own + other for own, other in zip(values, self.other, strict=True)]


def brought(reason: str | None = None, caught: int | None = None) -> list[Any]:
    """What a worker brings that has a reason to stop or caught a signal."""
    team = Two(other=[np.zeros(len(REASONS)), np.zeros(2)])
    agree(team, reason, caught)
    return team.brought[0]


def test_nothing_to_stop_for() -> None:
    """They go on."""
    assert agree(Two(other=brought())) == (None, None)
    assert agree(Team(None)) == (None, None)


@pytest.mark.parametrize("reason", ["budget", "time", "critic", "converged"])
def test_the_chief_stops_all(reason: str) -> None:
    """Its reason is heard by the others, whatever signal arrived at the same time."""
    assert agree(Two(other=brought(reason)), None, signal.SIGINT) == (reason, None)
    assert agree(Team(None), reason) == (reason, None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_one_stops_all(number: int) -> None:
    """Whichever worker caught it."""
    assert agree(Two(other=brought(None, number))) == (None, number)
    assert agree(Two(other=brought()), None, number) == (None, number)
    assert agree(Two(other=brought(None, number)), None, number) == (None, number)
    assert agree(Team(None), None, number) == (None, number)


def test_the_chief_fails() -> None:
    """It raises its own error, the others one that points to it."""
    chief = Two(other=brought())
    with pytest.raises(OSError, match="disk full"), failing_together(chief):
        raise OSError("disk full")
    told = chief.brought[-1]
    assert told[0][REASONS.index(FAILED)]
    with pytest.raises(InputError, match="chief"):
        agree(Two(other=told))
    with pytest.raises(OSError, match="disk full"), failing_together(Team(None)):
        raise OSError("disk full")


def test_workers_of_one_description() -> None:
    """Equal ones pass, different ones are refused in one line."""
    other = Two(other=[np.zeros(32, np.int64)])
    with pytest.raises(InputError):
        compare(other, "a")
    compare(Two(other=other.brought[0]), "a")
    compare(Team(None), "a")
    with pytest.raises(InputError, match=r"different params\.yaml, code or data") as caught:
        compare(Two(other=other.brought[0]), "b")
    assert "\n" not in str(caught.value)
