"""A contest as a drawing: each metric's gain with its interval, against what the rule asks.

Metrics have different units, so each gain is drawn in multiples of its own bar: the margin of the
primary metric, the tolerance of a guarded one. To the right the challenger is better. The ground
behind a row is green where the rule is content with it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor import files
from kantor.promotion.rows import Row
from kantor.promotion.wording import measured, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kantor.promotion.comparison import Contest

INK, SOFT, GOOD, BAD, GROUND = "#1f1d1a", "#5d5850", "#1c6b3c", "#a02a23", "#dff0e2"
WIDEST = 6.0  # bars to either side; what goes beyond is drawn to the edge
_STYLE = {
    "svg.hashsalt": "kantor",
    "svg.fonttype": "path",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
}


def draw(contest: Contest, path: Path) -> None:
    """Write the drawing, whole or not at all; its kind is what `path` ends in, such as ``.svg``.

    The same contest gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = [row for row in contest.rows if row.role != "shown"]
    kind = path.suffix.removeprefix(".") or "svg"
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9, 1.7 + 0.42 * len(shown)), dpi=120, layout="constrained")
        axes = figure.subplots()
        limit = _limit(shown)
        for place, row in enumerate(shown):
            _draw_row(axes, row, place, limit)
        _dress(figure, axes, contest, shown, limit)
        meta: dict[str, Any] = {"Date": None} if kind == "svg" else {}
        files.save(path, lambda stream: figure.savefig(stream, format=kind, metadata=meta))


def _unit(row: Row) -> float:
    """What one step of the axis is in the metric's own unit."""
    if row.bar > 0:
        return row.bar
    reach = max(abs(row.gain.low), abs(row.gain.high))
    return reach if math.isfinite(reach) and reach > 0 else 1.0


def _limit(rows: list[Row]) -> float:
    ends = [abs(end) / _unit(row) for row in rows for end in (row.gain.low, row.gain.high)]
    return min(max([1.6, *(1.08 * end for end in ends if math.isfinite(end))]), WIDEST)


def _draw_row(axes: Axes, row: Row, place: int, limit: float) -> None:
    unit = _unit(row)
    asked = (row.bar if row.role == "primary" else -row.bar) / unit
    height = 0.8
    axes.barh(place, limit - asked, left=asked, height=height, color=GROUND, zorder=1)
    color = GOOD if row.passes else BAD
    low, high = (max(-limit, min(limit, end / unit)) for end in (row.gain.low, row.gain.high))
    middle = max(-limit, min(limit, row.gain.estimate / unit))
    if math.isfinite(middle):
        axes.plot([low, high], [place, place], color=color, linewidth=2.5, zorder=3)
        axes.plot(middle, place, "o", color=color, markersize=7, zorder=4)
    text = f"{row.gain.estimate:+.4f}   better in {row.gain.above:.0%}"
    axes.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", color=color)


def _dress(figure: Figure, axes: Axes, contest: Contest, rows: list[Row], limit: float) -> None:
    axes.axvline(0, color=INK, linewidth=1, zorder=2)
    axes.set_xlim(-limit, limit)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        f"version {contest.champion} better  ←  in multiples of margin or tolerance  →  "
        f"version {contest.challenger} better\n"
        f"bars: {contest.rule.confidence:.0%} intervals; on green the rule is content",
        color=SOFT,
    )
    figure.suptitle(title(contest), x=0.01, ha="left", fontweight="bold")
    axes.set_title(measured(contest), loc="left", color=SOFT, fontsize=9)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
