"""The critic: how like the style it finds a piece. The same as `kantor.model.nets.critic`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Pitches
from kantor.network.layout import CONTEXT, SUCCESSIONS, TAPS, Layout, succession
from kantor.network.tokens import REST
from kantor.runtime.pieces import Piece, pieces
from kantor.runtime.tables import Chords, ScoreLayer, Whole, one_core
from kantor.runtime.weights import CRITIC, Array, Weights

HOP = 16
"""Steps from one judged window to the next."""


class Critic:
    """Scores of windows, as `kantor.model.nets.critic.ChoraleCritic` gives them."""

    def __init__(self, weights: Weights, layout: Layout) -> None:
        self._layout = layout
        self._weights = {
            name.removeprefix(CRITIC): array
            for name, array in weights.items()
            if name.startswith(CRITIC)
        }
        seen = self._weights["seen.kernel"]
        self._chords = Chords(layout)
        self._score = ScoreLayer(seen[: layout.score.size], layout)
        successions = layout.judged.split(seen)["succession"]
        none = np.zeros_like(successions[:, :1])
        self._successions = np.concatenate([successions, none], axis=1)
        self._upper, self._lower = np.array(layout.ensemble.pairs, np.intp).T
        self._strided = sum(name.startswith("strided.") for name in self._weights) // 2
        self.width = len(self._weights["local.bias"])
        self.window = len(self._weights["score.kernel"]) // self.width * 2**self._strided

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """Mean scores ``(batch,)`` of pieces; see `kantor.runtime.Generator.judge`."""
        asked = pieces(given, self._layout, self.window)
        tokens = self._layout.vocabulary.to_tokens(np.asarray(pitches), given.major_tonic)
        onsets = np.asarray(onsets, bool)
        with one_core():
            scores = [self._of(piece, tokens[row], onsets[row]) for row, piece in enumerate(asked)]
        return np.array(scores, np.float32)

    def _of(self, piece: Piece, tokens: Whole, onsets: Flags) -> float:
        after = ((0, self.window), (0, 0))
        now = np.pad(tokens[: piece.steps], after, constant_values=REST).T
        before = np.pad(now[:, :-1], ((0, 0), (1, 0)), constant_values=REST)
        onsets = np.pad(onsets[: piece.steps], after).T
        steps = self._score.read(self._chords(now, before), onsets)
        pairs = now[self._upper], now[self._lower], before[self._upper], before[self._lower]
        place = succession(*pairs)
        index = np.where(place.known, place.index, SUCCESSIONS)
        for table, rows in zip(self._successions, index, strict=True):
            steps += table.take(rows, axis=0)
        steps += self._dense("surroundings", piece.around(CONTEXT, len(piece.tokens)))
        starts = np.arange(0, max(piece.steps, 1), HOP)
        return float(self._windows(leaky(steps), starts).mean())

    def _windows(self, steps: Array, starts: Whole) -> Array:
        """The scores of windows that begin at `starts`, ``(window,)``."""
        windows = steps[starts[:, None] + np.arange(self.window)]
        padded = np.pad(windows, ((0, 0), (1, 1), (0, 0)))
        taps = [padded[:, tap : tap + self.window] for tap in range(TAPS)]
        hidden = leaky(self._dense("local", np.concatenate(taps, axis=-1)))
        local = self._dense("local_score", hidden).mean(axis=(1, 2))
        for layer in range(self._strided):
            hidden = hidden.reshape(len(starts), -1, 2 * self.width)
            hidden = leaky(self._dense(f"strided.{layer}", hidden))
        return np.asarray(self._dense("score", hidden.reshape(len(starts), -1))[:, 0] + local)

    def _dense(self, name: str, inputs: Array) -> Array:
        kernel = self._weights[f"{name}.kernel"]
        product = inputs.reshape(-1, len(kernel)) @ kernel
        product += self._weights[f"{name}.bias"]
        return np.asarray(product.reshape(*inputs.shape[:-1], -1))


def leaky(array: Array) -> Array:
    """Leaky ReLU with slope 0.2, in place."""
    return np.maximum(array, np.float32(0.2) * array, out=array)
