"""What can go wrong with a GAN while it trains, named from its log.

Each check is a function of the log's recent figures. A finding that is `fatal` stops the training:
its weights are past saving, and hours more would not mend them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kantor.hyperparameters import Limits
from kantor.model.train.history import History

LOSSES = ("critic_loss", "generator_loss", "likelihood")


@dataclass(frozen=True)
class Finding:
    """Something that the health check saw."""

    kind: str
    message: str
    fatal: bool


def examine(history: History, limits: Limits) -> list[Finding]:
    """Everything wrong with the latest rows of `history`; empty where the training is sound."""
    found = []
    for name in LOSSES:
        values = history.column(name)[-limits.rows :]
        if values:
            found += _not_a_number(name, values) or _shoots_up(name, values, limits)
        if len(values) == limits.rows and not found:
            found += _stands_still(name, values, limits)
    distances = history.column("wasserstein")[-limits.rows :]
    if len(distances) == limits.rows:
        found += _falls_to_zero(distances, limits)
    return found + _collapses(history.column("diversity"), limits)


def _not_a_number(name: str, values: Sequence[float]) -> list[Finding]:
    if math.isfinite(values[-1]):
        return []
    message = f"{name} is {values[-1]}; lower the learning rates in params.yaml"
    return [Finding("not a number", message, True)]


def _shoots_up(name: str, values: Sequence[float], limits: Limits) -> list[Finding]:
    if abs(values[-1]) < limits.shoots_up:
        return []
    message = (
        f"{name} shot up to {values[-1]:.3g}, beyond {limits.shoots_up:g}; lower the learning "
        "rates or raise the gradient penalty in params.yaml"
    )
    return [Finding("shoots up", message, True)]


def _falls_to_zero(distances: Sequence[float], limits: Limits) -> list[Finding]:
    if max(abs(value) for value in distances) > limits.zero:
        return []
    message = (
        f"the critic's distance stayed within {limits.zero:g} of zero for {limits.rows} rows: "
        "it no longer tells real from generated, so the generator learns nothing from it"
    )
    return [Finding("falls to zero", message, True)]


def _stands_still(name: str, values: Sequence[float], limits: Limits) -> list[Finding]:
    if max(values) - min(values) > limits.still * max(1.0, abs(values[-1])):
        return []
    message = f"{name} stood still at {values[-1]:.4g} for {limits.rows} rows"
    return [Finding("stands still", message, True)]


def _collapses(diversity: Sequence[float], limits: Limits) -> list[Finding]:
    """One low measurement is a warning, three in a row are the end."""
    low = [value < limits.collapse for value in diversity[-3:]]
    if not low or not low[-1]:
        return []
    message = (
        f"two takes of the same melody differ in {diversity[-1]:.1%} of their cells only: "
        "the samples collapse onto one"
    )
    return [Finding("collapse", message, len(low) == 3 and all(low))]
