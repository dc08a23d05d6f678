"""The report's sections as plain data: sentences, rows and small drawings for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kantor.data.corpus import SPLITS
from kantor.metrics.baselines import BASELINES
from kantor.metrics.cadences import LABELS as PHRASE_ENDS
from kantor.report import wording
from kantor.report.measuring import OTHERS
from kantor.report.tasks import GAP, NOTHING
from kantor.report.wording import figure

Data = Mapping[str, Any]
Rows = dict[str, Any]

SHOWN_BASELINES = ("shuffled", "random")
ENDS = {
    "budget": "all iterations done",
    "time": "time is up",
    "critic": "critic at its best",
    "converged": "metrics as the data's",
}
"""Why a training ended (``stopped_by``), in words; faults are named as they are."""
METERS = {"4/4": "In 4/4", "3/4": "In 3/4", OTHERS: "In other meters"}
NEW_TUNES = "New tunes"
TASKS = {NOTHING: "Nothing", GAP: "All but two bars"}


def facts(figures: Data, model: Data, health: Data) -> list[dict[str, str]]:
    """What was trained and on what it was measured, in a few words each."""
    counts = model.get("parameters")
    generator = counts.get("generator") if isinstance(counts, Mapping) else counts
    values = {
        "Networks": model.get("preset"),
        "Weights, generator": _count(generator),
        "Iterations": _count(health.get("iterations")),
        "Training": _duration(health.get("seconds")),
        "Ended": ENDS.get(str(health.get("stopped_by")), health.get("stopped_by")),
        "Measured on": f"{figures['pieces']} pieces" if "pieces" in figures else None,
    }
    return [{"name": name, "value": str(value)} for name, value in values.items() if value]


def _count(value: object) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None


def _duration(seconds: object) -> str | None:
    if not isinstance(seconds, int | float):
        return None
    return f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def metrics(figures: Data) -> Rows:
    """The table of metrics, grouped, with what stands above and below it."""
    entries = figures.get("metrics", {})
    groups = [
        {"name": group, "rows": [row(name, entries[name]) for name in names]}
        for group, names in wording.ordered(list(entries)).items()
        if names
    ]
    notes = []
    overlap = figures.get("overlap", {})
    if entries and overlap.get("generated") is not None:
        others = ", ".join(f"{name} {value:.2f}" for name, value in list(overlap.items())[1:])
        notes.append(
            "Overlap of the distributions over windows with Bach’s, mean over the metrics "
            f"(1 is the same): generated {overlap['generated']:.2f}, {others}."
        )
    return {"groups": groups, "baseline_names": SHOWN_BASELINES, "notes": notes}


def row(name: str, entry: Data, baselines: Sequence[str] = SHOWN_BASELINES) -> Rows:
    """One metric as a table shows it, with the figures of `baselines` beside Bach's."""
    badge, word = wording.BADGES[entry["verdict"]]
    return {
        "label": wording.title(name),
        "unit": wording.UNITS.get(wording.kind(name), ""),
        "generated": figure(entry["generated"]),
        "real": figure(entry["real"]),
        "spread": figure(entry["real_spread"]),
        "baselines": [figure(entry["baseline"].get(other)) for other in baselines],
        "strip": strip(entry),
        "badge": badge,
        "verdict": word,
    }


def strip(entry: Data) -> Rows | None:
    """Where a metric's figures lie on a line of their own, in percent of its width.

    Returns
    -------
    dict or None
        ``real``, its band from ``low`` on and as wide as ``width``, ``generated``, which may be
        None, and the ``baselines``; None where there is nothing to compare.
    """
    real, spread, generated = (entry[name] for name in ("real", "real_spread", "generated"))
    others = {name: entry["baseline"].get(name) for name in SHOWN_BASELINES}
    if real is None:
        return None
    low = max(real - spread, 0.0)  # no metric goes below 0
    known = [
        value for value in (generated, low, real + spread, *others.values()) if value is not None
    ]
    first, last = min(known), max(known)
    if first == last:
        return None

    def place(value: float) -> str:
        """Percent, a little away from both ends."""
        return f"{6 + 88 * (value - first) / (last - first):.1f}"

    return {
        "real": place(real),
        "low": place(low),
        "width": f"{max(88 * (real + spread - low) / (last - first), 0.8):.1f}",
        "generated": None if generated is None else place(generated),
        "baselines": {name: place(value) for name, value in others.items() if value is not None},
    }


