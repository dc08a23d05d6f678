"""What the figures say, in plain words: the report's first lines, and how it writes a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kantor.report import glossary as words
from kantor.report.comparing import ALIKE, IN_RANGE, OUTSIDE

BADGES = {
    ALIKE: ("good", "like Bach"),
    IN_RANGE: ("fair", "in his range"),
    OUTSIDE: ("bad", "outside"),
    "": ("none", "not counted"),
}


def verdict(figures: Mapping[str, Any]) -> dict[str, str]:
    """The title and the sentences under it, in plain words."""
    entries = figures.get("metrics", {})
    if not entries:
        return {"title": "Nothing was measured", "text": "metrics.json holds no metrics."}
    by = {kind: [n for n, e in entries.items() if e["verdict"] == kind] for kind in BADGES}
    inside = len(by[ALIKE]) + len(by[IN_RANGE])
    title = f"{inside} of {len(entries)} metrics lie in Bach’s range"
    if not by[OUTSIDE]:
        title = "Every metric lies in Bach’s range"
    return {"title": title, "text": " ".join(_sentences(figures, by))}


def _sentences(figures: Mapping[str, Any], by: Mapping[str, Sequence[str]]) -> list[str]:
    entries = figures["metrics"]
    text = [
        f"The model wrote alto, tenor and bass under the sopranos of {figures['pieces']} chorales "
        f"of the {_split(figures['split'])} split, which it was not trained on.",
        f"{len(by[ALIKE])} of {len(entries)} metrics cannot be told from Bach’s with these pieces, "
        f"{len(by[IN_RANGE])} differ by less than his own pieces do, {len(by[OUTSIDE])} by more.",
    ]
    if by[OUTSIDE]:
        worst = sorted(by[OUTSIDE], key=lambda name: -_distance(entries[name]))[:2]
        listed = " and ".join(_beside(name, entries[name]) for name in worst)
        text.append(f"Furthest off: {listed}.")
    beaten = sum(_nearer(entry, "random") for entry in entries.values())
    text.append(f"{beaten} are at least as near to Bach as random notes are.")
    text += _phrase_ends(figures.get("phrase_ends", {}).get("root_position", {}))
    changed = figures.get("headline", {}).get("changed_by_another_seed")
    if changed is not None:
        text.append(f"Another seed changes {changed:.0%} of the composed cells.")
    return text


def _phrase_ends(entry: Mapping[str, Any]) -> list[str]:
    """How many phrases close as they should, where the pieces have fermatas."""
    if entry.get("generated") is None or entry.get("real") is None:
        return []
    return [
        f"{entry['generated']:.0%} of its phrases end on a triad in root position "
        f"(Bach’s: {entry['real']:.0%})."
    ]


def _beside(name: str, entry: Mapping[str, Any]) -> str:
    title = words.title(name)
    made, bach = figure(entry["generated"]), figure(entry["real"])
    return f"{title[0].lower()}{title[1:]} ({made}, Bach {bach})"


def _distance(entry: Mapping[str, Any]) -> float:
    """How many times the real pieces' spread the generated figure is away, spread never 0."""
    apart = abs(entry["generated"] - entry["real"])
    return float(apart / max(entry["real_spread"], 0.01 * abs(entry["real"]), 1e-3))


def _nearer(entry: Mapping[str, Any], baseline: str) -> bool:
    other = entry["baseline"].get(baseline)
    if None in (entry["generated"], entry["real"], other):
        return False
    apart = abs(entry["generated"] - entry["real"])
    return bool(apart <= abs(other - entry["real"]))


def _split(name: str) -> str:
    return {"valid": "validation", "test": "test"}.get(name, name)


def figure(value: float | None) -> str:
    """A metric's value as the table shows it: three digits that mean something."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    text = (
        f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
        if abs(value) >= 1
        else f"{value:.3f}"
    )
    return text.replace("-", "−")
