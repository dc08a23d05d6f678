"""The encoder: what the given cells, before and after, mean for each step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kantor.music.score import VOICES
from kantor.runtime.layers import rectify
from kantor.runtime.pieces import Piece
from kantor.runtime.pitches import CODES, CONDITION, CONTEXT, Whole
from kantor.runtime.tables import ScoreLayer, chord_of
from kantor.runtime.weights import Array, Weights

TAPS = 3
"""Of a convolution: the steps before, here and after."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A piece as the encoder looks it up, once for all of its steps.

    Attributes
    ----------
    rows : (any, span) int32
        What `kantor.runtime.tables.ScoreLayer.sums` adds of the given cells.
    kinds : (span,) intp
        As `Piece.kinds`.
    entering, leaving : (kind, width) and (kind, unit) float32
        What the conditions add to the first layer, and to the decoder's.
    """

    rows: NDArray[np.int32]
    kinds: Whole
    entering: Array
    leaving: Array


class Encoder:
    """Given cells and conditions to what the decoder's first layer makes of them."""

    def __init__(self, weights: Weights) -> None:
        kernel = weights["encoder.entry.kernel"]
        around = len(VOICES) + CONDITION
        known, conditions = np.split(kernel[-around:], [len(VOICES)])
        self.entry = ScoreLayer(kernel[:-around], known)
        self.bias = weights["encoder.entry.bias"]
        self.dilations = [int(step) for step in weights["encoder.dilations"]]
        self.convolutions = [
            (weights[f"encoder.{layer}.kernel"], weights[f"encoder.{layer}.bias"])
            for layer in range(len(self.dilations))
        ]
        width = kernel.shape[1]
        entry = weights["entry.kernel"]
        seen, told = np.split(entry[-width - CONDITION :], [width])
        self.seen = seen
        self.told = np.concatenate([conditions, told], axis=1)
        self.width, self.units = width, entry.shape[1]
        self.told_bias = np.concatenate([self.bias, weights["entry.bias"]])

    def read(self, piece: Piece) -> Reading:
        """Look up what is the same for every part of a piece."""
        now = piece.codes.T.astype(np.intp)
        before = np.zeros_like(now)
        before[:, 1:] = now[:, :-1]
        rows = self.entry.rows(now * CODES + before, now, piece.onsets.T, chord_of(now))
        told = piece.conditions @ self.told + self.told_bias
        entering, leaving = np.split(told, [self.width], axis=1)
        return Reading(rows.astype(np.int32), piece.kinds, entering.copy(), leaving.copy())

    def __call__(self, reading: Reading, start: int, stop: int, out: Array) -> None:
        """What the decoder's first layer gets from the steps `start` to `stop` of a piece.

        Parameters
        ----------
        out : (stop - start, unit) float32
            Where it is written.
        """
        reach, span = sum(self.dilations), len(reading.kinds)
        first, last = _around(CONTEXT + start, CONTEXT + stop, reach, span)
        edge = max(self.dilations, default=0)
        padded = np.empty((last - first + 2 * edge, self.width), np.float32)
        padded[:edge] = padded[edge + last - first :] = 0
        hidden = padded[edge : edge + last - first]
        entering = reading.entering.take(reading.kinds[first:last], axis=0)
        np.add(self.entry.sums(reading.rows[:, first:last].astype(np.intp)), entering, out=hidden)
        rectify(hidden)
        for dilation, (kernel, bias) in zip(self.dilations, self.convolutions, strict=True):
            reach -= dilation
            low, high = _around(CONTEXT + start, CONTEXT + stop, reach, span)
            found = _convolve(padded[edge - dilation + low - first :], high - low, dilation, kernel)
            found += bias
            hidden[low - first : high - first] += rectify(found)
        part = slice(CONTEXT + start, CONTEXT + stop)
        np.matmul(hidden[part.start - first : part.stop - first], self.seen, out=out)
        out += reading.leaving.take(reading.kinds[part], axis=0)


def _around(start: int, stop: int, reach: int, span: int) -> tuple[int, int]:
    """The steps that so many steps are seen from, and that there are."""
    return max(0, start - reach), min(span, stop + reach)


def _convolve(padded: Array, length: int, dilation: int, kernel: Array) -> Array:
    """A convolution of three taps; row 0 of `padded` is what the first step sees before itself."""
    row, number = padded.strides
    width = padded.shape[1]
    shape, strides = (length, TAPS, width), (row, dilation * row, number)
    seen = np.ndarray(shape, padded.dtype, padded, strides=strides)
    return np.asarray(seen.reshape(length, -1) @ kernel)
