"""The report's charts: what ``plots/`` and ``training/`` hold, as drawings with their titles."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import VOICES
from kantor.report import charts, shares
from kantor.report import glossary as words

Rows = dict[str, Any]

# Title, columns of the history with their names, and whether the axis is logarithmic.
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


def distributions(folder: Path) -> list[Rows]:
    """Charts of what ``plots/`` holds: chords, notes a bar, pitches of the composed voices."""
    made = []
    chords = read_table(folder / "chords.csv")
    if chords:
        sides = {side: columns(chords, side) for side in ("generated", "real")}
        made.append(
            {
                "title": "Chords on the beats, share",
                "bars": True,
                "svg": shares.bar_rows(
                    sides,
                    [row["chord"] for row in chords],
                    _against("Kinds of chords", chords, "chord"),
                ),
            }
        )
    notes = read_table(folder / "notes.csv")[1:]  # the soprano is given
    if notes:
        sides = {side: columns(notes, side) for side in ("generated", "real")}
        made.append(
            {
                "title": "Notes per 16 steps",
                "svg": shares.bar_chart(
                    sides,
                    [row["voice"] for row in notes],
                    _against("Notes per 16 steps", notes, "voice"),
                ),
            }
        )
    pitches = read_table(folder / "pitches.csv")
    made += [_pitches(pitches, voice) for voice in VOICES[1:] if pitches]
    return made


def _pitches(rows: Sequence[Mapping[str, str]], voice: str) -> Rows:
    generated, real = (columns(rows, f"{voice}_{side}") for side in ("generated", "real"))
    used = np.flatnonzero(generated + real)
    first, last = (int(used[0]), int(used[-1])) if used.size else (0, 0)
    kept = slice(max(first - 1, 0), last + 2)
    summary = f"Histogram of the {voice}'s pitches, generated and real."
    svg = shares.histogram(
        generated[kept].tolist(), real[kept].tolist(), int(rows[kept][0]["pitch"]), summary
    )
    return {"title": f"Pitches, {voice}", "svg": svg}


def _against(name: str, rows: Sequence[Mapping[str, str]], first: str) -> str:
    parts = [f"{row[first]} {row['generated']} (Bach {row['real']})" for row in rows]
    return f"{name}, generated and real: {', '.join(parts)}."


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; none where it is missing or damaged."""
    try:
        with path.open(newline="") as stream:
            return list(csv.DictReader(stream))
    except (OSError, csv.Error, UnicodeDecodeError):
        return []


def columns(rows: Sequence[Mapping[str, str | None]], name: str) -> NDArray[np.float64]:
    """One column as ``(row,) float64``; NaN where it is empty, missing or not a number."""
    return np.array([_parsed(row.get(name)) for row in rows], np.float64)


def _parsed(text: str | None) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan


def training(folder: Path, health: Mapping[str, Any]) -> Rows:
    """Curves over the iterations: the two networks, then each metric with its reference band."""
    rows = read_table(folder / "history.csv")
    steps = columns(rows, "iteration")
    phases = _phases(rows, steps)
    return {
        "text": _told(steps, health),
        "charts": [chart for curve in CURVES if (chart := _curve(rows, steps, curve, phases))],
        "metrics": _metrics(rows, steps, _reference(folder / "reference.json")),
    }


def _told(steps: NDArray[np.float64], health: Mapping[str, Any]) -> str:
    seconds = health.get("seconds")
    if not steps.size or not isinstance(seconds, int | float) or not seconds:
        return ""
    return (
        f"{len(steps)} rows of figures over {np.nanmax(steps):.0f} iterations, which are "
        "counted below each curve; the losses begin where the critic joins. Long curves are drawn "
        "faint, with their running median on top; the scale leaves out the wildest hundredth."
    )


def _phases(
    rows: Sequence[Mapping[str, str]], steps: NDArray[np.float64]
) -> list[tuple[float, str]]:
    """Where each phase of the training begins, with its name; none where there is but one."""
    names = [row.get("phase") or "" for row in rows]
    changed = [at for at in range(1, len(names)) if names[at] != names[at - 1] and names[at]]
    return [(float(steps[at]), names[at]) for at in changed]


def _curve(
    rows: Sequence[Mapping[str, str]],
    steps: NDArray[np.float64],
    curve: tuple[str, dict[str, str], bool],
    phases: Sequence[tuple[float, str]],
) -> Rows | None:
    title, names, log = curve
    series = [charts.Series(kind, steps, columns(rows, name)) for name, kind in names.items()]
    series = [one for one in series if np.isfinite(one.y).any()]
    if not series:
        return None
    ends = ", ".join(f"{one.name} {_last(one.y):.3g}" for one in series)
    return {
        "title": title,
        "legend": [{"kind": one.name, "name": one.name} for one in series],
        "svg": charts.line_chart(
            series,
            summary=f"{title} over the iterations; at the end {ends}.",
            marks=phases,
            log=log,
        ),
    }


def _last(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else math.nan


def _reference(path: Path) -> dict[str, tuple[float, float]]:
    """The training data's own mean and standard deviation, by metric."""
    try:
        stored = json.loads(path.read_text())
        return {name: (float(one["mean"]), float(one["sd"])) for name, one in stored.items()}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return {}


def _metrics(
    rows: Sequence[Mapping[str, str]],
    steps: NDArray[np.float64],
    reference: Mapping[str, tuple[float, float]],
) -> list[Rows]:
    made = []
    for name in (name for group in words.GROUPS.values() for name in group):
        values = columns(rows, f"metric_{name}")
        if not np.isfinite(values).any():
            continue
        mean, spread = reference.get(name, (math.nan, math.nan))
        band = (max(mean - spread, 0.0), mean + spread) if math.isfinite(mean + spread) else None
        told = f"; training data {mean:.3g} ± {spread:.2g}" if band else ""
        summary = f"{words.title(name)} over the iterations; at the end {_last(values):.3g}{told}."
        series = charts.Series("generated", steps, values)
        made.append(
            {
                "title": words.title(name),
                "svg": charts.line_chart([series], summary=summary, band=band, centre=mean),
            }
        )
    return made
