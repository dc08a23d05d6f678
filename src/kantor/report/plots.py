"""The report's charts with their titles: what ``plots/`` and ``training/`` hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kantor.report import charts
from kantor.report.charts import Values
from kantor.report.tables import SIDES

Chart = dict[str, Any]
"""``title``, ``svg``, and for curves their ``legend``."""

# Title, columns of the history by the names of their colours, whether the axis is logarithmic.
CURVES: tuple[tuple[str, dict[str, str], bool], ...] = (
    ("Losses", {"critic": "critic_loss", "generator": "generator_loss"}, False),
    ("Wasserstein estimate", {"critic": "wasserstein"}, False),
    ("Gradient penalty", {"critic": "gradient_penalty"}, True),
    (
        "Gradient norms",
        {"critic": "gradient_norm_critic", "generator": "gradient_norm_generator"},
        True,
    ),
    ("Cross-entropy of the composed cells", {"generator": "likelihood"}, False),
    ("Cells that differ between two takes", {"generator": "diversity"}, False),
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


def distributions(folder: Path, lines: Sequence[str]) -> list[Chart]:
    """Charts of what ``plots/`` holds of the composed `lines`: chords, notes, pitches, rhythm."""
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
            f"{name} {one:g} (real {other:g})"
            for name, one, other in zip(names, *sides.values(), strict=True)
        ]
        drawing = charts.bars(sides, names, f"{title}, generated and real: {', '.join(texts)}.")
        made.append({"title": title, "svg": drawing})
    pitches = read_table(folder / "pitches.csv")
    made += [_pitches(pitches, line) for line in lines if f"{line}_real" in pitches]
    onsets = read_table(folder / "onsets.csv")
    return made + [_onsets(onsets, line) for line in lines if f"{line}_real" in onsets]


def _onsets(table: pd.DataFrame, line: str) -> Chart:
    sides = {side: column(table, f"{line}_{side}") for side in SIDES}
    summary = f"When notes of the {line} begin within the bar, generated and real."
    return {"title": f"Onsets within the bar, {line}", "svg": charts.places(sides, summary)}


def _pitches(table: pd.DataFrame, line: str) -> Chart:
    sides = {side: column(table, f"{line}_{side}") for side in SIDES}
    used = np.flatnonzero(sides["generated"] + sides["real"]).tolist() or [0]
    kept = slice(max(used[0] - 1, 0), used[-1] + 2)
    drawing = charts.histogram(
        {side: values[kept] for side, values in sides.items()},
        int(table["pitch"].iloc[kept.start]),
        f"Histogram of the {line}'s pitches, generated and real.",
    )
    return {"title": f"Pitches, {line}", "svg": drawing}


def training(folder: Path, titles: Mapping[str, str]) -> dict[str, list[Chart]]:
    """Curves over the iterations.

    Parameters
    ----------
    folder
        Holds ``history.csv`` and ``reference.json``.
    titles
        Of the metrics to show, by their names.

    Returns
    -------
    dict
        ``charts`` of the two networks, and ``metrics``, each with the training data's band.
    """
    history = read_table(folder / "history.csv")
    phases = history["phase"].fillna("").astype(str).tolist() if "phase" in history else []
    steps = column(history, "iteration")
    changed = [at for at in range(1, len(phases)) if phases[at] not in ("", phases[at - 1])]
    marks = [(float(steps[at]), phases[at]) for at in changed]
    drawn = [_curves(history, *curve, marks=marks) for curve in CURVES]
    reference = _reference(folder / "reference.json")
    metrics = []
    for name, title in titles.items():
        mean, spread = reference.get(name, (math.nan, math.nan))
        known = math.isfinite(mean + spread)
        in_training = f"; training data {mean:.3g} ± {spread:.2g}" if known else ""
        band = (max(mean - spread, 0.0), mean + spread) if known else None
        options: dict[str, Any] = {"band": band, "centre": mean, "size": charts.SMALL}
        columns = {"generated": f"metric_{name}"}
        metrics.append(_curves(history, title, columns, more=in_training, **options))
    return {"charts": [one for one in drawn if one], "metrics": [one for one in metrics if one]}


def _curves(
    history: pd.DataFrame,
    title: str,
    names: Mapping[str, str],
    log: bool = False,
    more: str = "",
    **options: Any,
) -> Chart | None:
    """A chart of the columns `names` over the iterations; None where they are empty."""
    curves = {colour: column(history, name) for colour, name in names.items()}
    curves = {colour: values for colour, values in curves.items() if np.isfinite(values).any()}
    if not curves:
        return None
    ends = {colour: values[np.isfinite(values)][-1] for colour, values in curves.items()}
    at_the_end = ", ".join(f"{colour} {value:.3g}" for colour, value in ends.items())
    summary = f"{title} over the iterations; at the end {at_the_end}{more}."
    steps = column(history, "iteration")
    drawing = charts.line_chart(steps, curves, summary, log=log, **options)
    return {"title": title, "legend": list(curves), "svg": drawing}


def _reference(path: Path) -> dict[str, tuple[float, float]]:
    """The training data's own mean and standard deviation, by metric."""
    try:
        stored = json.loads(path.read_text())
        return {name: (float(one["mean"]), float(one["sd"])) for name, one in stored.items()}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return {}
