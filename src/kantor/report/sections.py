"""The report's sections as plain data: sentences, rows and charts for the template."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kantor.data.corpus import SPLITS
from kantor.report import glossary as words
from kantor.report import shares
from kantor.report.verdict import BADGES, figure

Rows = dict[str, Any]

SHOWN_BASELINES = ("shuffled", "random")
ENDS = {
    "budget": "all iterations done",
    "time": "time is up",
    "critic": "critic at its best",
    "converged": "metrics as the data's",
}
"""Why a training ended (``stopped_by``), in words; faults are named as they are."""


def facts(
    figures: Mapping[str, Any], model: Mapping[str, Any], health: Mapping[str, Any]
) -> list[dict[str, str]]:
    """What was trained and on what it was measured, in a few words each."""
    counts = model.get("parameters")
    generator = counts.get("generator") if isinstance(counts, Mapping) else counts
    found = {
        "Networks": model.get("preset"),
        "Weights, generator": _count(generator),
        "Iterations": _count(health.get("iterations")),
        "Training": _duration(health.get("seconds")),
        "Ended": ENDS.get(str(health.get("stopped_by")), health.get("stopped_by")),
        "Measured on": f"{figures['pieces']} pieces" if "pieces" in figures else None,
    }
    return [{"name": name, "value": str(value)} for name, value in found.items() if value]


def _count(value: object) -> str | None:
    return f"{value:,}" if isinstance(value, int) else None


def _duration(seconds: object) -> str | None:
    if not isinstance(seconds, int | float):
        return None
    return f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def metrics(figures: Mapping[str, Any]) -> Rows:
    """The table of metrics, grouped, with what stands above and below it."""
    entries = figures.get("metrics", {})
    left = [name for name in entries if not any(name in names for names in words.GROUPS.values())]
    kinds = {**words.GROUPS, "Others": tuple(left)}
    groups = [
        {"name": kind, "rows": [row(name, entries[name]) for name in names if name in entries]}
        for kind, names in kinds.items()
    ]
    return {
        "groups": [group for group in groups if group["rows"]],
        "baseline_names": SHOWN_BASELINES,
        "notes": _notes(figures) if entries else [],
    }


def row(name: str, entry: Mapping[str, Any], baselines: Sequence[str] = SHOWN_BASELINES) -> Rows:
    """One metric as a table shows it, with the figures of `baselines` beside Bach's."""
    kind, word = BADGES[entry["verdict"]]
    marks = {other: _number(entry["baseline"].get(other)) for other in SHOWN_BASELINES}
    return {
        "label": words.title(name),
        "unit": words.UNITS.get(words.base(name), ""),
        "generated": figure(entry["generated"]),
        "real": figure(entry["real"]),
        "spread": figure(entry["real_spread"]),
        "baselines": [figure(entry["baseline"].get(other)) for other in baselines],
        "strip": shares.strip(
            _number(entry["generated"]),
            _number(entry["real"]),
            _number(entry["real_spread"]),
            marks,
        ),
        "kind": kind,
        "verdict": word,
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _notes(figures: Mapping[str, Any]) -> list[str]:
    """What the table cannot hold: the overlap of distributions."""
    notes = []
    overlap = figures.get("overlap", {})
    if overlap.get("generated") is not None:
        others = ", ".join(f"{name} {value:.2f}" for name, value in list(overlap.items())[1:])
        notes.append(
            "Overlap of the distributions over windows with Bach’s, mean over the metrics "
            f"(1 is the same): generated {overlap['generated']:.2f}, {others}."
        )
    return notes


def health(found: Mapping[str, Any]) -> Rows | None:
    """Whether training went well, and what the health check named."""
    if not found:
        return None
    passed = found.get("status") == "ok"
    ended = found.get("stopped_by")
    reason = ENDS.get(str(ended), ended)
    text = "The run was sound." if passed else "The run was stopped as past saving."
    if ended:
        text += f" It ended after {_count(found.get('iterations')) or '?'} iterations: {reason}."
    findings = [
        f"Iteration {one.get('iteration', '?')}, {one.get('kind', '')}: {one.get('message', '')}"
        for one in found.get("findings", [])
    ]
    return {"passed": passed, "text": text, "findings": findings}


def validation(found: Mapping[str, Any]) -> Rows | None:
    """How many checks of the data passed, and which did not."""
    if not found:
        return None
    results = found.get("results", [])
    failed = [one for one in results if one.get("success") is False]
    checks = found.get("checks", len(results))
    count = found.get("failed", len(failed))
    counts = found.get("pieces", {})
    pieces = ", ".join(f"{name} {counts[name]}" for name in SPLITS if name in counts)
    text = f"{checks - count} of {checks} checks passed."
    if found.get("not_checked"):
        text += f" {found['not_checked']} could not be made."
    if pieces:
        text += f" Pieces: {pieces}."
    lines = [
        f"{one.get('sentence', one.get('name'))}: expected {one.get('expected')}, "
        f"found {one.get('found')}"
        for one in failed
    ]
    return {"passed": not count and not found.get("not_checked"), "text": text, "failed": lines}


def glossary(figures: Mapping[str, Any]) -> list[dict[str, str]]:
    """An entry for each kind of metric that was measured."""
    kinds = dict.fromkeys(words.base(name) for name in figures.get("metrics", {}))
    ordered = sorted(
        kinds, key=lambda kind: list(words.EXPLAINED).index(kind) if kind in words.EXPLAINED else 99
    )
    return [
        {"label": words.LABELS[kind], "text": words.EXPLAINED[kind]}
        for kind in ordered
        if kind in words.EXPLAINED
    ]


def parameters(model: Mapping[str, Any]) -> list[Rows]:
    """The parameters that made the model, a block each, nested names joined by dots."""
    params = model.get("params", {})
    if not isinstance(params, Mapping):
        return []
    single = {name: value for name, value in params.items() if not isinstance(value, Mapping)}
    blocks = {"general": single} if single else {}
    blocks |= {name: value for name, value in params.items() if isinstance(value, Mapping)}
    return [{"name": name, "rows": _flat(block)} for name, block in blocks.items() if block]


def _flat(block: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in block.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            listed = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            rows.append((f"{prefix}{name}", listed))
    return rows
