"""What the workers of a training must agree on: that they fit together, and what they do next.

Every worker computes the same iterations, so all must leave the loop after the same one. Each
function here must be called by all workers at the same moment; of one process it is the judgement.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
import tensorflow as tf

from kantor.errors import InputError
from kantor.model.train.interruptions import SIGNALS
from kantor.model.train.replicas import Team

FAILED = "failed"
REASONS = ("budget", "time", "critic", "converged", FAILED)
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
"""What TensorFlow raises of an exchange with a worker that is gone."""


def compare(team: Team, description: str) -> None:
    """Refuse workers of which one describes otherwise what it trains.

    Raises
    ------
    InputError
        On every worker.
    """
    own = np.frombuffer(hashlib.sha256(description.encode()).digest(), np.uint8).astype(np.int64)
    if (team.total([own])[0] != team.size * own).any():
        raise InputError(
            "the workers have different params.yaml, code or data; bring all to the same commit "
            "and the same build/"
        )


def agree(
    team: Team, reason: str | None = None, caught: int | None = None
) -> tuple[str | None, int | None]:
    """Tell all workers the chief's reason to stop and any worker's signal, where there are any.

    Raises
    ------
    InputError
        If the chief failed, on every worker.
    """
    reasons = np.array([one == reason for one in REASONS], np.float32)
    signals = np.array([one == caught for one in SIGNALS], np.float32)
    reasons, signals = team.total([reasons, signals])
    if not reasons.any():
        return None, int(SIGNALS[signals.argmax()]) if signals.any() else None
    agreed = REASONS[reasons.argmax()]
    if agreed == FAILED:
        raise InputError("the chief could not go on; it says why")
    return agreed, None


@contextmanager
def failing_together(team: Team) -> Iterator[None]:
    """Let an error of the chief end all workers: else they would wait for it for ever."""
    try:
        yield
    except Exception:
        with suppress(InputError):
            agree(team, FAILED)
        raise


@contextmanager
def in_touch() -> Iterator[None]:
    """Say of a lost worker in one line what is to be done."""
    try:
        yield
    except LOST as error:
        raise InputError(
            f"another worker is gone ({type(error).__name__}); start all workers again: they go on "
            "from the last checkpoint"
        ) from None
