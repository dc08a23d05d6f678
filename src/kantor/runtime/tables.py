"""Linear layers on a step's one-hot features, as sums of rows of their kernels.

`kantor.network.layout` says which features a step has. A product with one-hot vectors is a sum of
the kernel's rows, and rows that always come together are added beforehand: a line's token with its
motion, two lines' interval with their distance. That halves the rows that there are to sum.

Arrays of a step are ``(line, row)``: one row a piece, or a step of one piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from kantor.network import layout
from kantor.network.layout import MOTIONS, OCTAVE, Layout
from kantor.runtime.weights import Array

Whole = NDArray[np.intp]
Flags = NDArray[np.bool_]

_SMALL = 512
"""Rows up to which they are added at once; more are added one by one and stay in the cache."""


class Chords:
    """Numbers a step's chord: what the lines sing and come from, how far each pair is apart.

    By ``one * tokens + other`` it holds the `interval` class of two tokens, `OCTAVE` where there is
    none, and the `motion` to `one` from `other`, `MOTIONS` where there is none or it is too large.
    """

    def __init__(self, of: Layout) -> None:
        self.tokens = of.vocabulary.tokens
        one, other = np.indices((self.tokens, self.tokens)).reshape(2, -1)
        interval, motion = layout.interval(one, other), layout.motion(one, other)
        self._distance = np.where(interval.known, one - other + self.tokens, 0)
        self.interval = np.where(interval.known, interval.index, OCTAVE)
        self.motion = np.where(motion.known, motion.index, MOTIONS)
        self._upper, self._lower = np.array(of.ensemble.pairs, np.intp).T

    def __call__(self, now: Whole, before: Whole) -> Whole:
        """The chord of tokens: a number for each line, then for each pair: ``(line + pair, row)``.

        Of a line ``now * tokens + before``; of a pair ``upper - lower + tokens``, 0 where one of
        them is no pitch.
        """
        lines = now * self.tokens + before
        return np.concatenate([lines, self._distance.take(self._pairs(now))])

    def intervals(self, now: Whole) -> Whole:
        """The interval class of each pair, `OCTAVE` where there is none: ``(pair, row)``."""
        return np.asarray(self.interval.take(self._pairs(now)))

    def _pairs(self, now: Whole) -> Whole:
        pairs = now.take(self._upper, axis=0) * self.tokens
        pairs += now.take(self._lower, axis=0)
        return np.asarray(pairs)


class ChordTables:
    """The part of a layer that reads the tokens of some lines, their motions and their relations.

    It is made of the layer's kernel by the blocks of `Layout.chord`, ``(…, unit)``, and of the
    lines that may be known, in the order in which they come to be known.
    """

    def __init__(self, blocks: Mapping[str, Array], lines: Sequence[int], of: Layout) -> None:
        place, all_pairs = {line: place for place, line in enumerate(lines)}, of.ensemble.pairs
        pairs = [pair for pair in all_pairs if {*pair} <= {*lines}]
        pairs.sort(key=lambda pair: max(place[line] for line in pair))
        tables = [_of_line(blocks, line, of) for line in lines]
        tables += [_of_pair(blocks, pair, of) for pair in pairs]
        self.table = np.concatenate(tables)
        numbers = [*lines, *(len(of.ensemble) + all_pairs.index(pair) for pair in pairs)]
        starts = np.cumsum([0, *map(len, tables)])[:-1, None]
        # By how many of the lines are known: what is read of a chord, and where its rows begin.
        ends = [1 + place[line] for line in lines]
        ends += [1 + max(place[line] for line in pair) for pair in pairs]
        self.known = [
            (np.array(numbers)[np.array(ends) <= count], starts[np.array(ends) <= count])
            for count in range(len(lines) + 1)
        ]

    def __call__(self, chord: Whole, count: int) -> Array:
        """The layer's output ``(row, unit)`` of a chord's first `count` lines, without a bias."""
        numbers, starts = self.known[count]
        return summed(self.table, chord.take(numbers, axis=0) + starts)


def summed(table: Array, index: Whole) -> Array:
    """Sums of rows of a table by ``index (feature, row)``."""
    if index.size <= _SMALL:
        return np.asarray(np.add.reduce(table.take(index, axis=0), axis=0))
    total: Array = table.take(index[0], axis=0)
    for rows in index[1:]:
        total += table.take(rows, axis=0)
    return total


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
    """Rows by two lines' distance: their interval; of neighbours the kind of distance too."""
    upper, lower = pair
    distance = np.arange(1, 2 * of.vocabulary.tokens) - of.vocabulary.tokens
    table = blocks["interval"][of.ensemble.pairs.index(pair)][distance % OCTAVE]
    if lower == upper + 1:
        table = table + blocks["spacing"][upper][layout.above_bounds(distance).sum(axis=-1)]
    return np.pad(table, ((1, 0), (0, 0)))


class ScoreLayer:
    """A layer ``(feature, unit)`` without bias on a step as `Layout.score` has it."""

    def __init__(self, kernel: Array, of: Layout) -> None:
        blocks, lines = of.score.split(kernel), range(len(of.ensemble))
        chord = ChordTables(blocks, lines, of)
        self._numbers, starts = chord.known[-1]
        self._starts = np.concatenate([starts, len(chord.table) + 2 * np.array(lines)[:, None]])
        onsets = np.pad(blocks["onset"][:, None], ((0, 0), (1, 0), (0, 0)))
        self._table = np.concatenate([chord.table, *onsets])

    def __call__(self, chord: Whole, onsets: Flags) -> Array:
        """The layer's output ``(row, unit)`` of a chord and of onsets ``(line, row)``."""
        index = np.concatenate([chord.take(self._numbers, axis=0), onsets])
        said = index.any(axis=1)  # by 0 a table has a row of zeros
        return summed(self._table, index[said] + self._starts[said])


def rectify(array: Array) -> Array:
    """ReLU in place; numpy compares two arrays faster than an array and a number."""
    return np.asarray(np.maximum(array, np.zeros_like(array), out=array))


@cache
def one_core() -> None:
    """From now on numpy's matrix products run on one core of this process.

    So several threads can each use their own core, and sums come out alike: a product that is
    shared among cores adds up in another order. OpenBLAS uses, once, more of its buffer than
    composing needs: before that some products take up to four times as long on AMD's Zen.
    """
    ThreadpoolController().limit(limits=1, user_api="blas")
    np.matmul(np.ones((32, 256), np.float32), np.ones((256, 512), np.float32))
