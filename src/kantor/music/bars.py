"""The bars of a score as notation and MIDI need them: each with a time signature that fits."""

from __future__ import annotations

from bisect import bisect
from math import gcd
from typing import NamedTuple

from kantor.music.score import Meter, Score


class Bar(NamedTuple):
    """A bar from step `start` up to, not including, `end`; `meter` is as long as the bar.

    The last bar, and one that ends with a repeat sign, may end before its meter does.
    """

    start: int
    end: int
    meter: Meter
    pickup: bool


def bars_of(score: Score) -> list[Bar]:
    """All bars of `score`, the pickup first where there is one.

    Raises
    ------
    InputError
        If a bar is too long for any time signature (more than 64 whole notes).
    """
    lines = [line for line in score.bar_lines.tolist() if line < score.steps]
    if score.steps and (not lines or lines[0] > 0):
        lines.insert(0, 0)
    changes = [start for start, _ in score.meters]
    repeats = {sign.start for sign in score.notation.signs if sign.kind == "backward"}
    bars = []
    for start, end in zip(lines, [*lines[1:], score.steps], strict=False):
        held = bisect(changes, start)
        usual = score.meters[held - 1][1] if held else score.meter
        last = end == score.steps
        ends = last or (start > 0 and end in repeats)
        cut_short = ends and end - start <= usual.bar_steps
        meter = usual if cut_short else meter_of(end - start, usual)
        pickup = start == 0 and not last and meter.bar_steps < score.meter.bar_steps
        bars.append(Bar(start, end, meter, pickup))
    return bars


def meter_of(steps: int, usual: Meter) -> Meter:
    """The time signature of a bar of `steps`, in the beats of the `usual` one where they fit."""
    if steps == usual.bar_steps:
        return usual
    coarse = max(4, 16 // gcd(steps, 16))
    fitting = usual.denominator if steps * usual.denominator % 16 == 0 else coarse
    denominator = next(d for d in (fitting, 4, 2, 1) if steps * d <= 64 * 16 or d == 1)
    return Meter(steps * denominator // 16, denominator)


def systems_of(score: Score, steps: int) -> list[tuple[int, int]]:
    """Where the systems begin and end, in steps: as many whole bars each as `steps` hold.

    The pickup stands before the first system's bars; a bar longer than `steps` has a system of
    its own.
    """
    edges = [line for line in score.bar_lines.tolist() if 0 < line < score.steps] + [score.steps]
    systems: list[tuple[int, int]] = []
    start, counted_from = 0, score.pickup
    for edge, following in zip(edges, [*edges[1:], None], strict=True):
        if following is None or following - counted_from > steps:
            systems.append((start, edge))
            start = counted_from = edge
    return systems
