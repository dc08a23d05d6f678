"""The report: one HTML file that loads nothing, made of what the stages wrote.

Conventions
-----------
The page reads files and never measures: a figure on it is the figure in ``metrics.json``,
``training/history.csv`` or ``validation.json``. What is missing leaves its section out. The same
files give the same bytes. The reader knows music but not this program; the page's words stand in
the template ``report.html.j2`` and in the glossary.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from kantor import files
from kantor.ensemble import SATB, Ensemble
from kantor.metrics.part_writing import marks
from kantor.pages import data_url, glossary, template
from kantor.report import plots, samples
from kantor.report.comparing import OUTSIDE
from kantor.report.grouping import KINDS, MARKS, grouped, of_kind, titles
from kantor.report.samples import Sample
from kantor.report.tables import melody_metrics

FILM = "learning.gif"
MAX_BYTES = 5_000_000  # of sound and animation: more would make a page that mails refuse
LINKS = ("metrics.json", "training/history.csv", "validation.html")
"""Files beside the page to which it links."""
SHOWN_BASELINES = ("shuffled", "random")
MARKED_BASELINES = SHOWN_BASELINES[:1]  # beside random notes, all else would be one dot


def write_page(
    reports: Path, card: Path, picked: Iterable[Sample], ensemble: Ensemble = SATB, data: str = ""
) -> None:
    """Write ``report.html`` into the folder `reports` from what lies there.

    Parameters
    ----------
    reports
        Holds ``metrics.json``, ``plots/``, and maybe ``training/`` and ``validation.json``.
    card
        The model's ``model.json``.
    picked
        Compositions to show as rolls with sound.
    ensemble
        Whose lines were composed.
    data
        Credits and licence of what was learned from, if there is anything to tell.
    """
    figures = read_json(reports / "metrics.json")
    metrics = figures.get("metrics", {})
    others = [line for at, line in enumerate(ensemble.lines) if at != ensemble.leads]
    beside = figures.get("beside") or {"metrics": {}}
    named = titles(ensemble, [*metrics, *beside["metrics"]])
    given = melody_metrics(ensemble)
    curves = [name for names in grouped(named).values() for name in names if name not in given]
    shown = {**metrics, **beside["metrics"]}
    film = _film(reports / FILM)
    room = MAX_BYTES - (len(film["moving"]) + len(film["last"]) if film else 0)
    context = {
        "figures": figures,
        "data": data,
        "metrics": metrics,
        "groups": grouped(metrics),
        "real_parts": beside,
        "besides": grouped(beside["metrics"]),
        "furthest": furthest(metrics),
        "beaten": sum(_nearer_than_random(entry) for entry in metrics.values()),
        "ends": figures.get("phrase_ends", {}),
        "marks": figures.get("part_writing", {}),
        "marked": grouped(figures.get("part_writing", {}), MARKS),
        "among": {name: mark.among for name, mark in marks(ensemble).items()},
        "meters": figures.get("by_meter", {}) | {"new tunes": figures.get("new_tunes", {})},
        "givens": figures.get("other_givens", {}),
        "kinds": {kind: label for kind, label in KINDS.items() if of_kind(kind, shown)},
        "glossary": glossary.entries(),
        "titles": named,
        "health": read_json(reports / "training" / "health.json"),
        "validation": read_json(reports / "validation.json"),
        "model": read_json(card),
        "samples": samples.shown(list(picked), reports / "samples", room),
        "distributions": plots.distributions(reports / "plots", [line.name for line in others]),
        "training": plots.training(reports / "training", {name: named[name] for name in curves}),
        "film": film,
        "links": [path for path in LINKS if (reports / path).is_file()],
        "lead": ensemble.lines[ensemble.leads],
        "others": others,
        "baselines": SHOWN_BASELINES,
        "marked_baselines": MARKED_BASELINES,
        "figure": figure,
        "percent": percent,
        "strip": strip,
    }
    page = template("kantor.report", "report.html.j2").render(context)
    write_text(reports / "report.html", page + "\n")


def furthest(metrics: Mapping[str, Any]) -> list[str]:
    """The two metrics that lie the most of the real pieces' spreads outside."""

    def distance(name: str) -> float:
        """In spreads, which are never 0."""
        entry = metrics[name]
        apart = abs(entry["generated"] - entry["real"])
        return float(apart / max(entry["real_spread"], 0.01 * abs(entry["real"]), 1e-3))

    outside = [name for name, entry in metrics.items() if entry["verdict"] == OUTSIDE]
    return sorted(outside, key=distance, reverse=True)[:2]


def _nearer_than_random(entry: Mapping[str, Any]) -> bool:
    made, real, random = entry["generated"], entry["real"], entry["baseline"].get("random")
    return None not in (made, real, random) and abs(made - real) <= abs(random - real)


def figure(value: float | None) -> str:
    """A metric's value as the table shows it: three digits that mean something."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    decimals = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{decimals}f}".replace("-", "−")


def percent(value: float | None) -> str:
    """A share as the table of marks shows it: of a hundred."""
    return "–" if value is None else f"{100 * value:.1f}"


def strip(
    entry: Mapping[str, Any], baselines: Iterable[str] = SHOWN_BASELINES
) -> dict[str, Any] | None:
    """Where a metric's figures lie on a line of their own, in percent of its width.

    Returns
    -------
    dict or None
        ``real``, its band from ``low`` on and as wide as ``width``, ``generated``, which may be
        None, and the ``baselines``; None where there is nothing to compare.
    """
    real, spread, generated = (entry[name] for name in ("real", "real_spread", "generated"))
    others = {name: entry["baseline"].get(name) for name in baselines}
    if real is None:
        return None
    low = max(real - spread, 0.0)  # no metric goes below 0
    values = (generated, low, real + spread, *others.values())
    known = [value for value in values if value is not None]
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


def _film(path: Path) -> dict[str, Any] | None:
    """The animation, and its last frame for those who want no motion and for print."""
    if not path.is_file():
        return None
    with Image.open(path) as image:
        width, height = image.size
        image.seek(getattr(image, "n_frames", 1) - 1)
        last = io.BytesIO()
        image.convert("RGB").quantize(64).save(last, "PNG", optimize=True)
    return {
        "moving": data_url(path.read_bytes(), "image/gif"),
        "last": data_url(last.getvalue(), "image/png"),
        "width": width,
        "height": height,
    }


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, or an empty one where the file is missing or is not one."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all, making the folder it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.save(path, lambda stream: stream.write(text.encode()))
