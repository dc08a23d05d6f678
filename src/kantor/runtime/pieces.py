"""A piece as the networks are shown it, and the encoder, which reads it whole.

The encoder is that of `kantor.model.nets.chorale`, with its part of the decoder's first layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, STEPS_PER_QUARTER, Flags
from kantor.network import layout, tokens
from kantor.network.layout import CONDITIONS, CONTEXT, METER, Layout
from kantor.network.tokens import UNKNOWN
from kantor.runtime.tables import Chords, ScoreLayer, Whole, rectify
from kantor.runtime.weights import Array, Weights


def inside(given: Conditioning) -> Flags:
    """True up to a piece's last step in which a cell sounds or is to be composed.

    Returns
    -------
    (batch, time) bool
    """
    return np.asarray(np.arange(given.steps) < _lengths(given)[:, None], dtype=bool)


def _lengths(given: Conditioning) -> Whole:
    used = (~given.mask | (given.pitches != REST)).any(axis=-1)
    return np.where(used.any(axis=1), given.steps - used[:, ::-1].argmax(axis=1), 0)


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece with `CONTEXT` steps of given rests before it and some after it, ``span`` in all.

    Attributes
    ----------
    tokens : (span, line) int8
        0 where a cell is to be composed.
    onsets : (span, line) bool
        Of the given cells.
    bars : (span, 2) int16
        As `Conditioning.bars`; around the piece those of its first and last step.
    fermatas, inside : (span,) bool
        `inside` is True in the piece itself.
    major_tonic : int
    steps : int
        Length without what stands around it.
    """

    tokens: NDArray[np.int8]
    onsets: Flags
    bars: NDArray[np.int16]
    fermatas: Flags
    inside: Flags
    major_tonic: int
    steps: int

    @property
    def shift(self) -> int:
        """Semitones from C to the key's frame."""
        return int(tokens.frame_shift(self.major_tonic))

    @property
    def closes(self) -> Flags:
        """Where a phrase ends, ``(steps,)``: under a fermata and in the quarter before it."""
        fermatas = self.fermatas[CONTEXT : CONTEXT + self.steps]
        closes = fermatas.copy()
        for lag in range(1, STEPS_PER_QUARTER + 1):
            closes[:-lag] |= fermatas[lag:]
        return closes

    def around(self, start: int, stop: int) -> Array:
        """Some steps as `Layout.around` has them: which cells are given, and conditions."""
        steps = np.arange(stop - start)
        conditions = np.zeros((len(steps), CONDITIONS.size), np.float32)
        places = layout.meter(*self.bars[start:stop].T.astype(np.intp))
        for name, place in zip(METER, places, strict=True):
            block = CONDITIONS.at[name]
            conditions[steps, block.start + place.clip(0, block.stop - block.start - 1)] = 1
        conditions[:, CONDITIONS.at["fermata"]] = self.fermatas[start:stop, None]
        conditions[:, CONDITIONS.at["inside"]] = self.inside[start:stop, None]
        conditions[:, CONDITIONS.at["key"].start + self.major_tonic % 12] = 1
        return np.concatenate([self.tokens[start:stop] != UNKNOWN, conditions], axis=1)


def pieces(given: Conditioning, of: Layout, after: int = CONTEXT) -> list[Piece]:
    """The pieces of a batch, each without its padding, `after` steps shown after the end.

    Outside a piece the networks see what they saw there in training: given rests, the edge's
    place in its bar. So neither padding nor a longer neighbour in the batch changes a take.
    """
    batch = []
    for row, length in enumerate(_lengths(given).tolist()):
        part, one = (row, slice(length)), slice(row, row + 1)
        steps = np.arange(-CONTEXT, length + after)
        within = (steps >= 0) & (steps < length)
        shown = np.full((len(steps), given.mask.shape[-1]), tokens.REST, np.int8)
        known = of.vocabulary.to_tokens(given.pitches[one, :length], given.major_tonic[one])[0]
        shown[within] = np.where(given.mask[part], known, tokens.UNKNOWN)
        onsets, fermatas = np.zeros(shown.shape, bool), np.zeros(len(steps), bool)
        onsets[within] = given.onsets[part] & given.mask[part]
        fermatas[within] = given.fermatas[part]
        bars = given.bars[row, steps.clip(0, max(length - 1, 0))]
        tonic = int(given.major_tonic[row])
        batch.append(Piece(shown, onsets, bars, fermatas, within, tonic, length))
    return batch


class Encoder:
    """Given cells and conditions to what the decoder's first layer makes of them.

    Attributes
    ----------
    units : int
        Of the decoder's first layer.
    """

    def __init__(self, weights: Weights, of: Layout) -> None:
        kernel = weights["encoder.entry.kernel"]
        self._chords, self._score = Chords(of), ScoreLayer(kernel[: of.score.size], of)
        self._around = kernel[of.score.size :]
        self._bias = weights["encoder.entry.bias"]
        self._layers = [
            (int(dilation), weights[f"encoder.{layer}.kernel"], weights[f"encoder.{layer}.bias"])
            for layer, dilation in enumerate(weights["encoder.dilations"])
        ]
        self._reach = sum(dilation for dilation, _, _ in self._layers)
        size = len(self._bias) + CONDITIONS.size
        self._entry, self._entry_bias = weights["entry.kernel"][-size:], weights["entry.bias"]
        self.units = len(self._entry_bias)

    def __call__(self, piece: Piece, start: int, out: Array) -> None:
        """Write what the decoder's first layer gets from steps of a piece to `out (time, unit)`.

        Steps are computed as far around as they are seen from; zeros stand outside what there is.
        """
        start, stop = CONTEXT + start, CONTEXT + start + len(out)
        first, last = max(0, start - self._reach), min(len(piece.tokens), stop + self._reach)
        now = piece.tokens[first:last].T.astype(np.intp)
        before = np.full_like(now, UNKNOWN)
        before[:, 1:] = now[:, :-1]
        if first:
            before[:, 0] = piece.tokens[first - 1]
        around = piece.around(first, last)
        edge = max((dilation for dilation, _, _ in self._layers), default=0)
        padded = np.zeros((last - first + 2 * edge, len(self._bias)), np.float32)
        hidden = padded[edge : edge + last - first]
        np.matmul(around, self._around, out=hidden)
        hidden += self._bias
        hidden += self._score.read(self._chords(now, before), piece.onsets[first:last].T)
        rectify(hidden)
        for dilation, kernel, bias in self._layers:
            taps = (edge + tap * dilation for tap in (-1, 0, 1))
            seen = np.concatenate([padded[tap : tap + last - first] for tap in taps], axis=1)
            convolved = seen @ kernel
            convolved += bias
            hidden += rectify(convolved)
        part = slice(start - first, stop - first)
        conditions = around[part, -CONDITIONS.size :]
        np.matmul(np.concatenate([hidden[part], conditions], axis=1), self._entry, out=out)
        out += self._entry_bias
