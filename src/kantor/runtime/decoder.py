"""The decoder: one step of several pieces, from what is given and the steps before.

The same as `kantor.model.nets.chorale` and `kantor.model.nets.sampling` do for one step.
"""

from __future__ import annotations

import numpy as np

from kantor.music.score import Flags
from kantor.network.layout import CONDITIONS, CONTEXT, OCTAVE, Layout
from kantor.network.tokens import REST, UNKNOWN
from kantor.runtime.heads import Head
from kantor.runtime.lookahead import Lookahead
from kantor.runtime.reweighting import log_likelihood
from kantor.runtime.sampling import MARGIN, SamplingParameters, choose
from kantor.runtime.step import Step, some
from kantor.runtime.tables import ScoreLayer, Whole, rectify, relations
from kantor.runtime.weights import Array, Weights


class Decoder:
    """The decoder's layers, its memory, and the heads.

    Attributes
    ----------
    reach, memory : int
        Steps of the past that are seen, and units kept of each.
    """

    def __init__(self, weights: Weights, layout: Layout) -> None:
        self._weights, self._layout = weights, layout
        self._order = layout.ensemble.order
        self._remember = ScoreLayer(weights["remember.kernel"], layout)
        self.memory, width = len(weights["remember.bias"]), len(weights["encoder.entry.bias"])
        past = len(weights["entry.kernel"]) - width - CONDITIONS.size
        self.reach = past // self.memory
        self._entry = weights["entry.kernel"][:past]
        self._heads: dict[int, Head] = {}
        self._read_earlier()
        self._lookahead = Lookahead(weights, layout)

    def _read_earlier(self) -> None:
        """All heads' rows, side by side, by pair and last interval; no interval is zero."""
        kernels = [self._weights[f"heads.{line}.hidden.kernel"] for line in self._order]
        blocks = (
            self._layout.head(len(kernel) - self._layout.head(0).size).split(kernel)
            for kernel in kernels
        )
        rows = np.concatenate([block["earlier_interval"] for block in blocks], axis=-1)
        table = np.pad(rows, ((0, 0), (0, 1), (0, 0)))
        self._earlier = table.reshape(-1, rows.shape[-1])
        biases = [self._weights[f"heads.{line}.hidden.bias"] for line in self._order]
        self._earlier_bias = np.concatenate(biases)
        ends = np.cumsum([0, *map(len, biases)]).tolist()
        self._part = dict(zip(self._order, map(slice, ends, ends[1:]), strict=False))
        self._upper, self._lower = np.array(self._layout.ensemble.pairs, np.intp).T

    def head(self, line: int) -> Head:
        """The head of a line, made when it is first needed."""
        if line not in self._heads:
            self._heads[line] = Head(self._weights, line, self._layout)
        return self._heads[line]

    def start(self) -> Array:
        """Traces of the steps before a piece, rests as far as `CONTEXT`: ``(reach * memory,)``."""
        rests = np.full((len(self._order), CONTEXT), REST, np.intp)
        before = np.pad(rests[:, 1:], ((0, 0), (1, 0)), constant_values=UNKNOWN)
        traces = self.trace(rests, before, rests == UNKNOWN)[-self.reach :]
        return np.pad(traces, ((self.reach - len(traces), 0), (0, 0))).reshape(-1)

    def trace(self, now: Whole, before: Whole, onsets: Flags) -> Array:
        """What is kept of a step: ``(row, memory)``."""
        trace = self._remember(now, before, onsets)
        trace += self._weights["remember.bias"]
        return rectify(trace)

    def earlier(self, before: Whole) -> Array:
        """What the heads' hidden layers make of the last chord, their biases included."""
        tokens = self._layout.vocabulary.tokens
        both = before.take(self._upper, axis=0) * tokens + before.take(self._lower, axis=0)
        index = relations(tokens).interval.take(both)
        index += (OCTAVE + 1) * np.arange(len(index))[:, None]
        total = self._earlier_bias + self._earlier.take(index[0], axis=0)
        for rows in index[1:]:
            total += self._earlier.take(rows, axis=0)
        return np.asarray(total)

    def hidden(self, past: Array, drive: Array) -> Array:
        """What is known of a step before its chord, ``(row, unit)``.

        Parameters
        ----------
        past : (row, reach * memory) float32
            Traces of the steps before, the oldest first.
        drive : (row, unit) float32
            What the encoder says of the step.
        """
        hidden = past @ self._entry
        hidden += drive
        rectify(hidden)
        inner = hidden @ self._weights["inner.kernel"]
        inner += self._weights["inner.bias"]
        hidden += rectify(inner)
        return hidden

    def compose(self, step: Step, sampling: SamplingParameters) -> tuple[Whole, Flags, Flags]:
        """Choose the cells of a step that are not given, and write them into ``step.now``.

        Returns
        -------
        now : (line, row) intp
            Tokens, the given ones among them.
        anew : (line, row) bool
            Whether a composed pitch begins anew even if it stays.
        doubtful : (row,) bool
            Where rounding could change a choice.
        """
        free = step.now == UNKNOWN
        anew, doubtful = np.zeros(free.shape, bool), np.zeros(free.shape[1], bool)
        for line in self._order:
            rows = some(free[line])
            if rows is None:
                continue
            tokens, again, close = self._choose(line, step.rows(rows), sampling)
            asked = free[line, rows]
            step.now[line, rows] = np.where(asked, tokens, step.now[line, rows])
            anew[line, rows] = again
            doubtful[rows] |= asked & close
        return step.now, anew, doubtful

    def _choose(
        self, line: int, step: Step, sampling: SamplingParameters
    ) -> tuple[Whole, Flags, Flags]:
        """Tokens of a line, whether they begin anew, whether rounding may matter."""
        head = self.head(line)
        logits, onset = head(self._context(head, step), step.now, step.before, step.shift)
        tessitura = head.tessitura(step.shift)
        if sampling.lookahead and step.ahead is not None and (step.ahead[line] > REST).any():
            tokens = head.tokens(np.arange(head.window), step.shift[:, None])
            gains = self._lookahead.gains(line, tokens, step.now, step.ahead)
            if gains is not None:
                logits[:, 1:] += np.float32(sampling.lookahead) * gains[:, 1:]
        margin = MARGIN / step.temperature
        given = self._given_later(line, step.now) if sampling.reweighting else []
        if given:
            weighed, near = self._reweighted(head, given, logits + tessitura, step, sampling)
            logits += np.float32(sampling.reweighting) * weighed
            margin *= 1 + sampling.reweighting * len(given)
        if (step.temperature != 1).any():
            logits /= step.temperature[:, None]
            onset = onset / step.temperature
        logits += tessitura
        place, doubtful = choose(logits, step.uniform[line], sampling.min_p, margin)
        excess = onset - step.threshold[line]
        doubtful |= np.abs(excess) < margin
        if given:
            doubtful |= near
        return head.tokens(place, step.shift), excess > 0, doubtful

    def _context(self, head: Head, step: Step) -> Array:
        """What a head's hidden layer has of anything but the step's chord, ``(row, unit)``."""
        context = step.hidden @ head.context
        context += step.earlier[:, self._part[head.line]]
        return np.asarray(context)

    def _given_later(self, line: int, now: Whole) -> list[int]:
        """The lines after a line that are given a pitch in any row."""
        later = self._order[self._order.index(line) + 1 :]
        return [other for other in later if (now[other] > REST).any()]

    def _reweighted(
        self, head: Head, given: list[int], logits: Array, step: Step, sampling: SamplingParameters
    ) -> tuple[Array, Flags]:
        """What given lines' heads say of each logit, and where rounding may matter to them."""
        tokens = head.tokens(np.arange(head.window), step.shift[:, None])
        gap = sampling.gap(step.temperature)
        above = logits - (logits.max(axis=1) - gap)[:, None]
        total, near = np.zeros_like(logits), np.zeros(len(logits), bool)
        for other in given:
            its = self.head(other)
            told = its.place(step.now[other], step.shift) >= 0
            near |= told & (np.abs(above) < MARGIN).any(axis=1)
            total += log_likelihood(
                its,
                list(self._order[self._order.index(other) + 1 :]),
                self._context(its, step),
                head.line,
                tokens,
                (above >= 0) & told[:, None],
                step,
            )
        return total, near
