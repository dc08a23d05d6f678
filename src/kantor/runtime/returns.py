"""Returns: where a melody's bars come again, what was composed under them comes again too.

The networks see one bar of their own past, so they cannot know what stood under a phrase the first
time. Real music mostly repeats it: under three bars of melody that come again, four in five notes
of Bach's lower voices do. So in such a step the token that a line had in the earlier one gains
`SamplingParameters.returns` in its logit, as in a network with a cache (Grave, Joulin and Usunier
2017, "Improving neural language models with a continuous cache").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import Flags
from kantor.network.tokens import REST, UNKNOWN
from kantor.runtime.tables import Whole
from kantor.runtime.weights import Array

if TYPE_CHECKING:
    from kantor.runtime.heads import Head

_ALIKE = 0.8
"""Share of the notes that begin in either of two bars, by which they are nearly the same."""
_PHRASE = 3
"""Bars of which a phrase surely comes again."""


def returns(
    tokens: NDArray[np.int8], onsets: Flags, since: NDArray[np.int16]
) -> tuple[Whole, Array]:
    """Which earlier step comes again in each step of a piece, and how surely.

    A bar comes again where the lines that are given throughout have nearly the notes of an earlier
    bar, as long. Of several that one is meant with which most bars before and after agree too, or
    else the latest.

    Parameters
    ----------
    tokens : (time, line) int8
        0 where a cell is to be composed.
    onsets : (time, line) bool
    since : (time,) int16
        Steps since the last bar line.

    Returns
    -------
    source : (time,) int
        -1 where none comes again.
    share : (time,) float32
        1 in a phrase of three bars or more that comes again, a third in a bar alone, 0 elsewhere.
    """
    given = (tokens != UNKNOWN).all(axis=0)
    notes = tokens[:, given] * onsets[:, given]
    bars = np.flatnonzero(since == 0)
    length = np.diff(np.append(bars, len(since)))
    within = np.arange(length.max(initial=0)) < length[:, None]
    at = np.where(within, bars[:, None] + np.arange(within.shape[1]), 0)
    runs = _runs(np.where(within[..., None], notes[at], 0), length)
    source, share = np.full(len(since), -1), np.zeros(len(since), np.float32)
    for number, bar in enumerate(bars):
        if runs[number].any():
            steps = np.arange(length[number])
            earlier = len(bars) - 1 - int(runs[number, ::-1].argmax())
            source[bar + steps] = bars[earlier] + steps
            share[bar + steps] = min(1, runs[number, earlier] / _PHRASE)
    return source, share


def _runs(bars: Whole, length: Whole) -> Whole:
    """Of each bar and each earlier one how many bars agree in a row, they among them; 0: not they.

    `bars (bar, step, line)` has the notes that begin in each, 0 where none does, and after its end.
    """
    runs = np.zeros((len(bars) + 1, len(bars) + 1), np.intp)
    begin = bars > 0
    for number, bar in enumerate(bars):
        either = (begin[:number] | begin[number]).sum(axis=(1, 2))
        both = ((bars[:number] == bar) & begin[number]).sum(axis=(1, 2))
        agree = (both >= _ALIKE * either) & (both > 0) & (length[:number] == length[number])
        runs[number, :number] = agree * (1 + np.append(0, runs[number - 1, : number - 1])[:number])
    for number in reversed(range(len(bars))):
        goes_on = (runs[number, :-1] > 0) & (runs[number + 1, 1:] > 0)
        runs[number, :-1] = np.where(goes_on, runs[number + 1, 1:], runs[number, :-1])
    return runs[:-1, :-1]


class Again(NamedTuple):
    """What was composed for an earlier step that comes again."""

    tokens: Whole  # (line, row), 0 where nothing was composed
    onsets: Flags  # (line, row)
    gain: Array  # (row,) nats

    def rows(self, rows: Whole) -> Again:
        """Some of the pieces."""
        return Again(self.tokens[:, rows], self.onsets[:, rows], self.gain[rows])


def lean(logits: Array, head: Head, again: Again, key: Whole) -> Array:
    """Raise the logits of what was composed before; returns what an onset's gains, ``(row,)``."""
    tokens = again.tokens[head.line]
    place = np.where(tokens == REST, 0, head.place(tokens, key))
    rows = np.flatnonzero((tokens != UNKNOWN) & (place >= 0))
    logits[rows, place[rows]] += again.gain[rows]
    gain = np.where(again.onsets[head.line], again.gain, -again.gain)
    return np.where(tokens != UNKNOWN, gain, np.float32(0))
