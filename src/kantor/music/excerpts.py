"""Stretches of a piece as pieces of their own: none is too long to be engraved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kantor.music.notation import Time
from kantor.music.score import REST, Score

WHOLE = 80
"""Bars of a piece that is engraved in one go."""
_USUAL, _MORE = 40, 8  # bars of a stretch of a longer one, and how many it may have beyond
_CLOSING = ("backward", "ending-stop", "ending-open")


def stretches(score: Score) -> list[tuple[int, int]]:
    """Where the stretches of a piece begin and end: at bar lines over which little is held."""
    lines = [line for line in score.bar_lines.tolist() if 0 < line < score.steps]
    if len(lines) < WHOLE:
        return [(0, score.steps)]
    held = (score.pitches[lines] != REST) & ~score.onsets[lines]
    cost = held.sum(axis=1) - 0.5 * score.fermatas[np.array(lines) - 1]
    cuts, at = [0], 0
    while len(lines) - at > _USUAL + _MORE:
        first = at + _USUAL - _MORE
        near = cost[first : at + _USUAL + _MORE]
        at = first + int((near + 0.01 * abs(np.arange(len(near)) - _MORE)).argmin()) + 1
        cuts.append(lines[at - 1])
    return list(zip(cuts, [*cuts[1:], score.steps], strict=True))


def excerpt(score: Score, start: int, end: int) -> Score:
    """The steps from `start` to `end` as a score of their own.

    What stands before its first bar line is its pickup. Notes that are held into it begin anew;
    the tempo and the meter are those that hold there.
    """
    if (start, end) == (0, score.steps):
        return score

    def moved(time: Time) -> Time | None:
        return time - start if start <= time < end else None

    signs = tuple(
        sign._replace(start=sign.start - start)
        for sign in score.notation.signs
        if (start < sign.start <= end if sign.kind in _CLOSING else start <= sign.start < end)
    )
    onsets = score.onsets[start:end].copy()
    onsets[0] = score.pitches[start] != REST
    lines = score.bar_lines[(score.bar_lines >= start) & (score.bar_lines < end)] - start
    tempi = [(0, score.tempo), *score.tempi]
    meters = [(0, score.meter), *score.meters]
    return replace(
        score,
        pitches=score.pitches[start:end],
        onsets=onsets,
        meter=[meter for at, meter in meters if at <= start][-1],
        meters=tuple((at - start, meter) for at, meter in meters if start < at < end),
        tempo=[tempo for at, tempo in tempi if at <= start][-1],
        tempi=tuple((at - start, tempo) for at, tempo in tempi if start < at < end),
        pickup=int(lines[:1].sum()) if start else score.pickup,
        fermatas=score.fermatas[start:end],
        bar_lines=lines,
        notation=replace(score.notation.moved(moved), signs=signs, played=()),
    )
