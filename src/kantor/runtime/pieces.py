"""A piece as the networks are shown it, and those that read it whole: encoder and critic.

They are the same as in `kantor.model.nets.chorale` and `kantor.model.nets.critic`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, STEPS_PER_QUARTER, Flags, Pitches
from kantor.network import layout, tokens
from kantor.network.layout import CONDITIONS, CONTEXT, METER, SUCCESSIONS, TAPS, Layout
from kantor.network.tokens import UNKNOWN
from kantor.runtime.returns import returns
from kantor.runtime.tables import Chords, ScoreLayer, Whole, one_core, rectify
from kantor.runtime.weights import CRITIC, Array, Weights

HOP = 16
"""Steps from one window that the critic judges to the next."""


def inside(given: Conditioning) -> Flags:
    """True up to a piece's last step that sounds or is to be composed: ``(batch, time) bool``."""
    return np.asarray(np.arange(given.steps) < _lengths(given)[:, None], dtype=bool)


def _lengths(given: Conditioning) -> Whole:
    used = (~given.mask | (given.pitches != REST)).any(axis=-1)
    return np.where(used.any(axis=1), given.steps - used[:, ::-1].argmax(axis=1), 0)


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece with `CONTEXT` steps of given rests before it and some after it, ``span`` in all.

    Around it bars are those of its first and last step; nothing is to be composed.
    """

    tokens: NDArray[np.int8]  # (span, line), 0 where a cell is to be composed
    onsets: Flags  # (span, line), of the given cells
    bars: NDArray[np.int16]  # (span, 2), as `Conditioning.bars`
    fermatas: Array  # (span,), as `Conditioning.fermatas`
    inside: Flags  # (span,), True in the piece itself
    major_tonic: int
    tonic: int
    steps: int  # without what stands around it

    @property
    def held(self) -> Flags:
        """Where a fermata is held for sure, ``(steps,)``."""
        return np.asarray(self.fermatas[CONTEXT : CONTEXT + self.steps] == 1, dtype=bool)

    @property
    def closes(self) -> Flags:
        """Where a phrase ends, ``(steps,)``: under a fermata and in the quarter before it."""
        closes = (held := self.held).copy()
        for lag in range(1, STEPS_PER_QUARTER + 1):
            closes[:-lag] |= held[lag:]
        return closes

    @cached_property
    def returns(self) -> tuple[Whole, Array]:
        """See `kantor.runtime.returns.returns`."""
        own = slice(CONTEXT, CONTEXT + self.steps)
        return returns(self.tokens[own], self.onsets[own], self.bars[own, 0])

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
        onsets, fermatas = np.zeros(shown.shape, bool), np.zeros(len(steps), np.float32)
        onsets[within] = given.onsets[part] & given.mask[part]
        fermatas[within] = given.fermatas[part]
        bars = given.bars[row, steps.clip(0, max(length - 1, 0))]
        tonic = int(given.major_tonic[row])
        own = int(given.tonic[row])
        batch.append(Piece(shown, onsets, bars, fermatas, within, tonic, own, length))
    return batch


class Encoder:
    """Given cells and conditions to what the decoder's first layer makes of them."""

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
        hidden += self._score(self._chords(now, before), piece.onsets[first:last].T)
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


class Critic:
    """Scores of windows, as `kantor.model.nets.critic.ChoraleCritic` gives them."""

    def __init__(self, weights: Weights, of: Layout) -> None:
        self._layout, self._weights = of, weights
        seen = weights[f"{CRITIC}seen.kernel"]
        self._chords = Chords(of)
        self._score = ScoreLayer(seen[: of.score.size], of)
        successions = of.judged.split(seen)["succession"]
        none = np.zeros_like(successions[:, :1])
        self._successions = np.concatenate([successions, none], axis=1)
        self._upper, self._lower = np.array(of.ensemble.pairs, np.intp).T
        self._strided = sum(name.startswith(f"{CRITIC}strided.") for name in weights) // 2
        self._width = len(weights[f"{CRITIC}local.bias"])
        self._window = len(weights[f"{CRITIC}score.kernel"]) // self._width * 2**self._strided

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """Mean scores ``(batch,)`` of pieces; see `kantor.runtime.Generator.judge`."""
        batch = pieces(given, self._layout, self._window)
        sung = self._layout.vocabulary.to_tokens(np.asarray(pitches), given.major_tonic)
        one_core()
        scores = [self._score_of(*one) for one in zip(batch, sung, onsets, strict=True)]
        return np.array(scores, np.float32)

    def _score_of(self, piece: Piece, sung: Whole, onsets: Flags) -> float:
        """The mean score of a piece's windows."""
        after = ((0, self._window), (0, 0))
        now = np.pad(sung[: piece.steps], after, constant_values=tokens.REST).T
        before = np.pad(now[:, :-1], ((0, 0), (1, 0)), constant_values=tokens.REST)
        onsets = np.pad(onsets[: piece.steps], after).T
        steps = self._score(self._chords(now, before), onsets)
        pairs = now[self._upper], now[self._lower], before[self._upper], before[self._lower]
        place = layout.succession(*pairs)
        index = np.where(place.known, place.index, SUCCESSIONS)
        for table, rows in zip(self._successions, index, strict=True):
            steps += table.take(rows, axis=0)
        steps += self._dense("surroundings", piece.around(CONTEXT, len(piece.tokens)))
        starts = np.arange(0, max(piece.steps, 1), HOP)
        windows = _leaky(steps)[starts[:, None] + np.arange(self._window)]
        padded = np.pad(windows, ((0, 0), (1, 1), (0, 0)))
        taps = [padded[:, tap : tap + self._window] for tap in range(TAPS)]
        hidden = _leaky(self._dense("local", np.concatenate(taps, axis=-1)))
        local = self._dense("local_score", hidden).mean(axis=(1, 2))
        for layer in range(self._strided):
            hidden = hidden.reshape(len(starts), -1, 2 * self._width)
            hidden = _leaky(self._dense(f"strided.{layer}", hidden))
        scores = self._dense("score", hidden.reshape(len(starts), -1))[:, 0]
        return float((scores + local).mean())

    def _dense(self, name: str, inputs: Array) -> Array:
        kernel = self._weights[f"{CRITIC}{name}.kernel"]
        product = inputs.reshape(-1, len(kernel)) @ kernel
        product += self._weights[f"{CRITIC}{name}.bias"]
        return np.asarray(product.reshape(*inputs.shape[:-1], -1))


def _leaky(array: Array) -> Array:
    """Leaky ReLU with slope 0.2, in place."""
    return np.asarray(np.maximum(array, np.float32(0.2) * array, out=array))
