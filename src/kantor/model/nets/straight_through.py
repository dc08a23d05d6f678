"""The gradient of the critic through a drawn sample.

It reaches the generator by the straight-through estimator (Bengio, Léonard and Courville 2013): the
probabilities of all cells are computed again in one pass, each with the sample as its past, and a
cell's one-hot choice is differentiated as its probabilities. What a choice does to later choices is
left to the gradients of those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from kantor.model import Tensor
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.features import Inputs, held, pairs, spacing_kind
from kantor.model.nets.heads import by_chroma, by_difference, turned
from kantor.model.nets.sampling import truncate
from kantor.network.layout import OCTAVE, Layout, interval
from kantor.network.tokens import DRUM_CHOICES, REST


def differentiable(
    generator: ChoraleGenerator,
    inputs: Inputs,
    tokens: Tensor,
    onsets: Tensor,
    start: int,
    embedded: Tensor,
    to_features: Callable[[Tensor], Tensor],
    min_p: Tensor = 0.0,
) -> Tensor:
    """A sample's embedding, through which a gradient passes to the generator.

    `tokens` and `onsets`, ``(batch, steps, line)`` from `start` on, are what `draw` returned for
    `inputs` and `min_p`. `embedded (batch, steps, unit) float32` is a linear embedding of their
    features, which is returned. `to_features` makes of the gradient by the embedding that by the
    features, ``(batch, steps, feature)``.
    """
    stop = start + tokens.shape[1]
    written = inputs.written(tokens, onsets, start, stop)
    logits = generator.logits(written, start, stop)
    chosen = tf.nn.softmax(truncate(logits.choice, min_p))
    free = 1 - inputs.mask[:, start:stop]
    tokens, before, _ = written.steps(start, stop)
    stays = held(tokens, before, generator.ensemble.pitched)
    started = free * stays * tf.sigmoid(logits.onset)
    onsets += started - tf.stop_gradient(started)  # nothing, with the gradient of `started`
    by_relations = RelationGradient(generator.layout, tokens, before)

    @tf.custom_gradient
    def passed(_chosen: Tensor, _onsets: Tensor) -> tuple[Tensor, Any]:
        """The embedding, and its gradient; the values of the arguments are not read."""
        return tf.identity(embedded), lambda upstream: by_relations(to_features(upstream))

    return passed(free[..., None] * chosen, onsets)


class RelationGradient:
    """The derivatives of a sample's features by one-hot choices and by onsets.

    The features are sums of products of one-hot vectors, so the derivative by a cell's choice is
    the weight of the relations which that choice would have to the cells around it: a gather.

    `tokens` and `before`, ``(batch, time, line) int32``, are the sample and the step before each of
    its steps. Every pitched line is seen with every other one, a line's own pairs together: which
    pair of the ensemble, and whether from above.
    """

    def __init__(self, layout: Layout, tokens: Tensor, before: Tensor) -> None:
        self.layout, self.choices = layout, layout.vocabulary.choices
        self.pitched = layout.ensemble.pitched
        self.now, self.then = tokens[..., : self.pitched], before[..., : self.pitched]
        both = [(own, other) for own in range(self.pitched) for other in layout.others(own)]
        self.own, self.other = zip(*both, strict=True)
        self.pair = [layout.ensemble.pairs.index((min(two), max(two))) for two in both]
        self.above = np.array(self.own) < np.array(self.other)

    def __call__(self, upstream: Tensor) -> tuple[Tensor, Tensor]:
        """By choices ``(batch, time, line, choice)`` and by onsets ``(batch, time, line)``, from
        the gradient by the features of `Layout.judged`, ``(batch, time, feature)``."""
        blocks = self.layout.judged
        parts = zip(blocks.shapes.items(), tf.split(upstream, blocks.sizes, axis=-1), strict=True)
        weights = {name: _unflatten(part, shape) for (name, shape), part in parts}
        total = weights["pitch"]
        total += self._by_intervals(weights["interval"])
        total += self._by_spacing(weights["spacing"])
        motion = weights["motion"]
        total += by_difference(motion, self.then, self.choices)
        total += _earlier(by_difference(tf.reverse(motion, [-1]), self.now, self.choices))
        arriving, leaving = self._by_successions(weights["succession"])
        total += arriving + _earlier(leaving)
        if self.pitched < len(self.layout.ensemble):
            no_more = [[0, 0], [0, 0], [0, 0], [0, self.choices - DRUM_CHOICES]]
            total = tf.concat([total, tf.pad(weights["hit"], no_more)], axis=-2)
        return total, weights["onset"]

    def _by_intervals(self, weights: Tensor) -> Tensor:
        """What each choice of a line would bring by its interval to each other one."""
        other = tf.gather(self.now, self.other, axis=-1)
        return self._of_lines(weights, other, other > REST)

    def _by_spacing(self, weights: Tensor) -> Tensor:
        """What each choice would bring by its distance from the lines above and below."""
        largest = self.choices - 2
        kinds = spacing_kind(tf.range(-largest, largest + 1))
        distances = tf.gather(weights, kinds, axis=-1)
        down = by_difference(distances, self.now[..., 1:], self.choices)
        up = by_difference(tf.reverse(distances, [-1]), self.now[..., :-1], self.choices)
        none = tf.zeros_like(down[..., :1, :])
        return tf.concat([down, none], axis=-2) + tf.concat([none, up], axis=-2)

    def _by_successions(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """What each choice would bring as the end of a succession, and as the start of the next.

        Both lines of a pair complete the same succession, so its row (or column) is looked up once.
        """
        table = _unflatten(weights, (OCTAVE, OCTAVE))
        own, other, own_then, other_then = (
            tf.gather(tokens, lines, axis=-1)
            for tokens in (self.now, self.then)
            for lines in (self.own, self.other)
        )
        moves = (other > REST) & (other_then > REST) & (other != other_then)
        # By the interval class that follows on the last one, and by the one that came before.
        following = _row(table, interval(*pairs(self.layout, self.then)).index)
        columns = tf.linalg.matrix_transpose(table)
        leading = _row(columns, interval(*pairs(self.layout, self.now)).index)
        arriving = self._of_lines(following, other, moves & (own_then > REST))
        leaving = self._of_lines(leading, other_then, moves & (own > REST))
        return _moving(arriving, self.then), _moving(leaving, self.now)

    def _of_lines(self, weights: Tensor, other: Tensor, known: Tensor) -> Tensor:
        """Weights of the pairs' intervals as weights of the lines' choices, ``(…, line, choice)``.

        `weights (…, pair, 12)` are by the interval class of the upper line above the lower one.
        `other` and `known`, ``(…, both)``, say what the other line of each of `own` sounds, and
        where the weights count.
        """
        weights = tf.gather(weights, self.pair, axis=-2)
        falling = tf.roll(tf.reverse(weights, [-1]), 1, axis=-1)  # seen from below: its complement
        weights = tf.where(self.above[:, None], weights, falling)
        chroma = tf.where(known[..., None], turned(weights, -other), 0.0)
        shape = tf.concat([tf.shape(chroma)[:-2], [self.pitched, -1, OCTAVE]], 0)
        summed = tf.reduce_sum(tf.reshape(chroma, shape), axis=-2)
        return by_chroma(summed, self.choices)


def _unflatten(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``(…, size)`` as ``(…, *shape)``."""
    return tf.reshape(tensor, tf.concat([tf.shape(tensor)[:-1], shape], 0))


def _row(table: Tensor, row: Tensor) -> Tensor:
    """One row of each matrix ``(…, 12, 12)``, chosen by ``row (…)``: ``(…, 12)``."""
    return tf.gather(table, row, axis=-2, batch_dims=len(row.shape))


def _moving(tensor: Tensor, tokens: Tensor) -> Tensor:
    """`tensor (…, line, choice)`, zero at a line's own token: staying on it moves nothing."""
    return tf.where(tf.range(tensor.shape[-1]) != tokens[..., None] - 1, tensor, 0.0)


def _earlier(tensor: Tensor) -> Tensor:
    """What a step says of the one before it, ``(batch, time, …)`` moved back by one step."""
    return tf.concat([tensor[:, 1:], tf.zeros_like(tensor[:, :1])], axis=1)
