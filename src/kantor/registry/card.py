"""The model card: what a model is, what it was made of, what it can do, and how to use it.

One mapping of plain data, the same wherever and whenever it is made of the same files. As text
(`kantor.registry.card_text`) it is the description of a version in MLflow; both forms lie beside
the weights, as ``card.json`` and ``card.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kantor.hyperparameters import CUT
from kantor.metrics import cadences, part_writing
from kantor.metrics.names import label
from kantor.registry import lineage
from kantor.registry.card_text import markdown
from kantor.styles import style_of

JSON, MARKDOWN = "card.json", "card.md"
_PARALLELS = ("parallel_fifths", "parallel_octaves")
_CHANCE = "shuffled"  # the baseline that is hardest to beat: real voices, of another chorale
_NAMED = 6  # metrics that are named one by one
_NOTABLE = 0.05  # how much less than the real share of good phrase ends is told


def card(root: Path, model: str) -> dict[str, Any]:
    """The card of what is built in `root`, for the registered model named `model`.

    Returns
    -------
    dict
        ``model``, ``preset``, ``ensemble``, ``training``, ``origin``, ``data``, ``evaluation`` and
        ``weaknesses``, of plain data. `SetupError` if there is no evaluation.
    """
    built = lineage.read_json(root / lineage.MODEL / "model.json")
    health, figures = lineage.read_json(root / lineage.HEALTH), lineage.evaluation(root)
    weights = lineage.directory_md5(root / lineage.MODEL)
    commit, dirty = lineage.git_commit(root)
    ensemble = built.get("ensemble") or {}
    trained = built.get("params") or {}
    return {
        "model": model,
        "preset": built.get("preset", lineage.UNKNOWN),
        "ensemble": {
            "name": ensemble.get("name", "satb"),
            "lines": [line["name"] for line in ensemble.get("lines", ())],
        },
        "training": {
            "iterations": built.get("iterations"),
            "stopped_by": lineage.stopped_by(root),
            "weights": built.get("parameters") or {},
            "params": {
                name: trained[name]
                for name in ("seed", "warmup", "iterations", "batch")
                if name in trained
            },
        },
        "origin": {"commit": commit, "changed": dirty, "model_md5": weights},
        "data": {"md5": lineage.data_md5(root, lineage.MODEL), "sources": lineage.sources(root)}
        | ({"told": told} if (told := style_of(root).data) else {}),
        "evaluation": {
            "split": figures.get("split"),
            "pieces": figures.get("pieces"),
            "headline": lineage.headline(root),
            "metrics": len(figures.get("metrics", {})),
            "figures": {name: list(row) for name, row in _rows(figures)},
        },
        "weaknesses": list(_weaknesses(figures, health)),
    }


def _rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float | None, ...]]]:
    """Of each figure to look at first its label, and the model's, the real and chance's own."""
    metrics, ends = figures.get("metrics", {}), figures.get("phrase_ends", {})
    marked, marks = figures.get("part_writing", {}), part_writing.JOINT
    first = [name for name in figures.get("headline", {}) if metrics.get(name)]
    entries = [(label(name), metrics[name]) for name in first]
    entries += [
        (f"phrases that end on a {text}", ends[name])
        for name, text in cadences.LABELS.items()
        if ends.get(name)
    ]
    entries += [
        (f"{marks[name].label}, share of the {marks[name].among}", marked[name])
        for name in part_writing.KEY_MARKS
        if marked.get(name)
    ]
    for text, entry in entries:
        yield text, (entry["generated"], entry["real"], entry.get("baseline", {}).get(_CHANCE))


def _weaknesses(figures: Mapping[str, Any], health: Mapping[str, Any]) -> Iterator[str]:
    """What the figures say against the model, a sentence each."""
    if health.get("stopped_by") == CUT:
        yield f"The clock cut its training after {health.get('iterations')} iterations."
    metrics, ends = figures.get("metrics", {}), figures.get("phrase_ends", {})
    pairs = [_pair(metrics.get(name)) for name in _PARALLELS]
    counted = [pair for pair in pairs if pair is not None]
    made, real = (sum(side) for side in zip(*counted, strict=True)) if counted else (0.0, 0.0)
    if made > real:
        times = f" ({made / real:.1f} times as many)" if real else ""
        yield f"Parallel fifths and octaves: {made:.2f} per 100 steps, real {real:.2f}{times}."
    for name in ("semitone_clash", "lead_clash", "crossing"):
        pair = _pair(metrics.get(name))
        if pair and pair[0] > pair[1]:
            yield f"More than in real pieces: {label(name)} {pair[0]:.3f}, real {pair[1]:.3f}."
    for name, text in cadences.LABELS.items():
        pair = _pair(ends.get(name))
        if pair and pair[0] < pair[1] - _NOTABLE:
            yield f"Fewer phrases end on a {text}: {pair[0]:.0%}, real {pair[1]:.0%}."
    outside = [name for name, entry in metrics.items() if entry.get("verdict") == "outside"]
    if outside:
        yield f"Outside the range of real pieces: {_named(outside)}."
    besides = figures.get("beside", {}).get("metrics", {})
    if worse := [name for name, entry in besides.items() if entry["better"] is False]:
        yield f"No better than real parts of other melodies: {_named(worse)}."


def _named(names: list[str]) -> str:
    """The first of some metrics, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(label, names[:_NAMED])) + more


def _pair(entry: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """The model's figure and the real one, where both could be counted."""
    if not entry or entry.get("generated") is None or entry.get("real") is None:
        return None
    return entry["generated"], entry["real"]


def write(card: Mapping[str, Any], folder: Path) -> None:
    """Write the card into a folder, once as data and once for a person."""
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (folder / JSON).write_text(text, encoding="utf-8")
    (folder / MARKDOWN).write_text(markdown(card), encoding="utf-8")
