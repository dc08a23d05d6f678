"""A linear layer on one-hot features as sums of rows of tables.

The networks read a step as one-hot vectors: pitches, intervals, distances, motions. A product with
such vectors is a sum of the weights' rows, so the rows that always come together are added
beforehand. Arrays of a step are ``(voice, row)``: one row a piece.
"""

from __future__ import annotations

from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import VOICES
from kantor.runtime.pitches import BASE, CODES, LARGEST_MOTION, MOTIONS, PAIRS, SPACINGS, Whole
from kantor.runtime.weights import Array

SINGLES = CODES * CODES
APARTS = 2 * CODES - 2
"""Rows by how far a voice lies above another one; the first is for cells that are not known."""
_CODES = np.arange(CODES)
_SOUNDS = _CODES > 1
_BOTH = _SOUNDS[:, None] & _SOUNDS
_MOVED = _CODES[:, None] - _CODES
APART = np.where(_BOTH, _MOVED + CODES - 1, 0).ravel()
"""The row for two codes, ``upper * CODES + lower``."""
_CHROMA = np.where(_SOUNDS, 1 + (_CODES - 1 + BASE) % 12, 0)
_RADIX = 13 ** np.arange(len(VOICES))[:, None]


def cut(kernel: Array, sizes: tuple[int, ...]) -> list[Array]:
    """The rows of a layer's weights by the features that they belong to."""
    return np.split(kernel, np.cumsum(sizes)[:-1])


def single(pitch: Array, motion: Array) -> Array:
    """Rows ``now * CODES + before`` of a voice: its pitch, and its motion to it."""
    table = np.zeros((CODES, CODES, pitch.shape[-1]), np.float32)
    table[1:] = pitch[:, None]
    near = _BOTH & (np.abs(_MOVED) <= LARGEST_MOTION)
    table[near] += motion[_MOVED[near] + LARGEST_MOTION]
    return table.reshape(SINGLES, -1)


def apart(intervals: Array | None, spacing: Array | None) -> Array:
    """Rows by `APART` of a pair of voices: their interval, and their distance as neighbours."""
    distance = np.arange(1, APARTS) - (CODES - 1)
    parts = []
    if intervals is not None:
        parts.append(intervals[distance % 12])
    if spacing is not None:
        parts.append(spacing[(distance[:, None] > np.array(SPACINGS)).sum(axis=1)])
    return np.pad(np.add.reduce(parts), ((1, 0), (0, 0)))


@cache
def _chords() -> tuple[Whole, Whole]:
    """A number for every four pitch classes, and the classes above the first one of each.

    Two chords that differ by a transposition have one number; a rest is class 0.
    """
    every = np.stack(np.unravel_index(np.arange(13 ** len(VOICES)), (13,) * len(VOICES)))[::-1]
    first = np.take_along_axis(every, (every > 0).argmax(axis=0)[None], axis=0)
    above = np.where(every > 0, 1 + (every - first) % 12, 0)
    _, where, number = np.unique(
        (above * _RADIX).sum(axis=0), return_index=True, return_inverse=True
    )
    return number.astype(np.intp), above[:, where]


def chord_of(codes: Whole) -> Whole:
    """The number of the intervals of chords ``(voice, row)``: ``(row,)``."""
    index = (_CHROMA.take(codes) * _RADIX).sum(axis=0)
    return np.asarray(_chords()[0].take(index), dtype=np.intp)


def chords(intervals: Array) -> Array:
    """Rows by `chord_of`: the sum of the six pairs' intervals, of weights ``(pair, 12, unit)``."""
    above = _chords()[1]
    table = np.zeros((above.shape[1], intervals.shape[-1]), np.float32)
    for pair, (upper, lower) in enumerate(PAIRS):
        both = (above[upper] > 0) & (above[lower] > 0)
        table[both] += intervals[pair][(above[upper] - above[lower])[both] % 12]
    return table


class ScoreLayer:
    """A linear layer on a step as pitches, onsets, intervals, distances and motions.

    Parameters
    ----------
    kernel : (features, unit)
        In the order of `kantor.model.nets.inputs.score_features`.
    known : (4, unit), optional
        What is added for each voice that is known.
    """

    def __init__(self, kernel: Array, known: Array | None = None) -> None:
        voices, width = len(VOICES), kernel.shape[1]
        sizes = (voices * (CODES - 1), voices, 12 * len(PAIRS), 8 * (voices - 1), MOTIONS * voices)
        pitch, onsets, intervals, spacing, motion = cut(kernel, sizes)
        pitch = pitch.reshape(voices, -1, width)
        if known is not None:
            pitch = pitch + known[:, None]
        patterns = (np.arange(2**voices)[:, None] >> np.arange(voices)) & 1
        parts = [single(*both) for both in zip(pitch, np.split(motion, voices), strict=True)]
        parts += [apart(None, part) for part in np.split(spacing, voices - 1)]
        parts += [patterns.astype(np.float32) @ onsets, chords(intervals.reshape(-1, 12, width))]
        self.table = np.concatenate(parts)
        starts = np.cumsum([0, *map(len, parts)])[:-1, None]
        self._singles, self._neighbours = starts[:voices], starts[voices : 2 * voices - 1]
        self._strikes, self._chords = starts[2 * voices - 1 :, 0]

    def __call__(
        self, singles: Whole, now: Whole, onsets: NDArray[np.bool_], chord: Whole
    ) -> Array:
        """The layer's output without its bias.

        Parameters
        ----------
        singles : (voice, row)
            ``now * CODES + before``.
        now : (voice, row)
        onsets : (voice, row) bool
        chord : (row,)
            Of `chord_of`.

        Returns
        -------
        (row, unit) float32
        """
        return self.sums(self._index(singles, now, onsets, chord))

    def rows(self, singles: Whole, now: Whole, onsets: NDArray[np.bool_], chord: Whole) -> Whole:
        """The table's rows that `sums` is to add: few where voices are not known in any row."""
        index = self._index(singles, now, onsets, chord)
        found = index[self._says.take(index).any(axis=1)]
        return found if len(found) else index[:1]

    def sums(self, rows: Whole) -> Array:
        """The layer's output of rows ``(any, row)`` of the table."""
        found = self.table.take(rows[0], axis=0)
        for row in rows[1:]:  # one after the other stays within the cache
            found += self.table.take(row, axis=0)
        return np.asarray(found)

    @cached_property
    def _says(self) -> NDArray[np.bool_]:
        """Which rows of the table are not zero."""
        return np.asarray(self.table.any(axis=1), bool)

    def _index(self, singles: Whole, now: Whole, onsets: NDArray[np.bool_], chord: Whole) -> Whole:
        voices = len(VOICES)
        index = np.empty((2 * voices + 1, now.shape[1]), np.intp)
        np.add(singles, self._singles, out=index[:voices])
        neighbours = APART.take(now[:-1] * CODES + now[1:])
        np.add(neighbours, self._neighbours, out=index[voices:-2])
        np.add(np.packbits(onsets, axis=0, bitorder="little")[0], self._strikes, out=index[-2])
        np.add(chord, self._chords, out=index[-1])
        return index
