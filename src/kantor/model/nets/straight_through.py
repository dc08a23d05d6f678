"""The gradient of the critic through a drawn sample.

It reaches the generator by the straight-through estimator (Bengio, Léonard and Courville 2013): the
probabilities of all cells are computed again in one pass, each with the sample as its past, and a
cell's one-hot choice is differentiated as its probabilities. What a choice does to later choices is
left to the gradients of those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kantor.model import Tensor
from kantor.model.nets import relations
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.features import Inputs, features, held, pairs, spacing_kind
from kantor.model.nets.sampling import truncate
from kantor.network.layout import OCTAVE, Layout, interval
from kantor.network.tokens import REST


class Linear(NamedTuple):
    """A linear function of a sample's features, computed without them.

    Attributes
    ----------
    value : (batch, time, …)
        What it makes of the sample.
    back
        The gradient by the features ``(batch, time, feature)``, from that by the function.
    """

    value: Tensor
    back: Callable[[Tensor], Tensor]


def differentiable(
    generator: ChoraleGenerator,
    inputs: Inputs,
    tokens: Tensor,
    onsets: Tensor,
    start: int,
    min_p: Tensor = 0.0,
    of: Linear | None = None,
) -> Tensor:
    """The features of a drawn sample, through which a gradient passes to the generator.

    Parameters
    ----------
    tokens, onsets : (batch, stop - start, line)
        What `draw` returned for `inputs` and `min_p`.

    Returns
    -------
    (batch, stop - start, feature) float32
        The sample's features by `Layout.judged`, or a function of them.
    """
    stop = start + tokens.shape[1]
    written = inputs.written(tokens, onsets, start, stop)
    logits = generator.logits(written, start, stop)
    chosen = tf.nn.softmax(truncate(logits.choice, min_p))
    free = 1 - inputs.mask[:, start:stop]
    tokens, before, _ = written.steps(start, stop)
    started = free * held(tokens, before) * tf.sigmoid(logits.onset)
    return relate(
        generator.layout, free[..., None] * chosen, onsets + _through(started), tokens, before, of
    )


def _through(tensor: Tensor) -> Tensor:
    """Nothing, with the gradient of `tensor`."""
    return tensor - tf.stop_gradient(tensor)


def relate(
    layout: Layout,
    chosen: Tensor,
    onsets: Tensor,
    tokens: Tensor,
    before: Tensor,
    of: Linear | None = None,
) -> Tensor:
    """The features of a sample, or a function of them, with their gradient by one-hot choices.

    The features are sums of products of one-hot vectors, so the derivative by a cell's choice is
    the weight of the relations which that choice would have to the cells around it: a gather.

    Parameters
    ----------
    chosen : (batch, time, line, choice)
        What receives the gradient; its values are not read.
    onsets : (batch, time, line) float32
    tokens, before : (batch, time, line) int32
        The sample, and the step before each of its steps.
    """
    linear = of or Linear(
        features(layout.judged, layout, tokens, before, onsets), lambda upstream: upstream
    )
    by_relations = RelationGradient(layout)

    @tf.custom_gradient
    def function(chosen: Tensor, onsets: Tensor) -> tuple[Tensor, Any]:
        """What is known already, with its gradient by choices and onsets."""
        return tf.identity(linear.value), lambda upstream: by_relations(
            linear.back(upstream), tokens, before
        )

    return function(chosen, onsets)


class RelationGradient:
    """The derivatives of a step's features by one-hot choices and by onsets.

    Every pitched line is seen with every other one, a line's own pairs together: which pair of the
    ensemble, and whether from above.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout, self.choices = layout, layout.vocabulary.choices
        self.pitched = layout.ensemble.pitched
        both = [(own, other) for own in range(self.pitched) for other in layout.others(own)]
        self.own, self.other = zip(*both, strict=True)
        self.pair = [layout.ensemble.pairs.index((min(two), max(two))) for two in both]
        self.above = np.array(self.own) < np.array(self.other)

    def __call__(self, upstream: Tensor, tokens: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """By choices ``(batch, time, line, choice)`` and by onsets ``(batch, time, line)``.

        Parameters
        ----------
        upstream : (batch, time, feature)
            The gradient by `Layout.judged`.
        tokens, before : (batch, time, line) int32
        """
        blocks = self.layout.judged
        weights = {
            name: _unflatten(part, shape)
            for (name, shape), part in zip(
                blocks.shapes.items(), tf.split(upstream, blocks.sizes, axis=-1), strict=True
            )
        }
        now, then = tokens[..., : self.pitched], before[..., : self.pitched]
        total = weights["pitch"]
        total += self._by_intervals(weights["interval"], now)
        total += self._by_spacing(weights["spacing"], now)
        motion = weights["motion"]
        total += relations.by_difference(motion, then, self.choices)
        total += _earlier(relations.by_difference(tf.reverse(motion, [-1]), now, self.choices))
        arriving, leaving = self._by_successions(weights["succession"], now, then)
        total += arriving + _earlier(leaving)
        if self.pitched < len(self.layout.ensemble):
            hits = weights["hit"]
            none = [[0, 0]] * 3
            hits = tf.pad(hits, [*none, [0, self.choices - hits.shape[-1]]])
            total = tf.concat([total, hits], axis=-2)
        return total, weights["onset"]

    def _of_lines(self, weights: Tensor, other: Tensor, known: Tensor) -> Tensor:
        """Weights of a line's intervals to each other one, as weights of its choices.

        Parameters
        ----------
        weights : (…, both, 12)
            Of each of `own`, by the interval class above its `other`.
        other : (…, both) int32
            The other one's token.
        known : (…, both) bool
            Where the weights count.

        Returns
        -------
        (…, line, choice)
            Sums over each line's pairs.
        """
        chroma = tf.where(known[..., None], relations.turned(weights, -other), 0.0)
        shape = tf.concat([tf.shape(chroma)[:-2], [self.pitched, -1, OCTAVE]], 0)
        summed = tf.reduce_sum(tf.reshape(chroma, shape), axis=-2)
        return relations.by_chroma(summed, self.choices)

    def _by_intervals(self, weights: Tensor, now: Tensor) -> Tensor:
        """What each choice of a line would bring by its interval to each other one."""
        other = tf.gather(now, self.other, axis=-1)
        return self._of_lines(self._both_ways(weights), other, other > REST)

    def _by_spacing(self, weights: Tensor, now: Tensor) -> Tensor:
        """What each choice would bring by its distance from the lines above and below."""
        largest = self.choices - 2
        kinds = spacing_kind(tf.range(-largest, largest + 1))
        distances = tf.gather(weights, kinds, axis=-1)
        down = relations.by_difference(distances, now[..., 1:], self.choices)
        up = relations.by_difference(tf.reverse(distances, [-1]), now[..., :-1], self.choices)
        none = tf.zeros_like(down[..., :1, :])
        return tf.concat([down, none], axis=-2) + tf.concat([none, up], axis=-2)

    def _by_successions(self, weights: Tensor, now: Tensor, then: Tensor) -> tuple[Tensor, Tensor]:
        """What each choice would bring as the end of a succession, and as the start of the next.

        Both lines of a pair complete the same succession, so its row (or column) is looked up once.
        """
        table = _unflatten(weights, (OCTAVE, OCTAVE))
        own, other = (tf.gather(now, lines, axis=-1) for lines in (self.own, self.other))
        own_then, other_then = (tf.gather(then, lines, axis=-1) for lines in (self.own, self.other))
        moves = (other > REST) & (other_then > REST) & (other != other_then)
        # By the interval class that follows on the last one, and by the one that came before.
        following = _row(table, interval(*pairs(self.layout, then)).index)
        columns = tf.linalg.matrix_transpose(table)
        leading = _row(columns, interval(*pairs(self.layout, now)).index)
        arriving = self._of_lines(self._both_ways(following), other, moves & (own_then > REST))
        leaving = self._of_lines(self._both_ways(leading), other_then, moves & (own > REST))
        return _moving(arriving, then), _moving(leaving, now)

    def _both_ways(self, weights: Tensor) -> Tensor:
        """Weights ``(…, pair, 12)`` of an upper line's interval, as each of `own` sees it."""
        weights = tf.gather(weights, self.pair, axis=-2)
        falling = tf.roll(tf.reverse(weights, [-1]), 1, axis=-1)  # seen from below: its complement
        return tf.where(self.above[:, None], weights, falling)


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
