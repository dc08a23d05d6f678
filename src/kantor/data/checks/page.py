"""The outcome of the checks as one page that needs no network: every check, with small drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.checks.tables import Tables
from kantor.pages import template

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

    from kantor.data.checks.outcomes import Outcome
    from kantor.settings import DataLimits, Validate

LEVELS = (
    ("tensors", "The arrays", "One row an array: has it the form that the model reads?"),
    ("manifest", "The pieces", "One row a piece: complete, known, and in one split alone."),
    ("windows", "The windows", "One row a window: its notes, and what the music is like."),
    ("splits", "The splits", "One row a split: large enough, and like training."),
    ("jsb_manifest", "The chorales' pieces", "The stricter limits of the chorales alone."),
    ("jsb_windows", "The chorales' windows", "The stricter limits of the chorales alone."),
    ("jsb_splits", "The chorales' splits", "The stricter limits of the chorales alone."),
)
WIDTH, HEIGHT, AXIS = 170, 40, 11
BINS = 34


def page(tables: Tables, outcomes: Sequence[Outcome], limits: Validate) -> str:
    """The page as HTML; texts that come from scores are escaped."""
    return template("kantor.data.checks", "validation.html.j2").render(
        outcomes=outcomes,
        failed=[one for one in outcomes if one.success is False],
        unchecked=sum(one.success is None for one in outcomes),
        splits=tables.splits.to_dict("records"),
        levels=[
            (*level, rows)
            for level in LEVELS
            if (rows := [one for one in outcomes if one.level == level[0]])
        ],
        curves=bool(tables.histograms),
        drawings=drawings(tables, limits),
    )


def drawings(tables: Tables, limits: Validate) -> dict[str, Markup]:
    """Small SVG pictures, by the name of the check that they stand beside."""
    drawn = _share_histograms(tables.windows, limits)
    if limits.jsb and "windows" in tables.chorales:
        own = _share_histograms(tables.chorales["windows"], limits.jsb)
        drawn |= {f"jsb_{name}": drawing for name, drawing in own.items()}
    ranges = tables.ensemble.ranges
    shown = (max(min(low for low, _ in ranges) - 2, 0), min(max(up for _, up in ranges) + 3, 127))
    for index, line in enumerate(tables.ensemble.lines if tables.histograms else ()):
        counts = {split: array[:, index] for split, array in tables.histograms.items()}
        total = np.sum(list(counts.values()), axis=0)
        drawn[f"range_{line.name}"] = _pitch_histogram(total, (line.low, line.high), shown)
        drawn[f"drift_{line.name}"] = _pitch_curves(counts, shown)
    return drawn


def _share_histograms(windows: pd.DataFrame, limits: DataLimits) -> dict[str, Markup]:
    """The shares that have a limit, by the name of the check."""
    shares = {
        "rest_share": (0.0, limits.max_rest_share),
        "empty_bar_share": (0.0, limits.max_empty_bar_share),
        "crossing_share": (0.0, limits.max_crossing_share),
        "in_scale": (0.5, limits.min_in_scale),
    }
    return {
        name: _share_histogram(windows[name].dropna().to_numpy(dtype=float), low, limit)
        for name, (low, limit) in shares.items()
        if name in windows and windows[name].notna().any()
    }


def _share_histogram(values: NDArray[np.float64], low: float, limit: float) -> Markup:
    """Shares of windows over values from `low` to 1 or less, with their mean and its limit."""
    high = 1.0 if low else min(1.0, max(4 * limit, 0.1))
    heights = np.histogram(np.clip(values, low, high), bins=BINS, range=(low, high))[0]
    marks = ""
    for kind, value in (("mean", values.mean()), ("limit", limit)):
        x = f"{np.clip((value - low) / (high - low), 0, 1) * WIDTH:.1f}"
        marks += f'<line class="{kind}" x1="{x}" x2="{x}" y1="0" y2="{HEIGHT}"/>'
    upper = f"{high:g}" if high >= 1 else f"{high:g} or more"
    return _svg(_bars(np.sqrt(heights / len(values))) + marks, f"{low:g}", upper)


def _pitch_histogram(
    counts: NDArray[np.int64], span: tuple[int, int], shown: tuple[int, int]
) -> Markup:
    """How long each pitch sounds, `counts` (128,), over the range that is expected."""
    step = WIDTH / (shown[1] - shown[0] + 1)
    x, width = (span[0] - shown[0]) * step, (span[1] - span[0] + 1) * step
    shade = f'<rect class="range" x="{x:.1f}" y="0" width="{width:.1f}" height="{HEIGHT}"/>'
    inside = counts[shown[0] : shown[1] + 1]
    return _svg(shade + _bars(inside / max(inside.max(), 1)), *shown)


def _pitch_curves(counts: Mapping[str, NDArray[np.int64]], shown: tuple[int, int]) -> Markup:
    """The pitch histogram, (128,), of each split as a curve."""
    inside = {split: array[shown[0] : shown[1] + 1] for split, array in counts.items()}
    shares = {split: array / array.sum() for split, array in inside.items() if array.sum()}
    top = max((float(array.max()) for array in shares.values()), default=1.0)
    x = np.linspace(0, WIDTH, shown[1] - shown[0] + 1)
    curves = ""
    for split, array in shares.items():
        y = HEIGHT - array / top * (HEIGHT - 2)
        points = " ".join(f"{left:.1f},{up:.1f}" for left, up in zip(x, y, strict=True))
        curves += f'<polyline class="curve {split}" points="{points}"/>'
    return _svg(curves, *shown)


def _bars(heights: NDArray[Any]) -> str:
    """Bars of `heights` 0 to 1 over the whole width; a bar that is not empty can be seen."""
    step = WIDTH / len(heights)
    return "".join(
        f'<rect class="bar" x="{index * step + 0.3:.1f}" y="{HEIGHT - tall:.1f}"'
        f' width="{step - 0.6:.1f}" height="{tall:.1f}"/>'
        for index, tall in enumerate(np.maximum(heights * HEIGHT, 1.0))
        if heights[index] > 0
    )


def _svg(content: str, lowest: str | int, highest: str | int) -> Markup:
    """A drawing above an axis that goes from `lowest` to `highest`."""
    from markupsafe import Markup

    y = HEIGHT + AXIS - 2
    labels = f'<text class="axis" x="0" y="{y}">{lowest}</text>' + (
        f'<text class="axis" x="{WIDTH}" y="{y}" text-anchor="end">{highest}</text>'
    )
    base = f'<path d="M0 {HEIGHT}H{WIDTH}" stroke="currentColor" opacity="0.3"/>'
    box = f'width="{WIDTH}" height="{HEIGHT + AXIS}" viewBox="0 0 {WIDTH} {HEIGHT + AXIS}"'
    return Markup(f'<svg {box} role="img">{base}{content}{labels}</svg>')
