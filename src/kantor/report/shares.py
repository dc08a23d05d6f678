"""Shares as SVG text: bars, histograms of pitches, and the strip beside each metric.

The conventions are those of `kantor.report.charts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from kantor.report.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Scale,
    grid,
    svg,
    text_at,
)

Figures = Sequence[float] | NDArray[np.float64]


def bar_chart(groups: Mapping[str, Figures], names: Sequence[str], summary: str) -> str:
    """Bars side by side: one class of bars for each of `groups`, one place for each of `names`."""
    highest = max((max(values) for values in groups.values() if len(values)), default=1.0) or 1.0
    up = Scale(0.0, highest * 1.05, HEIGHT - BOTTOM, TOP)
    place = (WIDTH - LEFT - RIGHT) / max(1, len(names))
    width = place * (0.8 if len(names) > 6 else 0.6) / len(groups)
    parts = [grid(up)]
    for index, (group, values) in enumerate(groups.items()):
        for position, value in enumerate(values):
            x = LEFT + place * (position + 0.5) + width * (index - len(groups) / 2)
            parts.append(_bar(group, x, up(value), width, HEIGHT - BOTTOM - up(value)))
    for position, name in enumerate(names):
        x = LEFT + place * (position + 0.5)
        parts.append(text_at(x, HEIGHT - 8, name, "tick middle"))
    return svg("".join(parts), summary)


def bar_rows(groups: Mapping[str, Figures], names: Sequence[str], summary: str) -> str:
    """Bars that lie, for names too long to stand under one: one row for each of `names`."""
    highest = max((max(values) for values in groups.values() if len(values)), default=1.0) or 1.0
    across = Scale(0.0, highest, 88.0, WIDTH - 76)
    row = (HEIGHT - TOP) / max(1, len(names))
    width = row * 0.74 / len(groups)
    parts = []
    for position, name in enumerate(names):
        y = TOP + row * position
        parts.append(text_at(82, y + row * 0.6, name, "tick end"))
        for index, (group, values) in enumerate(groups.items()):
            value = float(values[position])
            top = y + row * 0.1 + width * index
            parts.append(_bar(group, 88, top, across(value) - 88, width))
        ends = max(across(float(values[position])) for values in groups.values())
        shown = " / ".join(f"{float(values[position]):.2f}" for values in groups.values())
        parts.append(text_at(ends + 5, y + row * 0.6, shown, "tick start"))
    return svg("".join(parts), summary)


def histogram(generated: Sequence[float], real: Sequence[float], lowest: int, summary: str) -> str:
    """Shares by MIDI pitch from `lowest` on: real music as an area, the generated as a line."""
    highest = max([*generated, *real, 1e-9])
    up = Scale(0.0, highest * 1.08, HEIGHT - BOTTOM, TOP)
    across = Scale(0.0, float(len(real)), LEFT, WIDTH - RIGHT)
    parts = [grid(up)]
    parts.append(f'<path class="area real" d="{_steps(real, across, up, closed=True)}"/>')
    parts.append(f'<path class="line generated" d="{_steps(generated, across, up)}"/>')
    for index in range(len(real)):
        if (lowest + index) % 12 == 0 or len(real) <= 12:
            name = f"C{(lowest + index) // 12 - 1}"
            parts.append(text_at(across(index + 0.5), HEIGHT - 8, name, "tick middle"))
    return svg("".join(parts), summary)


def strip(generated: float, real: float, spread: float, others: Mapping[str, float]) -> str:
    """One metric on a line of its own: the real band, and where everything else lies on it."""
    lowest = max(real - spread, 0.0)  # no metric goes below 0
    values = [generated, lowest, real + spread, *others.values()]
    finite = [value for value in values if math.isfinite(value)]
    if not math.isfinite(real) or not finite or max(finite) == min(finite):
        return ""
    margin = (max(finite) - min(finite)) * 0.04
    across = Scale(min(finite) - margin, max(finite) + margin, 6, 194)
    left, right = across(lowest), across(real + spread)
    parts = [
        '<line class="axis" x1="4" x2="196" y1="11" y2="11"/>',
        f'<rect class="band" x="{left:.1f}" y="3" width="{max(right - left, 1.5):.1f}" height="16"'
        ' rx="2"/>',
        f'<line class="tick-real" x1="{across(real):.1f}" x2="{across(real):.1f}" y1="2" y2="20"/>',
    ]
    for name, value in others.items():
        if math.isfinite(value):
            parts.append(_diamond(across(value), name))
    if math.isfinite(generated):
        parts.append(f'<circle class="dot generated" cx="{across(generated):.1f}" cy="11" r="5"/>')
    return f'<svg class="strip" viewBox="0 0 200 22" aria-hidden="true">{"".join(parts)}</svg>'


def _bar(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="bar {kind}" x="{x:.1f}" y="{y:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}"/>'
    )


def _diamond(x: float, name: str) -> str:
    return (
        f'<path class="mark {escape(name)}" d="M{x:.1f} 6l5 5l-5 5l-5 -5z">'
        f"<title>{escape(name)}</title></path>"
    )


def _steps(shares: Sequence[float], across: Scale, up: Scale, closed: bool = False) -> str:
    ground = up(0.0)
    path = f"M{across(0):.1f} {ground:.1f}"
    for index, share in enumerate(shares):
        path += f"V{up(share):.1f}H{across(index + 1):.1f}"
    return path + f"V{ground:.1f}" + ("z" if closed else "")
