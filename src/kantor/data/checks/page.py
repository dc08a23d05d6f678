"""The outcome of the checks as one page that needs no network: every check, with small drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kantor.data.checks.tables import Frames
from kantor.data.corpus import SPLITS

if TYPE_CHECKING:
    from markupsafe import Markup

    from kantor.data.checks.outcomes import Outcome
    from kantor.settings import Validate

LEVELS = (
    ("tensors", "The arrays", "One row an array: has it the form that the model reads?"),
    ("manifest", "The pieces", "One row a piece: complete, known, and in one split alone."),
    ("windows", "The windows", "One row a window: its notes, and what the music is like."),
    ("splits", "The splits", "One row a split: large enough, and like training."),
)
WIDTH, HEIGHT, AXIS = 170, 40, 11
LOWEST, HIGHEST = 33, 85  # pitches drawn: A1 to C#6
BINS = 34


def page(frames: Frames, outcomes: Sequence[Outcome], limits: Validate) -> str:
    """The page as HTML; texts that come from scores are escaped."""
    from jinja2 import Environment

    template = (files("kantor.data.checks") / "validation.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        outcomes=outcomes,
        failed=[one for one in outcomes if one.success is False],
        unchecked=sum(one.success is None for one in outcomes),
        splits=frames.splits.to_dict("records"),
        levels=[(*level, [one for one in outcomes if one.level == level[0]]) for level in LEVELS],
        drawn=drawings(frames, limits),
    )


def drawings(frames: Frames, limits: Validate) -> dict[str, Markup]:
    """Small SVG pictures, by the name of the check that they stand beside."""
    found: dict[str, Markup] = {}
    shares = {
        "rest_share": (0.0, limits.max_rest_share),
        "empty_bar_share": (0.0, limits.max_empty_bar_share),
        "crossing_share": (0.0, limits.max_crossing_share),
        "in_scale": (0.5, limits.min_in_scale),
    }
    for name, (low, limit) in shares.items():
        if name in frames.windows and frames.windows[name].notna().any():
            values = frames.windows[name].dropna().to_numpy(dtype=float)
            found[name] = histogram(values, low, limit)
    if frames.histograms:
        for voice, line in enumerate(frames.ensemble.lines):
            counts = {split: array[:, voice] for split, array in frames.histograms.items()}
            found[f"range_{line.name}"] = pitches(
                np.sum(list(counts.values()), axis=0), (line.low, line.high)
            )
            found[f"drift_{line.name}"] = curves(counts)
    return found


def histogram(values: NDArray[np.float64], low: float, limit: float) -> Markup:
    """Shares of windows over values from `low` to 1 or less, with their mean and its limit."""
    high = 1.0 if low else min(1.0, max(4 * limit, 0.1))
    inside = np.clip(values, low, high)
    heights = np.histogram(inside, bins=BINS, range=(low, high))[0] / len(values)
    step = WIDTH / BINS
    bars = _bars(np.sqrt(heights), np.arange(BINS) * step, step)

    def line(value: float, kind: str) -> str:
        """An upright line at a value."""
        x = (min(max(value, low), high) - low) / (high - low) * WIDTH
        return f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}"/>'

    marks = line(float(values.mean()), "mean") + line(limit, "limit")
    upper = f"{high:g}" if high >= 1 else f"{high:g} or more"
    return _svg(bars + marks, f"{low:g}", upper)


def pitches(counts: NDArray[np.int64], span: tuple[int, int]) -> Markup:
    """How long each pitch sounds, `counts` (128,), over the range that is expected."""
    step = WIDTH / (HIGHEST - LOWEST + 1)
    x, width = (span[0] - LOWEST) * step, (span[1] - span[0] + 1) * step
    shade = f'<rect class="range" x="{x:.1f}" y="0" width="{width:.1f}" height="{HEIGHT}"/>'
    drawn = counts[LOWEST : HIGHEST + 1].astype(float)
    heights = drawn / max(drawn.max(), 1)
    return _svg(shade + _bars(heights, np.arange(len(drawn)) * step, step), "A1", "C#6")


def curves(counts: Mapping[str, NDArray[np.int64]]) -> Markup:
    """The pitch histogram, (128,), of each split as a line."""
    drawn = {split: counts[split][LOWEST : HIGHEST + 1] for split in SPLITS if counts[split].sum()}
    shares = {split: array / array.sum() for split, array in drawn.items() if array.sum()}
    top = max((float(array.max()) for array in shares.values()), default=1.0)
    x = np.linspace(0, WIDTH, HIGHEST - LOWEST + 1)
    lines = [
        f'<polyline class="curve {split}" points="'
        + " ".join(
            f"{at:.1f},{HEIGHT - share / top * (HEIGHT - 2):.1f}"
            for at, share in zip(x, array, strict=True)
        )
        + '"/>'
        for split, array in shares.items()
    ]
    return _svg("".join(lines), "A1", "C#6")


def _bars(heights: NDArray[Any], lefts: NDArray[Any], width: float) -> str:
    """Bars of `heights` 0 to 1; a bar that is not empty can be seen."""
    drawn = [
        (left, max(height * HEIGHT, 1.0))
        for left, height in zip(lefts, heights, strict=True)
        if height > 0
    ]
    return "".join(
        f'<rect class="bar" x="{left + 0.3:.1f}" y="{HEIGHT - tall:.1f}"'
        f' width="{width - 0.6:.1f}" height="{tall:.1f}"/>'
        for left, tall in drawn
    )


def _svg(content: str, lowest: str, highest: str) -> Markup:
    from markupsafe import Markup

    y = HEIGHT + AXIS - 2
    labels = f'<text class="axis" x="0" y="{y}">{lowest}</text>' + (
        f'<text class="axis" x="{WIDTH}" y="{y}" text-anchor="end">{highest}</text>'
    )
    base = f'<line x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}" stroke="#cbd2dc"/>'
    box = f'width="{WIDTH}" height="{HEIGHT + AXIS}" viewBox="0 0 {WIDTH} {HEIGHT + AXIS}"'
    return Markup(f'<svg {box} role="img">{base}{content}{labels}</svg>')
