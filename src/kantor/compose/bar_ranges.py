"""Bars by their numbers, and the cells of a score that lie in them.

Bars are numbered as in print: a pickup is bar 0, the first whole bar is bar 1.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

import numpy as np

from kantor.errors import InputError
from kantor.music.notes import notes_of
from kantor.music.score import REST, Flags, Score

Ranges = tuple[tuple[int, int], ...]

_RANGE = re.compile(r"(\d{1,6})(?:\s*-\s*(\d{1,6}))?")


def parse_bars(text: str) -> Ranges:
    """Read ``"1-4,9"`` as first and last bar of each range.

    Raises
    ------
    InputError
        If it is not a list of bars, or a range runs backwards.
    """
    ranges = []
    for part in text.split(","):
        numbers = _RANGE.fullmatch(part.strip())
        if not numbers:
            raise InputError(f"bars {text!r}: expected numbers and ranges such as 1-4,9")
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if last < first:
            raise InputError(f"bars {text!r}: {first}-{last} runs backwards")
        ranges.append((first, last))
    return tuple(ranges)


def bar_spans(score: Score) -> dict[int, tuple[int, int]]:
    """The steps of each bar by its number: the first and the one after the last."""
    lines = [int(line) for line in score.bar_lines if line < score.steps]
    number = 1 if lines and lines[0] == 0 else 0
    edges = [*([0] if number == 0 else []), *lines, score.steps]
    return dict(enumerate(itertools.pairwise(edges), number))


def in_bars(score: Score, ranges: Ranges) -> Flags:
    """The steps in bars, ``(time,) bool``.

    Raises
    ------
    InputError
        If a bar is not there.
    """
    spans = bar_spans(score)
    first, last = min(spans), max(spans)
    inside = np.zeros(score.steps, bool)
    for low, high in ranges:
        if low < first or high > last:
            missing = low if low < first or low > last else high
            raise InputError(f"there is no bar {missing}; the piece has bars {first} to {last}")
        inside[spans[low][0] : spans[high][1]] = True
    return inside


def resting_bars(score: Score) -> Flags:
    """The cells of every bar in which their line rests throughout, ``(time, line) bool``."""
    resting = np.zeros(score.pitches.shape, bool)
    for start, end in bar_spans(score).values():
        resting[start:end] = (score.pitches[start:end] == REST).all(axis=0)
    return resting


def with_held(score: Score, mask: Flags) -> tuple[Flags, int]:
    """The mask, where a note that is held into a given cell is given from its beginning.

    Else a given cell could continue a note that nobody sings.

    Parameters
    ----------
    mask : (time, line) bool

    Returns
    -------
    mask : (time, line) bool
    notes : int
        How many notes this concerns.
    """
    mask, notes = mask.copy(), 0
    held = (score.pitches[1:] != REST) & ~score.onsets[1:]
    if not (held & mask[1:] & ~mask[:-1]).any():
        return mask, 0
    for note in notes_of(score):
        inside = mask[note.start : note.end, note.line]
        given = np.flatnonzero(inside)
        if given.size and not inside[: given[-1]].all():
            inside[: given[-1]] = True
            notes += 1
    return mask, notes


def numbers(bars: Iterable[int]) -> str:
    """Ascending bar numbers as ``"1-4, 9"``."""
    parts = []
    for _, group in itertools.groupby(enumerate(bars), key=lambda pair: pair[1] - pair[0]):
        run: Sequence[int] = [bar for _, bar in group]
        parts.append(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}")
    return ", ".join(parts)
