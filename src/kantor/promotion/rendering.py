"""A comparison and a history for a person: Markdown, rows of a table, a drawing.

Metrics have different units, so the drawing shows each gain in multiples of its own bar: the
margin of the primary metric, the tolerance of a guarded one. To the right the challenger is
better. The ground behind a row is green where the rule is content with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kantor import files
from kantor.promotion.champion_history import Event

if TYPE_CHECKING:
    from kantor.promotion.comparison import ModelComparison

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


def comparison_cells(comparison: ModelComparison) -> list[list[str]]:
    """The heads of a comparison's table, and a row a metric."""
    cells = [
        [
            "metric",
            "real",
            f"champion {comparison.champion}",
            f"challenger {comparison.challenger}",
            f"gain ({comparison.rule.confidence:.0%} interval)",
            "better in",
            "asked for",
            "",
        ]
    ]
    for row in comparison.rows:
        gain, bar = row.gain, row.bar
        cells.append(
            [
                row.label,
                f"{row.real:.4f}",
                f"{row.champion:.4f}",
                f"{row.challenger:.4f}",
                f"{gain.estimate:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})",
                f"{gain.above:.0%}",
                {"primary": f"{bar:+g}", "guarded": f"{-bar:+g}", "shown": "-"}[row.role],
                "" if row.role == "shown" else "ok" if row.passes else "no",
            ]
        )
    return cells


def measured(comparison: ModelComparison) -> str:
    """On what, in one sentence."""
    anew = "; both composed anew" if comparison.anew else ""
    pieces, resamples = comparison.pieces, comparison.rule.resamples
    return f"{pieces} held-out pieces, {resamples} resamples of them{anew}."


def title(comparison: ModelComparison) -> str:
    """The verdict, in one line."""
    better = "is better" if comparison.verdict == "promote" else "is not better"
    return (
        f"{comparison.name} version {comparison.challenger} {better} than the champion, "
        f"version {comparison.champion}"
    )


def comparison_markdown(comparison: ModelComparison) -> str:
    """Verdict, reasons, table."""
    reasons = "\n".join(f"- {reason}" for reason in comparison.reasons)
    table = _table(comparison_cells(comparison))
    return f"## {title(comparison)}\n\n{reasons}\n\n{measured(comparison)}\n\n{table}\n"


def figures_markdown(comparison: ModelComparison) -> str:
    """On what, and a table that is narrow: each metric's figures without its gain."""
    cells = [["", "real", f"v. {comparison.champion}", f"v. {comparison.challenger}"]]
    for row in comparison.rows:
        figures = [f"{value:.3f}" for value in (row.real, row.champion, row.challenger)]
        cells.append([row.label, *figures])
    return f"{measured(comparison)}\n\n{_table(cells)}"


def history_cells(events: Iterable[Event]) -> list[list[str]]:
    """The heads of a history's table, and a row a move of the champion."""
    cells = [["when (UTC)", "what", "from", "to", "by", "overlap", "why"]]
    for event in events:
        skipped = [f"skipped {version}" for version in event.skipped]
        overridden = [f"overridden: {reason}" for reason in event.overrode]
        cells.append(
            [
                event.at[:19].replace("T", " ") or "-",
                event.what + (" by force" if event.overrode else ""),
                "-" if event.before is None else str(event.before),
                "-" if event.after is None else str(event.after),
                event.by,
                f"{event.figures['overlap']:.4f}" if "overlap" in event.figures else "-",
                "; ".join([event.why, *skipped, *overridden]),
            ]
        )
    return cells


def history_markdown(events: Sequence[Event]) -> str:
    """All moves as a table, the newest first."""
    return f"## Champions\n\n{_table(history_cells(reversed(events)))}\n"


def _table(cells: list[list[str]]) -> str:
    lines = [cells[0], ["---"] * len(cells[0]), *cells[1:]]
    escaped = ([text.replace("|", "\\|") for text in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def draw(comparison: ModelComparison, path: Path) -> None:
    """Write the drawing, whole or not at all; its kind is what `path` ends in, such as ``.svg``.

    The same comparison gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = [row for row in comparison.rows if row.role != "shown"]
    gains = np.array([(row.gain.low, row.gain.estimate, row.gain.high) for row in shown])
    bars = np.array([row.bar for row in shown])
    units = np.where(bars > 0, bars, np.nan_to_num(np.abs(gains).max(axis=1)))[:, None]
    gains = gains / np.where(units > 0, units, 1)
    limit = min(max(1.6, 1.08 * np.nan_to_num(np.abs(gains)).max()), _WIDEST)
    low, middle, high = gains.clip(-limit, limit).T
    asked = np.sign(bars) * [1 if row.role == "primary" else -1 for row in shown]
    colors = [_GOOD if row.passes else _BAD for row in shown]
    places = range(len(shown))
    kind = path.suffix.removeprefix(".") or "svg"
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9, 1.7 + 0.42 * len(shown)), dpi=120, layout="constrained")
        axes = figure.subplots()
        axes.barh(places, limit - asked, left=asked, color=_GROUND, zorder=1)
        axes.axvline(0, color=_INK, linewidth=1, zorder=2)
        axes.hlines(places, low, high, colors=colors, linewidth=2.5, zorder=3)
        axes.scatter(middle, places, color=colors, s=49, zorder=4)
        for place, row, color in zip(places, shown, colors, strict=True):
            text = f"{row.gain.estimate:+.4f}   better in {row.gain.above:.0%}"
            at = ("axes fraction", "data")
            axes.annotate(text, (1.01, place), xycoords=at, va="center", color=color)
        axes.set_xlim(-limit, limit)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_yticks(places, [row.label for row in shown])
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(
            f"version {comparison.champion} better  ←  in multiples of margin or tolerance  →  "
            f"version {comparison.challenger} better\n"
            f"bars: {comparison.rule.confidence:.0%} intervals; on green the rule is content",
            color=_SOFT,
        )
        axes.set_title(measured(comparison), loc="left", color=_SOFT, fontsize=9)
        axes.spines[["top", "right", "left"]].set_visible(False)
        figure.suptitle(title(comparison), x=0.01, ha="left", fontweight="bold")
        meta: dict[str, Any] = {"Date": None} if kind == "svg" else {}
        files.save(path, lambda stream: figure.savefig(stream, format=kind, metadata=meta))
