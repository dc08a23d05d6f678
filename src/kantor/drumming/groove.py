"""Drums that hold a groove: in each section the bar that recurs, and a fill at its end.

A model finds its groove within three to five bars, for it sees one bar of its own past. So the
bar that it comes back to most is put in the place of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from kantor.music.score import Flags

SECTION = 8
"""Bars of a section, at least; it ends in the first bar after these that ends a phrase."""

_ALONE = 0.15
"""What a hit of a pattern counts against it for each bar that lacks the hit."""

Span = tuple[int, int]


def held(hits: Flags, composed: Flags, starts: Sequence[int], fermatas: Flags) -> Flags:
    """The hits with one pattern in all bars of a section but the last, which stays: the fill.

    Bars of different lengths have a pattern each. What is before the first bar stays.

    Parameters
    ----------
    hits : (time, drum) bool
    composed : (time, drum) bool
        Cells that may change; the others were given.
    starts
        The steps at which whole bars begin, ascending.
    fermatas : (time,) bool
        True during the last note of each phrase.
    """
    made = hits.copy()
    ends = fermatas & ~np.append(fermatas[1:], False)
    for *bars, _ in sections(list(pairwise([*starts, len(hits)])), ends):
        asked = [(start, end) for start, end in bars if composed[start:end].any()]
        for length in {end - start for start, end in asked}:
            alike = [(start, end) for start, end in asked if end - start == length]
            pattern = recurring(np.stack([hits[start:end] for start, end in alike]))
            for start, end in alike:
                made[start:end] = np.where(composed[start:end], pattern, hits[start:end])
    return made


def sections(bars: Sequence[Span], ends: Flags) -> Iterator[list[Span]]:
    """The bars of each section; `ends` is True in the last step of each phrase, ``(time,)``."""
    section: list[Span] = []
    for start, end in bars:
        section.append((start, end))
        if len(section) >= SECTION and ends[start:end].any():
            yield section
            section = []
    if section:
        yield section


def recurring(bars: Flags) -> Flags:
    """The bar whose hits the others have most often, ``(step, drum)``, of ``(bar, step, drum)``.

    A hit counts one for each bar that has it, less `_ALONE` for each that lacks it. So a full bar
    is taken before a bare one that returns as often: a model begins with bare ones.
    """
    hits = bars.reshape(len(bars), -1).astype(int)
    common = (hits @ hits.T).sum(axis=1)
    lacking = len(bars) * hits.sum(axis=1) - common
    return np.asarray(bars[(common - _ALONE * lacking).argmax()], dtype=bool)
