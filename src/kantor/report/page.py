"""The report: one HTML file that loads nothing, made of what the stages wrote.

Conventions
-----------
The page reads files and never measures: a figure on it is the figure in ``metrics.json``,
``training/history.csv`` or ``validation.json``. What is missing leaves its section out. The same
files give the same bytes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kantor import files
from kantor.ensemble import SATB, Ensemble
from kantor.pages import template
from kantor.report import plots, samples, sections, windows, wording
from kantor.report.samples import Sample

FILM = "learning.gif"
MAX_BYTES = 5_000_000  # of sound and animation: more would make a page that mails refuse

SECTIONS = {
    "listen": "Listen",
    "metrics": "Measured against Bach",
    "cadences": "Phrase ends",
    "meters": "By meter",
    "givens": "Other tasks",
    "distributions": "Chords, rhythm, pitches",
    "training": "Training",
    "learning": "Learning, in pictures",
    "checks": "Checks",
    "reading": "How to read the metrics",
    "parameters": "Parameters",
}


def write_page(
    reports: Path, card: Path, picked: Sequence[Sample], ensemble: Ensemble = SATB
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
    """
    figures = read_json(reports / "metrics.json")
    health = read_json(reports / "training" / "health.json")
    model = read_json(card)
    animation = _animation(reports / FILM)
    room = MAX_BYTES - (len(animation["moving"]) + len(animation["last"]) if animation else 0)
    composed = [ensemble.names[line] for line in ensemble.others]
    context = {
        "verdict": wording.verdict(figures, ensemble),
        "facts": sections.facts(figures, model, health),
        "samples": samples.shown(picked, reports / "samples", room),
        **sections.metrics(figures),
        "cadences": sections.phrase_ends(figures),
        "meters": sections.meters(figures),
        "givens": sections.tasks(figures),
        "distributions": plots.distributions(reports / "plots", composed),
        "training": plots.training(reports / "training", health, windows.melody_metrics(ensemble)),
        "animation": animation,
        "health": sections.health(health),
        "validation": sections.validation(read_json(reports / "validation.json")),
        "glossary": sections.glossary(figures),
        "parameters": sections.parameters(model),
        "links": _links(reports),
        "model": model.get("preset", "model"),
        "lead": ensemble.lines[ensemble.leads],
        "others": [ensemble.lines[line] for line in ensemble.others],
    }
    write_text(reports / "report.html", render(context))


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all, making the folder it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.save(path, lambda stream: stream.write(text.encode()))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object, or an empty one where the file is missing or is not one."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def render(context: dict[str, Any]) -> str:
    """The page's text from what its sections hold."""
    shown = {
        "listen": context["samples"],
        "metrics": context["groups"],
        **{name: context[name] for name in ("cadences", "meters", "givens", "distributions")},
        "training": context["training"]["charts"],
        "learning": context["animation"],
        "checks": context["health"] or context["validation"],
        "reading": context["glossary"],
        "parameters": context["parameters"],
    }
    present = [(name, title) for name, title in SECTIONS.items() if shown[name]]
    page = template("kantor.report", "report.html.j2")
    return page.render(context, sections=present) + "\n"


def _animation(path: Path) -> dict[str, Any] | None:
    """The animation, and its last frame for those who want no motion and for print."""
    if not path.is_file():
        return None
    import io

    from PIL import Image

    with Image.open(path) as image:
        width, height = image.size
        image.seek(getattr(image, "n_frames", 1) - 1)
        last = io.BytesIO()
        image.convert("RGB").quantize(64).save(last, "PNG", optimize=True)
    return {
        "moving": base64.b64encode(path.read_bytes()).decode(),
        "last": base64.b64encode(last.getvalue()).decode(),
        "width": width,
        "height": height,
    }


def _links(reports: Path) -> list[dict[str, str]]:
    names = {
        "metrics.json": "all figures",
        "training/history.csv": "the training history",
        "validation.html": "the checks of the data",
    }
    return [
        {"path": path, "name": name} for path, name in names.items() if (reports / path).is_file()
    ]
