"""The training's log: one CSV, written as the training goes, from which everything reads.

`dvc plots`, the MLflow run and the report all read this file; no figure is written twice.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from kantor import files
from kantor.metrics.musical import LABELS

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
METRICS = tuple(f"metric_{name}" for name in LABELS)
COLUMNS = ("iteration", "seconds", "phase", *FIGURES, *METRICS)

Row = dict[str, str | float]


class History:
    """Rows of figures, on disk after every one."""

    def __init__(self, path: str | Path, iteration: int = 0) -> None:
        """Open the log at `path`, keeping the rows up to `iteration` and dropping later ones."""
        self.path = Path(path)
        self.rows = [row for row in read(self.path) if float(row["iteration"]) <= iteration]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(_rounded(row) for row in self.rows)
        files.save(self.path, lambda file: file.write(text.getvalue().encode()))

    def add(self, row: Row) -> None:
        """Append a row; names outside `COLUMNS` are an error, missing ones stay empty."""
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n").writerow(_rounded(row))
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
