"""Linear layers on a step's one-hot features, as sums of rows of their kernels.

`kantor.network.layout` says which features a step has. A product with one-hot vectors is a sum of
the kernel's rows, and rows that always come together are added beforehand: a line's token with its
motion, two lines' interval with their distance. That halves the rows that there are to sum.

Arrays of a step are ``(line, row)``: one row a piece, or a step of one piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.network import layout
from kantor.network.layout import MOTIONS, OCTAVE, Layout
from kantor.runtime.weights import Array

Whole = NDArray[np.intp]
Flags = NDArray[np.bool_]
_zeros = np.zeros(0, np.float32)


class Relations(NamedTuple):
    """Relations of two pitched tokens, looked up by ``one * tokens + other``.

    Attributes
    ----------
    distance
        ``one - other + tokens``; 0 where one of them is no pitch.
    interval
        The interval class; `OCTAVE` where one of them is no pitch.
    motion
        The motion to `one` from `other`; `MOTIONS` where there is none, or it is too large.
    """

    distance: Whole
    interval: Whole
    motion: Whole


@cache
def relations(tokens: int) -> Relations:
    """The relations of any two of so many tokens."""
    one, other = np.indices((tokens, tokens)).reshape(2, -1)
    interval, motion = layout.interval(one, other), layout.motion(one, other)
    return Relations(
        np.where(interval.known, one - other + tokens, 0),
        np.where(interval.known, interval.index, OCTAVE),
        np.where(motion.known, motion.index, MOTIONS),
    )


class ChordTables:
    """The part of a layer that reads the tokens of some lines, their motions and their relations.

    Parameters
    ----------
    blocks : mapping of str to (…, unit) float32
        The layer's kernel by the blocks of `Layout.chord`.
    lines : sequence of int
        The lines that may be known, in the order in which they come to be known.
    """

    def __init__(self, blocks: Mapping[str, Array], lines: Sequence[int], of: Layout) -> None:
        self._tokens = of.vocabulary.tokens
        self._distance = relations(self._tokens).distance
        place = {line: place for place, line in enumerate(lines)}
        pairs = [pair for pair in of.ensemble.pairs if {*pair} <= {*lines}]
        pairs.sort(key=lambda pair: max(place[line] for line in pair))
        self._pairs = np.array(pairs, np.intp).reshape(-1, 2).T
        # How many of the pairs are of the first lines alone, by how many lines.
        self._known = [
            sum(max(place[line] for line in pair) < count for pair in pairs)
            for count in range(len(lines) + 1)
        ]
        tables = [_of_line(blocks, line, of) for line in lines]
        tables += [_of_pair(blocks, pair, of) for pair in pairs]
        self._table = np.concatenate(tables)
        starts = np.cumsum([0, *map(len, tables)])[:-1, None]
        self._starts = np.split(starts, [len(lines)])

    def __call__(self, now: Whole, pairs: Whole) -> Array:
        """The layer's output ``(row, unit)``, without a bias.

        Parameters
        ----------
        now : (line, row)
            Tokens of all lines of the ensemble.
        pairs : (line, row)
            ``now * tokens + before`` of the first of `lines`, at least one: those that are known.
        """
        index = pairs + self._starts[0][: len(pairs)]
        total = self._table.take(index[0], axis=0)
        for rows in index[1:]:  # one after the other stays within the cache
            total += self._table.take(rows, axis=0)
        upper, lower = self._pairs[:, : self._known[len(pairs)]]
        if len(upper):
            both = now.take(upper, axis=0) * self._tokens
            both += now.take(lower, axis=0)
            index = self._distance.take(both)
            index += self._starts[1][: len(upper)]
            for rows in index:
                total += self._table.take(rows, axis=0)
        return np.asarray(total)


def _of_line(blocks: Mapping[str, Array], line: int, of: Layout) -> Array:
    """Rows ``now * tokens + before`` of a line: its token, and its motion to it."""
    pitched = of.ensemble.pitched
    choices = blocks["pitch"][line] if line < pitched else blocks["hit"][line - pitched]
    table = np.zeros((1 + len(choices), of.vocabulary.tokens, choices.shape[-1]), np.float32)
    table[1:] = choices[:, None]
    if line < pitched:
        motion = layout.motion(*np.indices(table.shape[:2]))
        table[motion.known] += blocks["motion"][line][motion.index[motion.known]]
    return table.reshape(-1, choices.shape[-1])


def _of_pair(blocks: Mapping[str, Array], pair: tuple[int, int], of: Layout) -> Array:
    """Rows by `Relations.distance` of two lines: their interval; if they are neighbours, how far
    they are apart."""
    upper, lower = pair
    tokens = of.vocabulary.tokens
    distance = np.arange(1, 2 * tokens) - tokens
    table = blocks["interval"][of.ensemble.pairs.index(pair)][distance % OCTAVE]
    if lower == upper + 1:
        table = table + blocks["spacing"][upper][layout.above_bounds(distance).sum(axis=-1)]
    return np.pad(table, ((1, 0), (0, 0)))


class ScoreLayer:
    """A linear layer without bias on a step as `Layout.score` has it.

    Parameters
    ----------
    kernel : (feature, unit) float32
    """

    def __init__(self, kernel: Array, of: Layout) -> None:
        blocks = of.score.split(kernel)
        self._tokens = of.vocabulary.tokens
        self._chord = ChordTables(blocks, range(len(of.ensemble)), of)
        self._onsets = np.pad(blocks["onset"][:, None], ((0, 0), (1, 0), (0, 0)))

    def __call__(self, now: Whole, before: Whole, onsets: Flags) -> Array:
        """The layer's output ``(row, unit)`` of tokens and onsets ``(line, row)``."""
        total = self._chord(now, now * self._tokens + before)
        for table, flags in zip(self._onsets, onsets.astype(np.intp), strict=True):
            total += table.take(flags, axis=0)
        return total


def rectify(array: Array) -> Array:
    """ReLU in place, of a contiguous array.

    numpy compares two arrays three times as fast as an array and a number.
    """
    global _zeros
    zeros = _zeros  # another thread may put a shorter one in its place
    if len(zeros) < array.size:
        zeros = _zeros = np.zeros(2 * array.size, np.float32)
    flat = array.reshape(-1)
    np.maximum(flat, zeros[: array.size], out=flat)
    return array


def leaky(array: Array) -> Array:
    """Leaky ReLU with slope 0.2, in place."""
    np.maximum(array, np.float32(0.2) * array, out=array)
    return array
