"""Charts as SVG text: crisp at any size, coloured by the page's style sheet, the same every time.

Conventions
-----------
Every function returns one ``<svg>`` element. Lengths are in the units of its ``viewBox``, numbers
are written with one decimal at most, and colours are left to classes (``line generated``,
``band``, …), so that one chart serves light, dark and print. Values that are not finite are
gaps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 340.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 8.0, 10.0, 24.0
SMOOTHED_FROM = 60  # points: below that a running median would hide more than it shows
BUCKETS = 250  # of a long curve: each keeps its lowest and its highest point

SMALLEST = 1e-12  # on a logarithmic axis; below that is zero

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Series:
    """A curve: `name` is also its class; ``x`` and ``y`` are ``(point,) float64``."""

    name: str
    x: Values
    y: Values


@dataclass(frozen=True)
class Scale:
    """A linear (or, with `log`, logarithmic) map of values onto lengths."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log10(max(value, low)), math.log10(low), math.log10(high)
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + (self.end - self.start) * min(max(share, -0.5), 1.5)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers (1, 2, 2.5 or 5 times a power of ten) that cover `low` to `high`."""
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * unit for unit in (1, 2, 2.5, 5, 10) if power * unit >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(step * index, 12) for index in range(first, last + 1)]


def label(value: float) -> str:
    """A number as an axis shows it: ``12k``, ``0.25``, ``−3``."""
    if abs(value) >= 10_000:
        text = f"{value / 1000:.4g}k"
    elif value != 0 and abs(value) < 0.001:
        text = f"{value:.0e}".replace("e-0", "e-")
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−")


def line_chart(
    series: Sequence[Series],
    *,
    summary: str,
    band: tuple[float, float] | None = None,
    centre: float = math.nan,
    marks: Sequence[tuple[float, str]] = (),
    log: bool = False,
    zero: bool = False,
) -> str:
    """Curves over the iterations.

    Parameters
    ----------
    series
        The curves; a long one is drawn faint, with its running median on top.
    summary
        What the chart shows, in one sentence, for those who do not see it.
    band
        Lower and upper end of the reference, shaded.
    centre
        The reference's mean, a line; NaN for none.
    marks
        Iterations at which something begins, with its name.
    log
        Whether the values' axis is logarithmic; values of zero and below are left out.
    zero
        Whether the values' axis includes zero.
    """
    kept = [_finite(one, log) for one in series]
    xs = np.concatenate([one.x for one in kept])
    if xs.size == 0:
        return svg('<text class="none" x="50%" y="50%">not recorded</text>', summary)
    across = Scale(float(xs.min()), float(xs.max()), LEFT, WIDTH - RIGHT)
    low, high = _extent([one.y for one in kept], band, log, zero)
    up = Scale(low, high, HEIGHT - BOTTOM, TOP, log)
    parts = [_band(band, up), _axes(across, up)]
    if math.isfinite(centre):
        parts.append(f'<path class="centre" d="M{LEFT:g} {up(centre):.1f}H{WIDTH - RIGHT:g}"/>')
    parts += [_mark(across(x), name) for x, name in marks if across.low < x < across.high]
    for one in kept:
        parts += _curves(one, across, up)
    return svg("".join(parts), summary)


def svg(content: str, summary: str) -> str:
    """A chart's element around its `content`."""
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(summary)}">{content}</svg>'
    )


