"""The critic: how like Bach it finds a piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Pitches
from kantor.runtime.blas import one_core
from kantor.runtime.layers import leaky
from kantor.runtime.pieces import Piece, pieces
from kantor.runtime.pitches import CODES, CONTEXT, PAIRS, Whole, to_codes
from kantor.runtime.tables import ScoreLayer, chord_of
from kantor.runtime.weights import CRITIC, Array, Weights

_UPPER, _LOWER = (np.array(voices) for voices in zip(*PAIRS, strict=True))
HOP = 16
"""Steps from one judged window to the next."""
_KINDS = 144 + 1
"""Successions of intervals of a pair of voices; the last is none."""


class Critic:
    """Scores of windows, as `kantor.model.nets.critic.ChoraleCritic` gives them."""

    def __init__(self, weights: Weights) -> None:
        self._weights = {
            name.removeprefix(CRITIC): array
            for name, array in weights.items()
            if name.startswith(CRITIC)
        }
        seen = self._weights["seen.kernel"]
        features = len(seen) - 144 * len(PAIRS)
        self._score = ScoreLayer(seen[:features])
        rows = seen[features:].reshape(len(PAIRS), 144, -1)
        none = np.zeros((len(PAIRS), 1, rows.shape[-1]), np.float32)
        self._successions = np.concatenate([rows, none], axis=1).reshape(-1, rows.shape[-1])
        self._strided = sum(name.startswith("strided.") for name in self._weights) // 2
        self.width = len(self._weights["local.bias"])
        self.window = len(self._weights["score.kernel"]) // self.width * 2**self._strided

    def judge(self, given: Conditioning, pitches: Pitches, onsets: Flags) -> NDArray[np.float32]:
        """Mean scores ``(batch,)`` of pieces; see `kantor.runtime.Generator.judge`."""
        asked = pieces(given, self.window)
        codes = to_codes(np.asarray(pitches), given.major_tonic)
        onsets = np.asarray(onsets, bool)
        with one_core():
            scores = [self._of(piece, codes[row], onsets[row]) for row, piece in enumerate(asked)]
        return np.array(scores, np.float32)

    def _of(self, piece: Piece, codes: Whole, onsets: Flags) -> float:
        after = ((0, self.window), (0, 0))
        now = np.pad(codes[: piece.steps], after, constant_values=1).T
        struck = np.pad(onsets[: piece.steps], after).T
        before = np.pad(now[:, :-1], ((0, 0), (1, 0)), constant_values=1)
        mask = (piece.codes[CONTEXT:] > 0).astype(np.float32)
        steps = self._score(now * CODES + before, now, struck, chord_of(now))
        steps += self._successions.take(_successions(now, before), axis=0).sum(axis=0)
        conditions = piece.conditions.take(piece.kinds[CONTEXT:], axis=0)
        around = np.concatenate([mask, conditions], axis=1)
        steps += self._dense("surroundings", around)
        starts = np.arange(0, max(piece.steps, 1), HOP)
        return float(self._windows(leaky(steps), starts).mean())

    def _windows(self, steps: Array, starts: Whole) -> Array:
        """The scores of windows that begin at `starts`, ``(window,)``."""
        windows = steps[starts[:, None] + np.arange(self.window)]
        padded = np.pad(windows, ((0, 0), (1, 1), (0, 0)))
        taps = [padded[:, tap : tap + self.window] for tap in range(3)]
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


def _successions(now: Whole, before: Whole) -> Whole:
    """Rows of what follows what where both voices of a pair move, ``(pair, step)``."""
    upper, lower, above, below = now[_UPPER], now[_LOWER], before[_UPPER], before[_LOWER]
    known = (upper > 1) & (lower > 1) & (above > 1) & (below > 1)
    kind = (above - below) % 12 * 12 + (upper - lower) % 12
    both = known & (upper != above) & (lower != below)
    return np.where(both, kind, _KINDS - 1) + _KINDS * np.arange(len(PAIRS))[:, None]
