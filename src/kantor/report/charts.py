"""Charts as SVG for the page, drawn by matplotlib in the page's own colours.

Conventions
-----------
Every function returns one ``<svg>`` element whose colours are the page's variables, so that one
chart serves light, dark and print; the same figures give the same text. `summary` says in one
sentence what a chart shows, for those who do not see it. Values that are not finite are gaps.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

SIZE, SMALL = (3.4, 2.0), (2.4, 1.55)  # inches; both are stretched to their column's width
SMOOTHED_FROM = 60  # points: below that a running median would hide more than it shows
COLOURS = {
    "generated": "#3a45b0",
    "critic": "#3a45b0",
    "generator": "#d55e00",
    "real": "#8a5f00",
    "band": "#e9c46a",
    "soft": "#5d5850",
    "faint": "#efebe2",
}
_VARIABLES = {"#3a45b0": "accent", "#d55e00": "second"} | {
    COLOURS[name]: name for name in ("real", "band", "soft", "faint")
}
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "kantor",
    "font.size": 7.5,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": COLOURS["faint"],
    **{f"axes.spines.{side}": False for side in ("left", "right", "top", "bottom")},
    **{f"{axis}tick.major.size": 0 for axis in "xy"},
    **{f"{axis}tick.color": COLOURS["soft"] for axis in "xy"},
}
# What one chart among many on a page neither has nor needs.
_REMOVED = re.compile(
    r'<g id="[^"]*"/>|<defs>.*?</defs>|<!--.*?-->| (id|clip-path)="[^"]*"|font-family: [^;]*;',
    re.DOTALL,
)

Values = NDArray[np.float64]


@mpl.rc_context(_STYLE)
def line_chart(
    x: Values,
    curves: Mapping[str, Values],
    summary: str,
    *,
    band: tuple[float, float] | None = None,
    centre: float = math.nan,
    marks: Sequence[tuple[float, str]] = (),
    log: bool = False,
    size: tuple[float, float] = SIZE,
) -> Markup:
    """Curves over the iterations.

    Parameters
    ----------
    x
        ``(point,) float64``.
    curves
        Values, ``(point,) float64``, by the name of their colour. A long curve is drawn faint,
        with its running median on top; the scale leaves out the wildest hundredth.
    summary
    band
        Lower and upper end of the reference, shaded.
    centre
        The reference's mean, a line; NaN for none.
    marks
        Iterations at which something begins, with its name.
    log
        Whether the values' axis is logarithmic; values of zero and below are left out.
    size
        `SIZE` or `SMALL`.
    """
    axes = _axes(size)
    shown = {name: np.isfinite(x) & np.isfinite(y) for name, y in curves.items()}
    if log:
        shown = {name: good & (curves[name] > 1e-12) for name, good in shown.items()}
    kept = {name: (x[good], curves[name][good]) for name, good in shown.items() if good.any()}
    if not kept:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "not recorded", color=COLOURS["soft"], ha="center")
        return _svg(axes, summary)
    low, high = _extent([y for _, y in kept.values()], band, log)
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=6))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:.4g}")
    axes.set_ylim(low, high)
    if band is not None:
        axes.axhspan(*np.clip(band, low, high), color=COLOURS["band"], lw=0)
    if math.isfinite(centre):
        axes.axhline(centre, color=COLOURS["real"], lw=0.7)
    for name, (points, values) in kept.items():
        _curve(axes, points, np.clip(values, low, high), COLOURS[name])
    axes.margins(x=0.01)
    for start, name in marks:
        _mark(axes, start, name)
    axes.xaxis.set_major_locator(_round_ticks())
    return _svg(axes, summary)


def _extent(
    ys: Sequence[Values], band: tuple[float, float] | None, log: bool
) -> tuple[float, float]:
    """The range to show: one spike does not flatten the rest."""
    ends = [float(np.quantile(y, share)) for y in ys for share in (0.01, 0.99)]
    ends += [*(float(y[-1]) for y in ys), *(band or ())]
    low, high = min(ends), max(ends)
    if log:
        return low / 1.5, high * 1.5
    margin = (high - low) * 0.06 or max(abs(high) * 0.1, 0.1)
    return low - margin, high + margin


def _round_ticks() -> MaxNLocator:
    return MaxNLocator(4, steps=[1, 2, 2.5, 5, 10])


def _curve(axes: Axes, x: Values, y: Values, colour: str) -> None:
    if len(x) < SMOOTHED_FROM:
        axes.plot(x, y, color=colour, lw=1.4)
        axes.plot(x[[-1, -1]], y[[-1, -1]], color=colour, lw=4, solid_capstyle="round")
        return
    surroundings = pd.Series(y).rolling(2 * max(1, len(y) // 30) + 1, center=True, min_periods=1)
    axes.plot(x, y, color=colour, lw=0.7, alpha=0.28)
    axes.plot(x, surroundings.median(), color=colour, lw=1.4)


def _mark(axes: Axes, x: float, name: str) -> None:
    """A line where something begins, named on the side that has more room."""
    first, last = axes.get_xlim()
    if not first < x < last:
        return
    right = x > first + 0.7 * (last - first)
    axes.axvline(x, color=COLOURS["soft"], lw=0.7, ls=(0, (3, 3)))
    axes.annotate(
        name,
        (x, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if right else 3, -7),
        textcoords="offset points",
        ha="right" if right else "left",
        color=COLOURS["soft"],
    )


@mpl.rc_context(_STYLE)
def bars(sides: Mapping[str, Values], names: Sequence[str], summary: str) -> Markup:
    """Bars that lie, with their figures: a colour for each of `sides`, a row for each name."""
    axes = _axes(left=60)
    height, highest = 0.74 / len(sides), max(float(one.max()) for one in sides.values()) or 1.0
    for index, (side, values) in enumerate(sides.items()):
        top = np.arange(len(names)) - 0.37 + height * index
        axes.barh(top, values, height, align="edge", **_filled(side))
    for place, figures in enumerate(zip(*sides.values(), strict=True)):
        text = " / ".join(f"{figure:.2f}" for figure in figures)
        axes.text(max(figures) + highest / 50, place, text, va="center", color=COLOURS["soft"])
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 1.35 * highest)
    axes.set_xticks([])
    axes.grid(visible=False)
    return _svg(axes, summary)


@mpl.rc_context(_STYLE)
def histogram(sides: Mapping[str, Values], lowest: int, summary: str) -> Markup:
    """Shares by MIDI pitch from `lowest` on: real music as an area, the generated as a line."""
    axes = _areas(sides, lowest)
    cs = [pitch for pitch in range(lowest, lowest + len(sides["real"])) if pitch % 12 == 0]
    axes.set_xticks(cs, [f"C{pitch // 12 - 1}" for pitch in cs])
    axes.yaxis.set_major_locator(_round_ticks())
    return _svg(axes, summary)


@mpl.rc_context(_STYLE)
def places(sides: Mapping[str, Values], summary: str) -> Markup:
    """Shares by sixteenth of the bar, its quarters counted; drawn as `histogram`."""
    axes = _areas(sides, 0)
    quarters = range(0, len(sides["real"]), 4)
    axes.set_xticks(quarters, [str(place // 4 + 1) for place in quarters])
    axes.yaxis.set_major_locator(_round_ticks())
    return _svg(axes, summary)


def _areas(sides: Mapping[str, Values], first: int) -> Axes:
    axes = _axes()
    edges = np.arange(len(sides["real"]) + 1) + first - 0.5
    axes.stairs(sides["real"], edges, fill=True, **_filled("real"))
    axes.stairs(sides["generated"], edges, color=COLOURS["generated"], lw=1.4)
    return axes


def _filled(side: str) -> dict[str, Any]:
    if side == "real":
        return {"facecolor": COLOURS["band"], "edgecolor": COLOURS["real"], "lw": 0.7}
    return {"facecolor": COLOURS[side], "lw": 0}


def _axes(size: tuple[float, float] = SIZE, left: float = 29) -> Axes:
    """The axes of a new figure, `left` points from its left."""
    left, bottom = left / (72 * size[0]), 0.24 / size[1]
    return Figure(size).add_axes((left, bottom, 0.98 - left, 0.95 - bottom))


def _svg(axes: Axes, summary: str) -> Markup:
    stream, figure = io.StringIO(), axes.get_figure(root=True)
    assert figure is not None
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    content = _REMOVED.sub("", stream.getvalue().partition("<svg")[2].partition(">")[2])
    for colour, name in _VARIABLES.items():
        content = content.replace(colour, f"var(--{name})")
    width, height = 72 * figure.get_size_inches()
    box = f"0 0 {width:g} {height:g}"
    head = f'<svg class="chart" viewBox="{box}" role="img" aria-label="{escape(summary)}">'
    return Markup(head + content)