def text_at(x: float, y: float, text: str, kind: str) -> str:
    """A label of one or more classes, such as ``"tick middle"``."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _finite(series: Series, log: bool) -> Series:
    good = np.isfinite(series.x) & np.isfinite(series.y)
    if log:
        good &= series.y > SMALLEST
    return Series(series.name, series.x[good], series.y[good])


def _extent(
    ys: Sequence[Values], band: tuple[float, float] | None, log: bool, zero: bool
) -> tuple[float, float]:
    """The range to show: all but the wildest hundredth, so that one spike does not flatten it."""
    ends = [float(np.quantile(y, share)) for y in ys if len(y) for share in (0.01, 0.99)]
    ends += [float(y[-1]) for y in ys if len(y)]
    ends += list(band or ()) + ([0.0] if zero else [])
    low, high = min(ends), max(ends)
    if log:
        return low / 1.5, high * 1.5
    margin = (high - low) * 0.06 or max(abs(high) * 0.1, 0.1)
    return (low if zero and low == 0 else low - margin), high + margin


def grid(up: Scale) -> str:
    """Lines across the chart at round values, named at the left."""
    values = _powers(up) if up.log else ticks(up.low, up.high)
    parts = []
    for value in values:
        y = up(value)
        kind = "grid zero" if value == 0 else "grid"
        parts.append(f'<path class="{kind}" d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}"/>')
        parts.append(text_at(LEFT - 6, y + 4, label(value), "tick end"))
    return "".join(parts)


def _powers(up: Scale) -> list[float]:
    """Powers of ten on a logarithmic axis, or round numbers where it spans too few of them."""
    first, last = math.ceil(math.log10(up.low)), math.floor(math.log10(up.high))
    if last - first < 1:
        return ticks(up.low, up.high, 3)
    return [10.0**power for power in range(first, last + 1, 1 + (last - first) // 6)]


def _axes(across: Scale, up: Scale) -> str:
    values = ticks(across.low, across.high)
    parts = [text_at(across(value), HEIGHT - 8, label(value), "tick middle") for value in values]
    return grid(up) + "".join(parts)


def _band(band: tuple[float, float] | None, up: Scale) -> str:
    if band is None:
        return ""
    top, bottom = max(up(band[1]), TOP), min(up(band[0]), HEIGHT - BOTTOM)
    return (
        f'<rect class="band" x="{LEFT:g}" y="{top:.1f}" width="{WIDTH - LEFT - RIGHT:g}" '
        f'height="{max(bottom - top, 1.5):.1f}"/>'
    )


def _mark(x: float, name: str) -> str:
    line = f'<path class="phase" d="M{x:.1f} {TOP:g}V{HEIGHT - BOTTOM:g}"/>'
    if x > WIDTH * 0.7:
        return line + text_at(x - 4, TOP + 9, name, "tick end")
    return line + text_at(x + 4, TOP + 9, name, "tick start")


def _curves(series: Series, across: Scale, up: Scale) -> list[str]:
    if len(series.x) == 0:
        return []
    name = escape(series.name)
    if len(series.x) < SMOOTHED_FROM:
        dot = f'<circle class="dot {name}" r="3" cx="{across(series.x[-1]):.1f}" '
        dot += f'cy="{up(series.y[-1]):.1f}"/>'
        return [f'<path class="line {name}" d="{_path(series.x, series.y, across, up)}"/>', dot]
    smooth = running_median(series.y)
    every = slice(None, None, -(-len(smooth) // BUCKETS))
    raw = thinned(series)
    return [
        f'<path class="line faint {name}" d="{_path(raw.x, raw.y, across, up)}"/>',
        f'<path class="line {name}" d="{_path(series.x[every], smooth[every], across, up)}"/>',
    ]


def thinned(series: Series) -> Series:
    """A long curve by the lowest and highest point of each bucket; a short one as it is."""
    if len(series.x) <= 2 * BUCKETS:
        return series
    kept: set[int] = set()
    for bucket in np.array_split(np.arange(len(series.x)), BUCKETS):
        values = series.y[bucket]
        kept |= {int(bucket[values.argmin()]), int(bucket[values.argmax()])}
    points = sorted(kept)
    return Series(series.name, series.x[points], series.y[points])


def running_median(y: Values) -> Values:
    """The median of each value's surroundings, a fifteenth of the curve wide."""
    half = max(1, len(y) // 30)
    padded = np.pad(y, half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    return np.asarray(np.median(windows, axis=1), dtype=np.float64)


def _path(x: Values, y: Values, across: Scale, up: Scale) -> str:
    points = []
    for one, other in zip(x, y, strict=True):
        height = min(max(up(float(other)), TOP - 3), HEIGHT - BOTTOM + 3)
        points.append(f"{across(float(one)):.1f} {height:.1f}")
    return "M" + "L".join(points)
