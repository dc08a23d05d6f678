"""Table and plot of two models over the time of their training.

Conventions
-----------
A *row* is one metric of one model at one moment. How good a figure is, is its distance from the
real one: below it is as wrong as above it. NaN (nothing to count, such as the chords of silence)
is infinitely far.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import machine

from kantor.errors import InputError
from kantor.files import save
from kantor.metrics.musical import HEADLINE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = dict[str, Any]

CHANGED = "changed_by_another_seed"
METRICS = (*HEADLINE, "empty_bars", "notes_alto", "notes_bass", CHANGED)
"""The headline, and what shows that its figures were not bought by silence or by repetition."""
COLUMNS = (
    "model", "minutes", "iteration", "phase", "metric", "value", "real", "spread", "shuffled"
)  # fmt: skip
MODELS = ("unet", "chorale")
NAMES = {"unet": "the workshop's U-Net", "chorale": "chorale"}
LABELS = {"overlap": "Overlap with Bach", CHANGED: "Cells that another seed changes"}
_TEXT = ("model", "phase", "metric")
_COLOURS = {"unet": "#D55E00", "chorale": "#0072B2"}


def write(folder: Path, rows: Sequence[Row], about: Mapping[str, Any] | None = None) -> None:
    """Write ``quality.csv``, ``quality.png`` and, where `about` tells of the run, its JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(row[name]) for name in COLUMNS} for row in rows)
    save(folder / "quality.csv", lambda file: file.write(text.getvalue().encode()))
    draw(rows, folder / "quality.png")
    if about is not None:
        machine.save_json(folder / "quality.json", {**about, "summary": summary(rows)})


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return value


def read(path: Path) -> list[Row]:
    """The rows of a ``quality.csv``.

    Raises
    ------
    InputError
        If the file is not one.
    """
    try:
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        return [
            {name: row[name] if name in _TEXT else float(row[name] or "nan") for name in COLUMNS}
            for row in rows
        ]
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: not a table of benchmarks/quality.py ({error})") from None


def curve(rows: Sequence[Row], model: str, metric: str) -> list[Row]:
    """One metric of one model, in the order of time."""
    chosen = [row for row in rows if row["model"] == model and row["metric"] == metric]
    return sorted(chosen, key=lambda row: row["minutes"])


def distance(row: Row) -> float:
    """How far a figure is from the real one; more overlap than Bach's own is no fault."""
    apart = row["real"] - row["value"]
    apart = max(0.0, apart) if row["metric"] == "overlap" else abs(apart)
    return float(apart) if math.isfinite(apart) else math.inf


def reached(points: Sequence[Row], target: float) -> float | None:
    """The minute from which on the figure stays within `target` of the real one."""
    since = None
    for row in reversed(points):
        if distance(row) > target:
            break
        since = row["minutes"]
    return since


def summary(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    """For each metric both models' last figures, and when each was as good as the other's last."""
    found = {}
    for metric in METRICS:
        curves = {model: curve(rows, model, metric) for model in MODELS}
        if not all(curves.values()):
            continue
        last = {model: points[-1] for model, points in curves.items()}
        entry = {name: _plain(last["unet"][name]) for name in ("real", "spread", "shuffled")}
        for model, other in (MODELS, MODELS[::-1]):
            entry[model] = _plain(last[model]["value"])
            target = distance(last[other])
            known = math.isfinite(target)
            entry[f"{model}_matches_{other}"] = reached(curves[model], target) if known else None
        found[metric] = entry
    return found


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def table(rows: Sequence[Row]) -> str:
    """The figures at the end of the time, for a person."""
    lines = []
    for metric, entry in summary(rows).items():
        figures = [
            _figure(entry[name]) for name in ("real", "spread", "shuffled", "unet", "chorale")
        ]
        times = [_minute(entry[name]) for name in ("chorale_matches_unet", "unet_matches_chorale")]
        if entry["real"] is None:
            times = ["", ""]
        lines.append((label(metric), *figures, *times))
    head = ("", "real", "± a piece", "shuffled", *MODELS, "chorale from", "unet from")
    ends = [
        f"{model}: {points[-1]['minutes']:.1f} min, {points[-1]['iteration']:.0f} iterations"
        for model in MODELS
        if (points := curve(rows, model, "overlap"))
    ]
    note = (
        "chorale from: the minute, of those measured, from which on chorale is as near to real as "
        "unet at its end;\nunet from: the other way round"
    )
    return "\n".join([machine.columns(head, lines), "", "; ".join(ends), note])


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _minute(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.1f} min"


def label(metric: str) -> str:
    """What a person calls a metric."""
    from kantor.report.wording import title

    return LABELS.get(metric) or title(metric)


def draw(rows: Sequence[Row], path: Path) -> None:
    """One panel a metric: both models over the time, real as a line with its band."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 9), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(3, 4).ravel()
    for panel, metric in zip(panels, METRICS, strict=True):
        _draw_panel(panel, rows, metric)
    for panel in panels[-4:]:
        panel.set_xlabel("minutes of training")
    handles = {
        name: handle
        for panel in panels
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside upper center", ncols=5, frameon=False
    )
    save(path, lambda file: figure.savefig(file, format="png", metadata={"Software": None}))


def _draw_panel(panel: Axes, rows: Sequence[Row], metric: str) -> None:
    panel.set_title(label(metric), fontsize=10)
    panel.spines[["top", "right"]].set_visible(False)
    for model in MODELS:
        points = curve(rows, model, metric)
        x, y = [row["minutes"] for row in points], [row["value"] for row in points]
        panel.plot(x, y, marker="o", markersize=3, color=_COLOURS[model], label=NAMES[model])
    reference = next((row for row in rows if row["metric"] == metric), None)
    if reference is None or not math.isfinite(reference["real"]):
        panel.set_ylim(bottom=0)
        return
    real, spread, naive = (reference[name] for name in ("real", "spread", "shuffled"))
    if math.isfinite(spread):
        low, high = max(0.0, real - spread), real + spread
        panel.axhspan(
            low, high, color="#009E73", alpha=0.15, lw=0, label="Bach, a piece (± one deviation)"
        )
    panel.axhline(real, color="#009E73", lw=1.2, label="Bach, mean")
    panel.axhline(naive, color="#6B717A", lw=1, ls=":", label="lower voices shuffled")
