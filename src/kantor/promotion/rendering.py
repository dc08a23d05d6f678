"""A comparison and a history for a person: Markdown, rows of a table, a drawing.

Metrics have different units, so the drawing shows each gain in multiples of its own bar: the
margin of the primary metric, the tolerance of a guarded one. To the right the challenger is
better. The ground behind a row is green where the rule is content with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor import files
from kantor.promotion.history import Event
from kantor.promotion.rule import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kantor.promotion.comparison import ModelComparison

HISTORY = ("when (UTC)", "what", "from", "to", "by", "overlap", "why")
"""The heads of a table of moves."""

_HEADINGS = {"promote": "takes the champion's place", "keep": "does not take the champion's place"}
_INK, _SOFT, _GOOD, _BAD, _GROUND = "#1f1d1a", "#5d5850", "#1c6b3c", "#a02a23", "#dff0e2"
_WIDEST = 6.0  # bars to either side; what goes beyond is drawn to the edge
_STYLE = {
    "svg.hashsalt": "kantor",
    "svg.fonttype": "path",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _SOFT,
    "xtick.color": _SOFT,
}


def columns(comparison: ModelComparison) -> list[str]:
    """The heads of the table."""
    return [
        "metric",
        "Bach",
        f"champion {comparison.champion}",
        f"challenger {comparison.challenger}",
        f"gain ({comparison.rule.confidence:.0%} interval)",
        "better in",
        "asked for",
        "",
    ]


def row_cells(row: Row) -> list[str]:
    """A metric as the table's cells."""
    gain = row.gain
    asked = {"primary": f"{row.bar:+g}", "guarded": f"{-row.bar:+g}", "shown": "-"}[row.role]
    mark = "" if row.role == "shown" else "ok" if row.passes else "no"
    return [
        row.label,
        f"{row.real:.4f}",
        f"{row.champion:.4f}",
        f"{row.challenger:.4f}",
        f"{gain.estimate:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})",
        f"{gain.above:.0%}",
        asked,
        mark,
    ]


def measured(comparison: ModelComparison) -> str:
    """On what, in one sentence."""
    anew = " and ".join(f"version {number}" for number in comparison.anew)
    return (
        f"{comparison.pieces} held-out pieces, {comparison.rule.resamples} resamples of them"
        + (f"; {anew} composed anew" if anew else "")
        + "."
    )


def title(comparison: ModelComparison) -> str:
    """The verdict, in one line."""
    return f"{comparison.name} version {comparison.challenger} {_HEADINGS[comparison.verdict]}"


def comparison_markdown(comparison: ModelComparison) -> str:
    """Verdict, reasons, table."""
    body = [row_cells(row) for row in comparison.rows]
    return "\n".join(
        [
            f"## {title(comparison)}",
            "",
            *(f"- {reason}" for reason in comparison.reasons),
            "",
            measured(comparison),
            "",
            _line(columns(comparison)),
            _line(["---", *["---:"] * 6, "---"]),
            *(_line(row) for row in body),
            "",
        ]
    )


def event_cells(event: Event) -> list[str]:
    """A move of the champion as cells under `HISTORY`."""
    return [
        event.at[:19].replace("T", " ") or "-",
        event.what + (" by force" if event.overrode else ""),
        "-" if event.before is None else str(event.before),
        "-" if event.after is None else str(event.after),
        event.by,
        f"{event.figures['overlap']:.4f}" if "overlap" in event.figures else "-",
        "; ".join(
            [
                event.why,
                *(f"skipped {version}" for version in event.skipped),
                *(f"overridden: {reason}" for reason in event.overrode),
            ]
        ),
    ]


def history_markdown(events: Sequence[Event]) -> str:
    """All moves as a table, the newest first."""
    rows = [
        list(HISTORY),
        ["---"] * len(HISTORY),
        *(event_cells(event) for event in reversed(events)),
    ]
    return "## Champions\n\n" + "\n".join(_line(row) for row in rows) + "\n"


def _line(row: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def draw(comparison: ModelComparison, path: Path) -> None:
    """Write the drawing, whole or not at all; its kind is what `path` ends in, such as ``.svg``.

    The same comparison gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = [row for row in comparison.rows if row.role != "shown"]
    kind = path.suffix.removeprefix(".") or "svg"
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9, 1.7 + 0.42 * len(shown)), dpi=120, layout="constrained")
        axes = figure.subplots()
        limit = _limit(shown)
        for place, row in enumerate(shown):
            _draw_row(axes, row, place, limit)
        _dress(axes, comparison, shown, limit)
        figure.suptitle(title(comparison), x=0.01, ha="left", fontweight="bold")
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
    return min(max([1.6, *(1.08 * end for end in ends if math.isfinite(end))]), _WIDEST)


def _draw_row(axes: Axes, row: Row, place: int, limit: float) -> None:
    unit = _unit(row)
    asked = (row.bar if row.role == "primary" else -row.bar) / unit
    height = 0.8
    axes.barh(place, limit - asked, left=asked, height=height, color=_GROUND, zorder=1)
    color = _GOOD if row.passes else _BAD
    low, high = (max(-limit, min(limit, end / unit)) for end in (row.gain.low, row.gain.high))
    middle = max(-limit, min(limit, row.gain.estimate / unit))
    if math.isfinite(middle):
        axes.plot([low, high], [place, place], color=color, linewidth=2.5, zorder=3)
        axes.plot(middle, place, "o", color=color, markersize=7, zorder=4)
    text = f"{row.gain.estimate:+.4f}   better in {row.gain.above:.0%}"
    axes.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", color=color)


def _dress(axes: Axes, comparison: ModelComparison, rows: list[Row], limit: float) -> None:
    axes.axvline(0, color=_INK, linewidth=1, zorder=2)
    axes.set_xlim(-limit, limit)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(
        f"version {comparison.champion} better  ←  in multiples of margin or tolerance  →  "
        f"version {comparison.challenger} better\n"
        f"bars: {comparison.rule.confidence:.0%} intervals; on green the rule is content",
        color=_SOFT,
    )
    axes.set_title(measured(comparison), loc="left", color=_SOFT, fontsize=9)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