def phrase_ends(figures: Data) -> Rows | None:
    """What phrases end on; None where the pieces have no fermatas."""
    entries = figures.get("phrase_ends", {})
    count = entries.get("count", {}).get("real")
    if not count:
        return None
    names = tuple(BASELINES)
    return {
        "count": f"{count:,}",
        "baseline_names": names,
        "rows": [row(name, entries[name], names) for name in PHRASE_ENDS if name in entries],
    }


def meters(figures: Data) -> Rows | None:
    """The headline's metrics in each meter, and where the tune is new."""
    parts = {METERS.get(name, name): part for name, part in figures.get("by_meter", {}).items()}
    return _beside(parts | {NEW_TUNES: figures.get("new_tunes", {})})


def tasks(figures: Data) -> Rows | None:
    """A few metrics for each task that was given to the model."""
    parts = figures.get("other_givens", {})
    return _beside({TASKS.get(name, f"The {name}"): part for name, part in parts.items()})


def _beside(parts: Mapping[str, Data]) -> Rows | None:
    """A row for each part that has pieces, in each cell a generated figure and the real one."""
    shown = {name: part for name, part in parts.items() if part.get("pieces")}
    if not shown:
        return None
    names = list(dict.fromkeys(name for part in shown.values() for name in part["real"]))
    return {
        "columns": [
            {"label": wording.title(name), "unit": wording.UNITS.get(wording.kind(name), "")}
            for name in names
        ],
        "rows": [
            {
                "name": title,
                "pieces": part["pieces"],
                "cells": [
                    {side: figure(part[side].get(name)) for side in ("generated", "real")}
                    for name in names
                ],
            }
            for title, part in shown.items()
        ],
    }


def health(outcome: Data) -> Rows | None:
    """Whether training went well, and what the health check named."""
    if not outcome:
        return None
    passed = outcome.get("status") == "ok"
    ended = outcome.get("stopped_by")
    text = "The run was sound." if passed else "The run was stopped as past saving."
    if ended:
        iterations = _count(outcome.get("iterations")) or "?"
        text += f" It ended after {iterations} iterations: {ENDS.get(str(ended), ended)}."
    findings = [
        f"Iteration {one.get('iteration', '?')}, {one.get('kind', '')}: {one.get('message', '')}"
        for one in outcome.get("findings", [])
    ]
    return {"passed": passed, "text": text, "findings": findings}


def validation(outcome: Data) -> Rows | None:
    """How many checks of the data passed, and which did not."""
    if not outcome:
        return None
    results = outcome.get("results", [])
    failed = [one for one in results if one.get("success") is False]
    checks, count = outcome.get("checks", len(results)), outcome.get("failed", len(failed))
    counts, skipped = outcome.get("pieces", {}), outcome.get("not_checked")
    pieces = ", ".join(f"{name} {counts[name]}" for name in SPLITS if name in counts)
    text = f"{checks - count} of {checks} checks passed."
    text += f" {skipped} could not be made." if skipped else ""
    text += f" Pieces: {pieces}." if pieces else ""
    lines = [
        f"{one.get('sentence', one.get('name'))}: expected {one.get('expected')}, "
        f"found {one.get('found')}"
        for one in failed
    ]
    return {"passed": not count and not skipped, "text": text, "failed": lines}


def glossary(figures: Data) -> list[dict[str, str]]:
    """An entry for each kind of metric that was measured."""
    measured = {wording.kind(name) for name in figures.get("metrics", {})}
    return [
        {"label": wording.LABELS[kind], "text": text}
        for kind, text in wording.EXPLAINED.items()
        if kind in measured
    ]


def parameters(model: Data) -> list[Rows]:
    """The parameters that made the model, a block each, nested names joined by dots."""
    params = model.get("params", {})
    if not isinstance(params, Mapping):
        return []
    single = {name: value for name, value in params.items() if not isinstance(value, Mapping)}
    blocks = {"general": single} if single else {}
    blocks |= {name: value for name, value in params.items() if isinstance(value, Mapping)}
    return [{"name": name, "rows": _flat(block)} for name, block in blocks.items() if block]


def _flat(block: Data, prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in block.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            rows.append((f"{prefix}{name}", shown))
    return rows
