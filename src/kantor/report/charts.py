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
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

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
_STYLE = {
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

Values = NDArray[np.float64]


def line_chart(
    curves: Mapping[str, tuple[Values, Values]],
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
    curves
        ``x`` and ``y``, each ``(point,) float64``, by the name of their colour. A long curve is
        drawn faint, with its running median on top; the scale leaves out the wildest hundredth.
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
    kept = {name: _finite(x, y, log) for name, (x, y) in curves.items()}
    kept = {name: curve for name, curve in kept.items() if curve[0].size}

    def paint(axes: Axes) -> None:
        if not kept:
            axes.set_axis_off()
            axes.text(0.5, 0.5, "not recorded", color=COLOURS["soft"], ha="center")
            return
        low, high = _extent([y for _, y in kept.values()], band, log)
        if log:
            _log_axis(axes)
        axes.set_ylim(low, high)
        if band is not None:
            axes.axhspan(*np.clip(band, low, high), color=COLOURS["band"], lw=0)
        if math.isfinite(centre):
            axes.axhline(centre, color=COLOURS["real"], lw=0.7)
        for name, (x, y) in kept.items():
            _curve(axes, x, np.clip(y, low, high), COLOURS[name])
        axes.margins(x=0.01)
        first, last = axes.get_xlim()
        for start, name in marks:
            if first < start < last:
                _mark(axes, start, name, right=start > first + 0.7 * (last - first))
        _round_ticks(axes.xaxis)

    return _svg(paint, summary, size)


def _finite(x: Values, y: Values, log: bool) -> tuple[Values, Values]:
    good = np.isfinite(x) & np.isfinite(y) & (y > 1e-12 if log else True)
    return x[good], y[good]


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


def _log_axis(axes: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:.4g}")


def _round_ticks(axis: Axis) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))


def _curve(axes: Axes, x: Values, y: Values, colour: str) -> None:
    if len(x) < SMOOTHED_FROM:
        axes.plot(x, y, color=colour, lw=1.4)
        axes.plot(x[[-1, -1]], y[[-1, -1]], color=colour, lw=4, solid_capstyle="round")
        return
    import pandas as pd

    surroundings = pd.Series(y).rolling(2 * max(1, len(y) // 30) + 1, center=True, min_periods=1)
    axes.plot(x, y, color=colour, lw=0.7, alpha=0.28)
    axes.plot(x, surroundings.median(), color=colour, lw=1.4)


def _mark(axes: Axes, x: float, name: str, right: bool) -> None:
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


def bars(sides: Mapping[str, Values], names: Sequence[str], summary: str) -> Markup:
    """Bars that lie, with their figures: a colour for each of `sides`, a row for each name."""

    def paint(axes: Axes) -> None:
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

    return _svg(paint, summary, left=60)


def histogram(sides: Mapping[str, Values], lowest: int, summary: str) -> Markup:
    """Shares by MIDI pitch from `lowest` on: real music as an area, the generated as a line."""

    def paint(axes: Axes) -> None:
        for side in ("real", "generated"):
            values = sides[side]
            edges = np.arange(len(values) + 1) + lowest - 0.5
            if side == "real":
                axes.stairs(values, edges, fill=True, **_filled(side))
            else:
                axes.stairs(values, edges, color=COLOURS[side], lw=1.4)
        cs = [lowest + at for at in range(len(values)) if (lowest + at) % 12 == 0]
        axes.set_xticks(cs, [f"C{pitch // 12 - 1}" for pitch in cs])
        _round_ticks(axes.yaxis)

    return _svg(paint, summary)


def _filled(side: str) -> dict[str, Any]:
    if side == "real":
        return {"facecolor": COLOURS["band"], "edgecolor": COLOURS["real"], "lw": 0.7}
    return {"facecolor": COLOURS[side], "lw": 0}


def _svg(
    paint: Callable[[Axes], None],
    summary: str,
    size: tuple[float, float] = SIZE,
    left: float = 29,
) -> Markup:
    """What `paint` draws, `left` points from the left, without what a page has or needs once."""
    import matplotlib
    from matplotlib.figure import Figure

    stream, left, bottom = io.StringIO(), left / (72 * size[0]), 0.24 / size[1]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(size)
        paint(figure.add_axes((left, bottom, 0.98 - left, 0.95 - bottom)))
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    content = stream.getvalue().partition("<svg")[2].partition(">")[2]
    elements, attributes = (
        r'<g id="[^"]*"/>|<defs>.*?</defs>|<!--.*?-->',
        r' (id|clip-path)="[^"]*"',
    )
    removed = f"{elements}|{attributes}|font-family: [^;]*;"
    content = re.sub(removed, "", content, flags=re.DOTALL)
    for colour, name in _VARIABLES.items():
        content = content.replace(colour, f"var(--{name})")
    box = f"0 0 {72 * size[0]:g} {72 * size[1]:g}"
    head = f'<svg class="chart" viewBox="{box}" role="img" aria-label="{escape(summary)}">'
    return Markup(head + content)
