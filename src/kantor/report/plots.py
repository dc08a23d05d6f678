"""The report's charts with their titles: what ``plots/`` and ``training/`` hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kantor.report import charts, wording
from kantor.report.charts import Values

Rows = dict[str, Any]

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


def read_table(path: Path) -> pd.DataFrame:
    """A CSV file; a table without rows where it is missing or damaged."""
    try:
        return pd.read_csv(path)
    except (OSError, ValueError):
        return pd.DataFrame()


def column(table: pd.DataFrame, name: str) -> Values:
    """One column as ``(row,) float64``; NaN where it is empty, missing or not a number."""
    if name not in table:
        return np.full(len(table), math.nan)
    return pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64)


def distributions(folder: Path, lines: Sequence[str]) -> list[Rows]:
    """Charts of what ``plots/`` holds: chords, notes a bar, pitches of the composed `lines`."""
    made = []
    for name, first, title in (
        ("chords.csv", "chord", "Chords on the beats, share"),
        ("notes.csv", "voice", "Notes per 16 steps"),
    ):
        table = read_table(folder / name)
        if first not in table:
            continue
        rows = table[table[first].isin(lines)] if first == "voice" else table
        names = rows[first].tolist()
        sides = {side: column(rows, side) for side in SIDES}
        texts = [
            f"{name} {one:g} (Bach {other:g})"
            for name, one, other in zip(names, *sides.values(), strict=True)
        ]
        drawing = charts.bars(sides, names, f"{title}, generated and real: {', '.join(texts)}.")
        made.append({"title": title, "svg": drawing})
    pitches = read_table(folder / "pitches.csv")
    return made + [_pitches(pitches, line) for line in lines if len(pitches)]


def _pitches(table: pd.DataFrame, line: str) -> Rows:
    sides = {side: column(table, f"{line}_{side}") for side in SIDES}
    used = np.flatnonzero(sides["generated"] + sides["real"])
    first, last = (int(used[0]), int(used[-1])) if used.size else (0, 0)
    kept = slice(max(first - 1, 0), last + 2)
    drawing = charts.histogram(
        {side: values[kept] for side, values in sides.items()},
        int(table["pitch"].iloc[kept.start]),
        f"Histogram of the {line}'s pitches, generated and real.",
    )
    return {"title": f"Pitches, {line}", "svg": drawing}


def training(folder: Path, health: Mapping[str, Any], given: Sequence[str]) -> Rows:
    """Curves over the iterations: the two networks, then each metric with its reference band.

    The metrics `given` say nothing of the model and are left out.
    """
    history = read_table(folder / "history.csv")
    steps = column(history, "iteration")
    text = ""
    if steps.size and isinstance(seconds := health.get("seconds"), int | float) and seconds:
        text = (
            f"{len(steps)} rows of figures over {np.nanmax(steps):.0f} iterations, which are "
            "counted below each curve; the losses begin where the critic joins. Long curves are "
            "drawn faint, with their running median on top; the scale leaves out the wildest "
            "hundredth."
        )
    names = [
        name.removeprefix("metric_") for name in map(str, history) if name.startswith("metric_")
    ]
    groups = wording.ordered([name for name in names if name not in given])
    reference = _reference(folder / "reference.json")
    ordered = [name for group in groups.values() for name in group]
    metrics = [_metric(history, steps, name, reference.get(name)) for name in ordered]
    curves = [_curve(history, steps, *curve) for curve in CURVES]
    return {
        "text": text,
        "charts": [chart for chart in curves if chart],
        "metrics": [chart for chart in metrics if chart],
    }


def _curve(
    history: pd.DataFrame, steps: Values, title: str, names: Mapping[str, str], log: bool
) -> Rows | None:
    curves = {colour: column(history, name) for name, colour in names.items()}
    curves = {colour: values for colour, values in curves.items() if np.isfinite(values).any()}
    if not curves:
        return None
    ends = ", ".join(f"{name} {_last(values):.3g}" for name, values in curves.items())
    drawing = charts.line_chart(
        {colour: (steps, values) for colour, values in curves.items()},
        f"{title} over the iterations; at the end {ends}.",
        marks=_phases(history, steps),
        log=log,
    )
    return {"title": title, "legend": list(curves), "svg": drawing}


def _phases(history: pd.DataFrame, steps: Values) -> list[tuple[float, str]]:
    """Where each phase of the training begins, with its name; none where there is but one."""
    names = history["phase"].fillna("").astype(str).tolist() if "phase" in history else []
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


def _metric(
    history: pd.DataFrame, steps: Values, name: str, reference: tuple[float, float] | None
) -> Rows | None:
    values, title = column(history, f"metric_{name}"), wording.title(name)
    if not np.isfinite(values).any():
        return None
    summary, band = f"{title} over the iterations; at the end {_last(values):.3g}", None
    mean, spread = reference or (math.nan, math.nan)
    if math.isfinite(mean + spread):
        summary += f"; training data {mean:.3g} ± {spread:.2g}"
        band = (max(mean - spread, 0.0), mean + spread)
    curves = {"generated": (steps, values)}
    drawing = charts.line_chart(curves, f"{summary}.", band=band, centre=mean, size=charts.SMALL)
    return {"title": title, "svg": drawing}
