"""The encoder: what the given cells, before and after, mean for each step.

The same as `kantor.model.nets.chorale.Encoder`, and its part of the decoder's first layer.
"""

from __future__ import annotations

import numpy as np

from kantor.network.layout import CONDITIONS, CONTEXT, Layout
from kantor.network.tokens import UNKNOWN
from kantor.runtime.pieces import Piece
from kantor.runtime.tables import ScoreLayer, rectify
from kantor.runtime.weights import Array, Weights


class Encoder:
    """Given cells and conditions to what the decoder's first layer makes of them."""

    def __init__(self, weights: Weights, layout: Layout) -> None:
        kernel = weights["encoder.entry.kernel"]
        self._score = ScoreLayer(kernel[: layout.score.size], layout)
        self._around = kernel[layout.score.size :]
        self._bias = weights["encoder.entry.bias"]
        self._layers = [
            (int(dilation), weights[f"encoder.{layer}.kernel"], weights[f"encoder.{layer}.bias"])
            for layer, dilation in enumerate(weights["encoder.dilations"])
        ]
        self._reach = sum(dilation for dilation, _, _ in self._layers)
        size = len(self._bias) + CONDITIONS.size
        self._entry, self._entry_bias = weights["entry.kernel"][-size:], weights["entry.bias"]
        self.units = len(self._entry_bias)

    def __call__(self, piece: Piece, start: int, stop: int) -> Array:
        """What the decoder's first layer gets from some steps of a piece: ``(stop - start, unit)``.

        Steps are computed as far around as they are seen from; zeros stand outside what there is.
        """
        start, stop = CONTEXT + start, CONTEXT + stop
        first, last = max(0, start - self._reach), min(len(piece.tokens), stop + self._reach)
        now = piece.tokens[first:last].T.astype(np.intp)
        before = np.full_like(now, UNKNOWN)
        before[:, 1:] = now[:, :-1]
        if first:
            before[:, 0] = piece.tokens[first - 1]
        conditions = piece.conditions(first, last)
        given = (now != UNKNOWN).T.astype(np.float32)
        around = np.concatenate([given, conditions], axis=1) @ self._around
        around += self._bias
        edge = max((dilation for dilation, _, _ in self._layers), default=0)
        padded = np.zeros((last - first + 2 * edge, len(self._bias)), np.float32)
        hidden = padded[edge : edge + last - first]
        np.add(self._score(now, before, piece.onsets[first:last].T), around, out=hidden)
        rectify(hidden)
        for dilation, kernel, bias in self._layers:
            taps = (edge + tap * dilation for tap in (-1, 0, 1))
            seen = np.concatenate([padded[tap : tap + last - first] for tap in taps], axis=1)
            convolved = seen @ kernel
            convolved += bias
            hidden += rectify(convolved)
        part = slice(start - first, stop - first)
        seen = np.concatenate([hidden[part], conditions[part]], axis=1)
        return np.asarray(seen @ self._entry + self._entry_bias)
