"""The report's smaller tables as plain data: phrase ends, meters, other givens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kantor.metrics.baselines import BASELINES
from kantor.metrics.cadences import LABELS
from kantor.report import glossary as words
from kantor.report.sections import Rows, row
from kantor.report.verdict import figure

PARTS = {"4/4": "In 4/4", "3/4": "In 3/4", "others": "In other meters"}
NEW_TUNES = "New tunes"
TASKS = {
    "soprano": "The soprano",
    "alto": "The alto",
    "bass": "The bass",
    "nothing": "Nothing",
    "two_bars_open": "All but two bars",
}


def phrase_ends(figures: Mapping[str, Any]) -> Rows | None:
    """What phrases end on; None where the pieces have no fermatas."""
    found = figures.get("phrase_ends", {})
    count = found.get("count", {}).get("real")
    if not count:
        return None
    names = tuple(BASELINES)
    return {
        "count": f"{count:,}",
        "baseline_names": names,
        "rows": [row(name, found[name], names) for name in LABELS if name in found],
    }


def meters(figures: Mapping[str, Any]) -> Rows | None:
    """The headline's metrics in each meter, and where the tune is new."""
    parts = {PARTS.get(name, name): part for name, part in figures.get("by_meter", {}).items()}
    return _beside(parts | {NEW_TUNES: figures.get("new_tunes", {})})


def givens(figures: Mapping[str, Any]) -> Rows | None:
    """A few metrics for each task that was given to the model."""
    found = figures.get("other_givens", {})
    return _beside({TASKS.get(name, name): part for name, part in found.items()})


def _beside(parts: Mapping[str, Mapping[str, Any]]) -> Rows | None:
    """A row for each part that has pieces, in each cell a generated figure and the real one."""
    shown = {name: part for name, part in parts.items() if part.get("pieces")}
    if not shown:
        return None
    names = list(dict.fromkeys(name for part in shown.values() for name in part["real"]))
    return {
        "columns": [
            {"label": words.title(name), "unit": words.UNITS.get(words.base(name), "")}
            for name in names
        ],
        "rows": [
            {"name": title, "pieces": part["pieces"], "cells": _cells(part, names)}
            for title, part in shown.items()
        ],
    }


def _cells(part: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, str]]:
    return [
        {side: figure(part[side].get(name)) for side in ("generated", "real")} for name in names
    ]
