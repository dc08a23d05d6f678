"""A score as it is played: repeated sections written out, for what is heard and not read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from kantor.music.notation import Dynamic, LineNotation, Notation
from kantor.music.score import REST, Score

T = TypeVar("T")


def played(score: Score) -> Score:
    """The stretches of the score in the order of `Notation.played`, end to end.

    A note that is held where a stretch begins is struck again there. Of the notation only what
    can be heard stays: the dynamics. A score without repeats is answered as it is.
    """
    spans = _spans(score)
    if not spans:
        return score
    score = struck(score)
    steps = np.concatenate([np.arange(start, end) for start, end in spans])
    onsets = score.onsets[steps]
    cuts = np.cumsum([0, *(end - start for start, end in spans[:-1])])
    onsets[cuts] = score.pitches[steps[cuts]] != REST
    bar_lines = _bar_lines(score, spans)
    tempo, *tempi = _changes([(0, score.tempo), *score.tempi], spans)
    meter, *meters = _changes([(0, score.meter), *score.meters], spans)
    pickup = bar_lines[0] if bar_lines and bar_lines[0] < score.meter.bar_steps else 0
    return replace(
        score,
        pitches=score.pitches[steps],
        onsets=onsets,
        meter=meter[1],
        pickup=pickup,
        fermatas=score.fermatas[steps],
        bar_lines=np.array(bar_lines, np.int32),
        tempo=tempo[1],
        tempi=tuple(tempi),
        meters=tuple(meters),
        notation=_notation(score.notation, spans),
    )


def struck(score: Score) -> Score:
    """A note that is held over the end of a repeated section as two: the section ends with it."""
    ends = [int(sign.start) for sign in score.notation.signs if sign.kind == "backward"]
    ends = [end for end in ends if 0 <= end < score.steps]
    if not ends:
        return score
    onsets = score.onsets.copy()
    onsets[ends] = score.pitches[ends] != REST
    return replace(score, onsets=onsets)


def _spans(score: Score) -> list[tuple[int, int]]:
    """The stretches that are played, within the score, those that follow each other joined."""
    spans: list[tuple[int, int]] = []
    for span in score.notation.played:
        start, end = max(0, int(span.start)), min(score.steps, int(span.end))
        if start < end and spans and spans[-1][1] == start:
            spans[-1] = spans[-1][0], end
        elif start < end:
            spans.append((start, end))
    return spans if spans != [(0, score.steps)] else []


def _bar_lines(score: Score, spans: Sequence[tuple[int, int]]) -> list[int]:
    """Where bars begin; a stretch that begins within a bar completes one that was cut short."""
    lines = score.bar_lines.tolist()
    places = score.bar_positions
    moved: list[int] = []
    now, whole = 0, False  # whether the stretch before ended with its bar
    for start, end in spans:
        inside = lines[bisect_left(lines, start) : bisect_left(lines, end)]
        if whole and inside[:1] != [start]:
            moved.append(now)
        moved += [line - start + now for line in inside]
        now += end - start
        whole = bool(places[end - 1, 0] + 1 >= places[end - 1, 1])
    return moved


def _changes(
    written: Sequence[tuple[int, T]], spans: Sequence[tuple[int, int]]
) -> list[tuple[int, T]]:
    """Every tempo or meter and where it begins, the first at 0."""
    starts = [start for start, _ in written]
    changes: list[tuple[int, T]] = []
    now = 0
    for start, end in spans:
        first = bisect_left(starts, start + 1) - 1
        for begins, value in written[first : bisect_left(starts, end)]:
            if not changes or changes[-1][1] != value:
                changes.append((max(begins, start) - start + now, value))
        now += end - start
    return changes


def _notation(written: Notation, spans: Sequence[tuple[int, int]]) -> Notation:
    lines: dict[int, LineNotation] = {}
    for number, line in written.lines.items():
        marks = sorted(line.dynamics, key=lambda mark: mark.start)
        starts = [mark.start for mark in marks]
        dynamics: list[Dynamic] = []
        now = 0
        for start, end in spans:
            inside = marks[bisect_left(starts, start) : bisect_left(starts, end)]
            dynamics += [mark._replace(start=mark.start - start + now) for mark in inside]
            now += end - start
        lines[number] = replace(line, lyrics=(), slurs=(), dynamics=tuple(dynamics))
    return replace(written, chords=(), words=(), signs=(), played=(), lines=lines)
