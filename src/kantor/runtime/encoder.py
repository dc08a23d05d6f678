"""The encoder: what the given cells, before and after, mean for each step."""

from __future__ import annotations

import numpy as np

from kantor.music.score import VOICES
from kantor.runtime.layers import rectify
from kantor.runtime.pieces import Piece
from kantor.runtime.pitches import CODES, CONDITION, CONTEXT
from kantor.runtime.tables import ScoreLayer, chord_of
from kantor.runtime.weights import Array, Weights

TAPS = 3
"""Of a convolution: the steps before, here and after."""


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

    def __call__(self, piece: Piece, start: int, stop: int) -> Array:
        """What the decoder's first layer gets from the steps `start` to `stop` of a piece.

        Returns
        -------
        (stop - start, unit) float32
        """
        reach = sum(self.dilations)
        first = max(0, CONTEXT + start - reach)
        last = min(len(piece.codes), CONTEXT + stop + reach)
        told = piece.conditions[first:last] @ self.told + self.told_bias
        around = max(self.dilations, default=0)
        padded = np.empty((last - first + 2 * around, self.width), np.float32)
        padded[:around] = padded[last - first + around :] = 0
        hidden = padded[around : last - first + around]
        np.add(self._entry(piece, first, last), told[:, : self.width], out=hidden)
        rectify(hidden)
        for dilation, (kernel, bias) in zip(self.dilations, self.convolutions, strict=True):
            found = _convolve(padded[around - dilation :], len(hidden), dilation, kernel)
            found += bias
            hidden += rectify(found)
        part = slice(CONTEXT + start - first, CONTEXT + stop - first)
        return np.asarray(hidden[part] @ self.seen + told[part, self.width :])

    def _entry(self, piece: Piece, first: int, last: int) -> Array:
        now = piece.codes[first:last].T
        before = piece.codes[max(0, first - 1) : last - 1].T
        if not first:
            before = np.pad(before, ((0, 0), (1, 0)))
        onsets = piece.onsets[first:last].T
        return self.entry.sparse(now * CODES + before, now, onsets, chord_of(now))


def _convolve(padded: Array, length: int, dilation: int, kernel: Array) -> Array:
    """A convolution of three taps; row 0 of `padded` is what the first step sees before itself."""
    row, number = padded.strides
    width = padded.shape[1]
    shape, strides = (length, TAPS, width), (row, dilation * row, number)
    seen = np.ndarray(shape, padded.dtype, padded, strides=strides)
    return np.asarray(seen.reshape(length, -1) @ kernel)
