"""The decoder: one step of several pieces, from what is given and the steps before.

The same as `kantor.model.nets.chorale` and `kantor.model.nets.sampling` do for one step. Besides
the past, a choice may heed two things that are given and that the heads do not read:

- The *lookahead*. The heads learned which interval follows which. Where two lines are given in the
  next step, each pitch of this one would complete a succession to it.
- The *reweighting*. Heads know the given pitches of lines that come later in the order, but seldom
  had to heed them when they learned. The later line's head did learn how its pitches follow from
  theirs. By Bayes' rule what it says of its given pitch, were an earlier line to take one or the
  other, is the weight of these.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kantor.music.score import Flags
from kantor.network.layout import CONDITIONS, CONTEXT, OCTAVE, Layout, interval, progression
from kantor.network.tokens import REST, UNKNOWN
from kantor.runtime.heads import Head
from kantor.runtime.particles import worth
from kantor.runtime.returns import Again, lean
from kantor.runtime.sampling import MARGIN, SamplingParameters, choose
from kantor.runtime.tables import Chords, ScoreLayer, Whole, rectify
from kantor.runtime.weights import Array, Weights

_NEARLY = 0.7
"""Share of the pieces from which on it is faster to compute something for all of them."""
_NEVER = np.float32(-1e9)


class Step(NamedTuple):
    """All that decides one step of several pieces, while its lines are chosen one by one."""

    context: Array  # (row, line, unit), see `Decoder.context`
    key: Whole  # (row,), as for `Head`
    temperature: Array  # (row,)
    now: Whole  # (line, row) tokens, 0 where a cell is to be composed
    before: Whole  # (line, row) tokens of the step before
    uniform: Array  # (line, row), by which choices are made
    threshold: Array  # (line, row), what an onset's logit must exceed
    ahead: Whole | None  # (line, row) tokens of the next step; None where no two given ones meet
    again: Again | None  # None where nothing comes again

    def rows(self, rows: slice | Whole) -> Step:
        """Some of the pieces; a slice stands for all."""
        if isinstance(rows, slice):
            return self
        others: list[Any] = [None if array is None else array[..., rows] for array in self[1:-1]]
        others.append(self.again and self.again.rows(rows))
        return Step(self.context[rows], *others)


def some(flags: Flags) -> slice | Whole | None:
    """Where flags are set: everywhere if nearly, so that nothing is copied; None if nowhere."""
    count = np.count_nonzero(flags)
    if count > _NEARLY * len(flags):
        return slice(None)
    return np.flatnonzero(flags) if count else None


class Decoder:
    """The decoder's layers, its memory, and the heads."""

    def __init__(self, weights: Weights, layout: Layout) -> None:
        self._weights, self._layout, self._chords = weights, layout, Chords(layout)
        self._order, lines = layout.ensemble.order, range(len(layout.ensemble))
        self._remember = ScoreLayer(weights["remember.kernel"], layout)
        width = len(weights["encoder.entry.bias"])
        self._entry = weights["entry.kernel"][: -width - CONDITIONS.size]
        self._heads = [Head(weights, line, layout, self._chords) for line in lines]
        # All heads' hidden layers, side by side; of the last chord by pair and interval.
        head = layout.head(len(weights["inner.bias"]))
        blocks = [head.split(weights[f"heads.{line}.hidden.kernel"]) for line in lines]
        self._context = np.concatenate([block["context"] for block in blocks], axis=1)
        earlier = np.concatenate([block["earlier_interval"] for block in blocks], axis=-1)
        earlier = np.pad(earlier, ((0, 0), (0, 1), (0, 0)))  # no interval is zero
        earlier[0] += np.concatenate([weights[f"heads.{line}.hidden.bias"] for line in lines])
        self._earlier = earlier.reshape(-1, earlier.shape[-1])
        self._pairs = (OCTAVE + 1) * np.arange(len(earlier))[:, None]

    def start(self) -> Array:
        """Traces of the steps before a piece, rests as far as `CONTEXT`: ``(reach * memory,)``."""
        rests = np.full((len(self._order), CONTEXT), REST, np.intp)
        before = np.pad(rests[:, 1:], ((0, 0), (1, 0)), constant_values=UNKNOWN)
        traces = self.trace(rests, before, rests == UNKNOWN).reshape(-1)[-len(self._entry) :]
        return np.pad(traces, (len(self._entry) - len(traces), 0))

    def trace(self, now: Whole, before: Whole, onsets: Flags) -> Array:
        """What is kept of a step: ``(row, memory)``."""
        trace = self._remember(self._chords(now, before), onsets)
        return rectify(trace + self._weights["remember.bias"])

    def earlier(self, before: Whole) -> Array:
        """What the heads' hidden layers make of the last chord, and biases: ``(row, unit)``."""
        rows = self._chords.intervals(before) + self._pairs
        return np.asarray(np.add.reduce(self._earlier.take(rows, axis=0), axis=0))

    def context(self, past: Array, drive: Array, earlier: Array) -> Array:
        """What heads know of a step before its chord, ``(row, line, unit)``.

        From traces of the steps before, the oldest first, ``(row, reach * memory)``; what the
        encoder says of the step, ``(row, unit)``; and what `earlier` does, ``(row, unit)``.
        """
        hidden = past @ self._entry
        hidden += drive
        rectify(hidden)
        inner = hidden @ self._weights["inner.kernel"]
        inner += self._weights["inner.bias"]
        hidden += rectify(inner)
        context: Array = hidden @ self._context
        context += earlier
        return context.reshape(len(context), len(self._order), -1)

    def compose(
        self, step: Step, sampling: SamplingParameters
    ) -> tuple[Whole, Flags, Flags, Array]:
        """Choose the cells of a step that are not given, and write them into ``step.now``.

        Returns all tokens, and whether a composed pitch begins anew even if it stays, both
        ``(line, row)``; and where rounding could change a choice, and the `worth` of what was
        chosen, both ``(row,)``.
        """
        free = step.now == UNKNOWN
        anew, doubtful = np.zeros(free.shape, bool), np.zeros(free.shape[1], bool)
        total = np.zeros(free.shape[1], np.float32)
        for line in self._order:
            rows = some(free[line])
            if rows is None:
                continue
            tokens, again, close, value = self._choose(line, step.rows(rows), sampling)
            asked = free[line, rows]
            step.now[line, rows] = np.where(asked, tokens, step.now[line, rows])
            anew[line, rows] = again
            doubtful[rows] |= asked & close
            total[rows] += asked * value
        return step.now, anew, doubtful, total

    def _choose(
        self, line: int, step: Step, sampling: SamplingParameters
    ) -> tuple[Whole, Flags, Flags, Array]:
        """Tokens of a line, whether they begin anew, whether rounding may matter, their worth."""
        head = self._heads[line]
        logits, onset = head(step.context[:, line], step.now, step.before, step.key)
        tessitura = head.tessitura.take(step.key, axis=0)
        if step.again is not None:
            onset = onset + lean(logits, head, step.again, step.key)
        if sampling.lookahead and step.ahead is not None and (step.ahead[line] > REST).any():
            gains = self._gains(head, step, step.ahead)
            logits[:, 1:] += np.float32(sampling.lookahead) * gains[:, 1:]
        margin, near = MARGIN / step.temperature, np.zeros(len(logits), bool)
        later = self._order[self._order.index(line) + 1 :] if sampling.reweighting else ()
        given = [other for other in later if (step.now[other] > REST).any()]
        if given:
            whole = logits + tessitura
            # How far below the likeliest logit one may lie that could yet be taken.
            gap = -np.log(max(sampling.min_p, 1e-6)) * np.maximum(step.temperature, 1)
            above = whole - (whole.max(axis=1) - gap.astype(np.float32))[:, None]
            for other in given:
                weight, close = self._likelihood(self._heads[other], head, above, step)
                logits += np.float32(sampling.reweighting) * weight
                near |= close
            margin *= 1 + sampling.reweighting * len(given)
        warm = logits + tessitura if sampling.particles > 1 else None
        logits /= step.temperature[:, None]
        logits += tessitura
        place, doubtful = choose(logits, step.uniform[line], sampling.min_p, margin)
        excess = onset / step.temperature - step.threshold[line]
        doubtful |= near | (np.abs(excess) < margin)
        tokens = head.tokens(place, step.key)
        moves = (tokens != step.before[line]) & (line < self._layout.ensemble.pitched)
        value = np.zeros(len(place), np.float32)
        if warm is not None:
            value, close = worth(warm, place, moves, sampling, margin)
            doubtful |= close
        return tokens, (excess > 0) | head.is_drum, doubtful, value

    def _gains(self, head: Head, step: Step, ahead: Whole) -> Array:
        """What each place of a head's window gains by the step after: ``(row, place)``.

        Another line counts that sings now, and moves to a pitch that is given as the line's is.
        """
        line, now = head.line, step.now
        tokens = head.tokens(np.arange(head.window), step.key[:, None])
        gains = np.zeros(tokens.shape, np.float32)
        for other in self._layout.others(line):
            known = (now[other] > REST) & (ahead[other] > REST) & (ahead[line] > REST)
            rows = np.flatnonzero(known & (now[other] != ahead[other]))
            own, own_next = tokens[rows], ahead[line, rows, None]
            their, their_next = now[other, rows, None], ahead[other, rows, None]
            gain = self._completed(line, other, own, their, own_next, their_next)
            gain += self._completed(other, line, their, own, their_next, own_next)
            gains[rows] += np.where(own == own_next, np.float32(0), gain)
        return gains

    def _completed(
        self, line: int, other: int, own: Whole, their: Whole, own_next: Whole, their_next: Whole
    ) -> Array:
        """What a line's head says of its going on to a pitch while the other line moves."""
        table = self._weights[f"heads.{line}.successors"][self._layout.others(line).index(other)]
        place = progression(own, their, their_next)
        gains = table[np.where(place.known, place.index, 0), interval(own_next, their_next).index]
        return np.where(place.known, gains, np.float32(0))

    def _likelihood(self, given: Head, head: Head, above: Array, step: Step) -> tuple[Array, Flags]:
        """How likely a given line's pitch is, were a line to take each place of its window.

        Both are named by their heads. Places whose logits do not lie `above` the least that could
        yet be taken, ``(row, place)``, are left out.

        Returns the logarithm, ``(row, place)``: `_NEVER` in places left out, 0 in rows whose pitch
        is not in the window of `given`; and where rounding may leave out another place, ``(row,)``.
        """
        place = given.place(step.now[given.line], step.key)
        asked = (above >= 0) & (place >= 0)[:, None]
        logarithm = np.zeros(above.shape, np.float32)
        logarithm[asked.any(axis=1)] = _NEVER
        row, taken = np.nonzero(asked)
        if len(row):
            key, now = step.key[row], step.now[:, row]
            now[head.line] = head.tokens(taken, key)
            # Its head learned to be followed by the lines written after it.
            now[list(self._order[self._order.index(given.line) :])] = UNKNOWN
            logits, _ = given(step.context[row, given.line], now, step.before[:, row], key)
            logits += given.tessitura.take(key, axis=0)
            logits -= logits.max(axis=1, keepdims=True)
            sums = np.log(np.exp(logits).sum(axis=1))
            logarithm[row, taken] = logits[np.arange(len(row)), place[row]] - sums
        return logarithm, (place >= 0) & (np.abs(above) < MARGIN).any(axis=1)
