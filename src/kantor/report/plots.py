"""The report's charts with their titles: what ``plots/`` and ``training/`` hold."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kantor.report import charts, wording
from kantor.report.charts import Values

Rows = dict[str, Any]
Table = list[dict[str, str]]

SIDES = ("generated", "real")
# Title, columns of the history with the names of their colours, whether the axis is logarithmic.
CURVES: tuple[tuple[str, dict[str, str], bool], ...] = (
    ("Losses", {"critic_loss": "critic", "generator_loss": "generator"}, False),
    ("Wasserstein estimate", {"wasserstein": "critic"}, False),
    ("Gradient penalty", {"gradient_penalty": "critic"}, True),
    (
        "Gradient norms",
        {"gradient_norm_critic": "critic", "gradient_norm_generator": "generator"},
        True,
    ),
    ("Cross-entropy of the composed cells", {"likelihood": "generator"}, False),
    ("Cells that differ between two takes", {"diversity": "generator"}, False),
)


def read_table(path: Path) -> Table:
    """The rows of a CSV file; none where it is missing or damaged."""
    try:
        with path.open(newline="") as stream:
            return list(csv.DictReader(stream))
    except (OSError, csv.Error, UnicodeDecodeError):
        return []


def column(rows: Table, name: str) -> Values:
    """One column as ``(row,) float64``; NaN where it is empty, missing or not a number."""
    return np.array([_number(row.get(name)) for row in rows], np.float64)


def _number(text: str | None) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan


def distributions(folder: Path, lines: Sequence[str]) -> list[Rows]:
    """Charts of what ``plots/`` holds: chords, notes a bar, pitches of the composed `lines`."""
    made = []
    if chords := read_table(folder / "chords.csv"):
        drawing = charts.rows(*_sides(chords, "chord", "Kinds of chords"))
        made.append({"title": "Chords on the beats, share", "svg": drawing})
    if notes := [row for row in read_table(folder / "notes.csv") if row.get("voice") in lines]:
        drawing = charts.bars(*_sides(notes, "voice", "Notes per 16 steps"))
        made.append({"title": "Notes per 16 steps", "svg": drawing})
    pitches = read_table(folder / "pitches.csv")
    return made + [_pitches(pitches, line) for line in lines if pitches]


def _sides(rows: Table, first: str, title: str) -> tuple[dict[str, Values], list[str], str]:
    """Figures by side, the names in the column `first`, and all of it in words."""
    texts = [f"{row[first]} {row['generated']} (Bach {row['real']})" for row in rows]
    sides = {side: column(rows, side) for side in SIDES}
    return sides, [row[first] for row in rows], f"{title}, generated and real: {', '.join(texts)}."


def _pitches(rows: Table, line: str) -> Rows:
    sides = {side: column(rows, f"{line}_{side}") for side in SIDES}
    used = np.flatnonzero(sides["generated"] + sides["real"])
    first, last = (int(used[0]), int(used[-1])) if used.size else (0, 0)
    kept = slice(max(first - 1, 0), last + 2)
    drawing = charts.histogram(
        {side: values[kept] for side, values in sides.items()},
        int(rows[kept][0]["pitch"]),
        f"Histogram of the {line}'s pitches, generated and real.",
    )
    return {"title": f"Pitches, {line}", "svg": drawing}


def training(folder: Path, health: Mapping[str, Any], given: Sequence[str]) -> Rows:
    """Curves over the iterations: the two networks, then each metric with its reference band.

    The metrics `given` say nothing of the model and are left out.
    """
    hidden = {f"metric_{name}" for name in given}
    history = read_table(folder / "history.csv")
    rows = [{name: row[name] for name in row if name not in hidden} for row in history]
    steps = column(rows, "iteration")
    text = ""
    if steps.size and isinstance(seconds := health.get("seconds"), int | float) and seconds:
        text = (
            f"{len(steps)} rows of figures over {np.nanmax(steps):.0f} iterations, which are "
            "counted below each curve; the losses begin where the critic joins. Long curves are "
            "drawn faint, with their running median on top; the scale leaves out the wildest "
            "hundredth."
        )
    return {
        "text": text,
        "charts": [chart for curve in CURVES if (chart := _curve(rows, steps, *curve))],
        "metrics": _metrics(rows, steps, _reference(folder / "reference.json")),
    }


def _curve(
    rows: Table, steps: Values, title: str, names: Mapping[str, str], log: bool
) -> Rows | None:
    curves = {colour: column(rows, name) for name, colour in names.items()}
    curves = {colour: values for colour, values in curves.items() if np.isfinite(values).any()}
    if not curves:
        return None
    ends = ", ".join(f"{name} {_last(values):.3g}" for name, values in curves.items())
    drawing = charts.line_chart(
        {colour: (steps, values) for colour, values in curves.items()},
        f"{title} over the iterations; at the end {ends}.",
        marks=_phases(rows, steps),
        log=log,
    )
    return {"title": title, "legend": list(curves), "svg": drawing}


def _phases(rows: Table, steps: Values) -> list[tuple[float, str]]:
    """Where each phase of the training begins, with its name; none where there is but one."""
    names = [row.get("phase") or "" for row in rows]
    changed = [at for at in range(1, len(names)) if names[at] != names[at - 1] and names[at]]
    return [(float(steps[at]), names[at]) for at in changed]


def _last(values: Values) -> float:
    return float(values[np.isfinite(values)][-1])


def _reference(path: Path) -> dict[str, tuple[float, float]]:
    """The training data's own mean and standard deviation, by metric."""
    try:
        stored = json.loads(path.read_text())
        return {name: (float(one["mean"]), float(one["sd"])) for name, one in stored.items()}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return {}


def _metrics(
    rows: Table, steps: Values, reference: Mapping[str, tuple[float, float]]
) -> list[Rows]:
    columns = [name for name in (rows[0] if rows else ()) if name and name.startswith("metric_")]
    names = [name.removeprefix("metric_") for name in columns]
    made = []
    for name in (name for group in wording.ordered(names).values() for name in group):
        values = column(rows, f"metric_{name}")
        if not np.isfinite(values).any():
            continue
        title, (mean, spread) = wording.title(name), reference.get(name, (math.nan, math.nan))
        known = math.isfinite(mean + spread)
        beside = f"; training data {mean:.3g} ± {spread:.2g}" if known else ""
        drawing = charts.line_chart(
            {"generated": (steps, values)},
            f"{title} over the iterations; at the end {_last(values):.3g}{beside}.",
            band=(max(mean - spread, 0.0), mean + spread) if known else None,
            centre=mean,
            size=charts.SMALL,
        )
        made.append({"title": title, "svg": drawing})
    return made
