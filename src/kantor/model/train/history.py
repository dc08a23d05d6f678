"""The training's log: one CSV, written as the training goes; and what it says of its health.

`dvc plots`, the MLflow run and the report all read this file; no figure is written twice. Each
check of the health is a function of the log's recent figures. A finding that is `fatal` stops the
training: no further training would mend its weights.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kantor import files
from kantor.ensemble import SATB, Ensemble
from kantor.hyperparameters import Limits
from kantor.metrics.musical import labels

FIGURES = (
    "critic_loss",
    "generator_loss",
    "wasserstein",
    "gradient_penalty",
    "gradient_norm_critic",
    "gradient_norm_generator",
    "likelihood",
    "diversity",
)
LOSSES = ("critic_loss", "generator_loss", "likelihood")

Row = dict[str, str | float]


def columns(ensemble: Ensemble) -> tuple[str, ...]:
    """The log's columns, the ensemble's metrics among them."""
    metrics = (f"metric_{name}" for name in labels(ensemble))
    return ("iteration", "seconds", "phase", *FIGURES, *metrics)


class History:
    """Rows of figures, on disk after every one."""

    def __init__(self, path: str | Path, iteration: int = 0, ensemble: Ensemble = SATB) -> None:
        """Open the log at `path`, keeping the rows up to `iteration` and dropping later ones."""
        self.path, self.columns = Path(path), columns(ensemble)
        self.rows = [row for row in read(self.path) if float(row["iteration"]) <= iteration]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(_rounded(row) for row in self.rows)
        files.save(self.path, lambda file: file.write(text.getvalue().encode()))

    def add(self, row: Row) -> None:
        """Append a row; names outside `columns` are an error, missing ones stay empty."""
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns, restval="", lineterminator="\n").writerow(
                _rounded(row)
            )
        self.rows.append(row)

    def column(self, name: str) -> list[float]:
        """The figures of a column, where it has any."""
        values = (row.get(name) for row in self.rows)
        return [float(value) for value in values if isinstance(value, int | float)]


def _rounded(row: Row) -> Row:
    return {
        name: f"{value:.6g}" if isinstance(value, float) and math.isfinite(value) else value
        for name, value in row.items()
    }


def read(path: str | Path) -> list[Row]:
    """The rows of a log, figures as numbers, empty cells left out; none where there is no file."""
    try:
        with Path(path).open(newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        return []
    return [
        {name: _figure(value) for name, value in row.items() if value not in ("", None)}
        for row in rows
        if row.get("iteration")
    ]


def _figure(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


@dataclass(frozen=True)
class Finding:
    """What is wrong with a training."""

    kind: str
    message: str
    fatal: bool


def examine(history: History, limits: Limits) -> list[Finding]:
    """Everything wrong with the latest rows of `history`; empty where the training is sound."""
    findings: list[Finding] = []
    for name in LOSSES:
        values = history.column(name)[-limits.rows :]
        if values:
            findings += _not_a_number(name, values) or _shoots_up(name, values, limits)
        if len(values) == limits.rows and not findings:
            findings += _stands_still(name, values, limits)
    distances = history.column("wasserstein")[-limits.rows :]
    if len(distances) == limits.rows:
        findings += _falls_to_zero(distances, limits)
    return findings + _collapses(history.column("diversity"), limits)


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
