"""When a training may stop before all its iterations are done, and how near it is to that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kantor.ensemble import SATB, Ensemble
from kantor.hyperparameters import CUT, Train
from kantor.metrics.musical import headline
from kantor.training.history import Log

Reference = Mapping[str, Mapping[str, float]]
"""For each metric ``mean`` and ``sd`` in the training data."""


@dataclass(frozen=True)
class Criterion:
    """One reason to stop.

    Attributes
    ----------
    name : str
        ``budget`` (iterations), `CUT` (the clock), ``critic`` or ``converged``.
    share : float
        How near it is, 0 to 1.
    met : bool
        Whether it ends the training now.
    text : str
        Its present state, for a person.
    """

    name: Literal["budget", "time", "critic", "converged"]
    share: float
    met: bool
    text: str


def criteria(
    log: Log,
    settings: Train,
    done: int,
    seconds: float,
    reference: Reference,
    ensemble: Ensemble = SATB,
) -> tuple[Criterion, ...]:
    """Each reason to stop after `done` iterations and `seconds`, in the order that they count."""
    warming = done < settings.warmup_iterations
    return (
        Criterion(
            "budget",
            min(1.0, done / max(1, settings.total)),
            done >= settings.total,
            f"{done:,} of {settings.total:,} iterations",
        ),
        *_time(settings.minutes, seconds / 60),
        _critic(log, settings, warming),
        _converged(log, settings, warming, reference, ensemble),
    )


def _time(limit: float | None, minutes: float) -> tuple[Criterion, ...]:
    """The clock, where a training is limited by it."""
    if limit is None:
        return ()
    text = f"{minutes:.1f} of {limit:g} minutes"
    return (Criterion(CUT, min(1.0, minutes / limit), minutes >= limit, text),)


def _critic(log: Log, settings: Train, warming: bool) -> Criterion:
    stop, distances = settings.early_stop, log.column("wasserstein")
    needed = 2 * stop.critic_rows
    if warming or len(distances) < needed:
        text = (
            "the critic is not at work yet"
            if not distances
            else f"{len(distances)} rows of the log, {needed} are needed to tell"
        )
        return Criterion("critic", 0.0, False, text)
    before, after = _halves(distances, stop.critic_rows)
    change = abs(after - before) / max(abs(before), 1e-6)
    met = stopped_improving(distances, stop.critic_rows, stop.critic_tolerance)
    share = 1.0 if met else min(1.0, stop.critic_tolerance / max(change, 1e-12))
    text = f"its distance changed by {change:.2%}; it stands still below {stop.critic_tolerance:g}"
    return Criterion("critic", share, met, text)


def _converged(
    log: Log, settings: Train, warming: bool, reference: Reference, ensemble: Ensemble
) -> Criterion:
    stop = settings.early_stop
    rows = [row for row in log.rows if "diversity" in row]
    measured = [
        {name: float(value) for name, value in row.items() if name.startswith("metric_")}
        for row in (rows if warming else [row for row in rows if row["phase"] == "adversarial"])
    ][-stop.measurements :]
    if not measured:
        return Criterion("converged", 0.0, False, "nothing is measured yet")
    last = converging(measured[-1], reference, stop.tolerance, ensemble)
    met = (
        not warming
        and len(measured) == stop.measurements
        and all(all(converging(row, reference, stop.tolerance, ensemble)) for row in measured)
    )
    text = (
        f"{sum(last)} of {len(last)} measures are the data's within {stop.tolerance:g} deviations; "
        f"all must be in {stop.measurements} measurements one after another"
    )
    return Criterion("converged", sum(last) / max(1, len(last)), met, text)


def converging(
    figures: Mapping[str, float], reference: Reference, tolerance: float, ensemble: Ensemble = SATB
) -> list[bool]:
    """Of each headline metric whether it lies within `tolerance` deviations of the data's mean.

    What cannot be counted does not.
    """
    return [
        abs(figures.get(f"metric_{name}", math.nan) - reference[name]["mean"])
        <= tolerance * max(reference[name]["sd"], 1e-6)
        for name in headline(ensemble)
        if name in reference
    ]


def stopped_improving(distances: Sequence[float], rows: int, tolerance: float) -> bool:
    """Whether the critic's estimate of the distance has stood for `rows` rows of the log.

    The mean of the last `rows` is compared with that of the `rows` before.
    """
    if len(distances) < 2 * rows:
        return False
    before, after = _halves(distances, rows)
    return abs(after - before) <= tolerance * max(abs(before), 1e-6)


def _halves(distances: Sequence[float], rows: int) -> tuple[float, float]:
    return float(np.mean(distances[-2 * rows : -rows])), float(np.mean(distances[-rows:]))
