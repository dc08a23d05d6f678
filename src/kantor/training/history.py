"""The training's log: one CSV, written as the training goes; and what it says of its health.

`dvc plots`, the MLflow run and the report all read this file; no figure is written twice. A finding
that is `fatal` stops the training: no further training would mend its weights.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
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
TIMES = Path("build/times.csv")
"""After how many seconds each row was written: no out of DVC's, for they are never the same."""
TIMES_COLUMNS = ("iteration", "seconds")
LOSSES = ("critic_loss", "generator_loss", "likelihood")

Row = dict[str, str | float]


def columns(ensemble: Ensemble) -> tuple[str, ...]:
    """The log's columns, the ensemble's metrics among them."""
    metrics = (f"metric_{name}" for name in labels(ensemble))
    return ("iteration", "phase", *FIGURES, *metrics)


class Log:
    """Rows of figures."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def column(self, name: str) -> list[float]:
        """The figures of a column, where it has any."""
        values = (row.get(name) for row in self.rows)
        return [float(value) for value in values if isinstance(value, int | float)]


class History(Log):
    """Rows of figures, on disk after every one."""

    def __init__(
        self, path: str | Path, iteration: int = 0, names: Sequence[str] = columns(SATB)
    ) -> None:
        """Open the log at `path`, keeping the rows up to `iteration` and dropping later ones."""
        self.path, self.columns = Path(path), names
        super().__init__([row for row in read(self.path) if float(row["iteration"]) <= iteration])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [",".join(self.columns) + "\n", *map(self._line, self.rows)]
        files.save(self.path, lambda file: file.write("".join(lines).encode()))

    def _line(self, row: Row) -> str:
        """A row as CSV, figures to six digits."""
        rounded = {
            name: f"{value:.6g}" if isinstance(value, float) and math.isfinite(value) else value
            for name, value in row.items()
        }
        line = StringIO(newline="")
        csv.DictWriter(line, self.columns, lineterminator="\n").writerow(rounded)
        return line.getvalue()

    def add(self, row: Row) -> None:
        """Append a row; names outside `columns` are an error, missing ones stay empty."""
        with self.path.open("a", newline="") as file:
            file.write(self._line(row))
        self.rows.append(row)


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


def examine(history: Log, limits: Limits) -> list[Finding]:
    """Everything wrong with the latest rows of `history`; empty where the training is sound."""
    findings = [finding for name in LOSSES for finding in _broken(name, history, limits)]
    if not findings:
        findings = [finding for name in LOSSES for finding in _still(name, history, limits)]
    distances = history.column("wasserstein")[-limits.rows :]
    if len(distances) == limits.rows and max(map(abs, distances)) <= limits.zero:
        message = (
            f"the critic's distance stayed within {limits.zero:g} of zero for {limits.rows} rows: "
            "it no longer tells real from generated, so the generator learns nothing from it"
        )
        findings.append(Finding("falls to zero", message, True))
    diversity = history.column("diversity")[-3:]
    low = [value < limits.collapse for value in diversity]
    if low and low[-1]:  # one low measurement is a warning, three in a row are the end
        message = (
            f"two takes of the same melody differ in {diversity[-1]:.1%} of their cells only: "
            "the samples collapse onto one"
        )
        findings.append(Finding("collapse", message, len(low) == 3 and all(low)))
    return findings


def _broken(name: str, history: Log, limits: Limits) -> Iterator[Finding]:
    """Whether the last figure of a loss is beyond all bounds."""
    for value in history.column(name)[-1:]:
        if not math.isfinite(value):
            message = f"{name} is {value}; lower the learning rates in params.yaml"
            yield Finding("not a number", message, True)
        elif abs(value) >= limits.shoots_up:
            message = (
                f"{name} shot up to {value:.3g}, beyond {limits.shoots_up:g}; lower the learning "
                "rates or raise the gradient penalty in params.yaml"
            )
            yield Finding("shoots up", message, True)


def _still(name: str, history: Log, limits: Limits) -> Iterator[Finding]:
    """Whether a loss did not move for as many rows as are looked at."""
    values = history.column(name)[-limits.rows :]
    if len(values) < limits.rows:
        return
    if max(values) - min(values) <= limits.still * max(1.0, abs(values[-1])):
        message = f"{name} stood still at {values[-1]:.4g} for {limits.rows} rows"
        yield Finding("stands still", message, True)
