"""The lines' heads: what a line takes in a step, from its context and the chord so far.

Besides a logit for each choice the head of a pitched line states preferences relative to what is
known: for each motion from its last pitch, for each interval class and each distance from every
other pitched line, and for each interval class after where the two came from (`progression`). A
head that prefers a fifth above the bass to a fourth says so once; every choice is then given the
weights of the relations that it would have (`by_difference` and what follows). A choice is a token
from 1, counted from 0; `choices` is how many there are.

Several heads are computed as one, a product of stacked matrices: where all of a sample's cells are
known, as in training, the lines' graphs are one, which XLA compiles in a third of the memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from kantor.model import Tensor
from kantor.model.nets.features import features, flatten, place
from kantor.model.nets.layers import Dropout, lookup, no_dropout, product
from kantor.network.layout import (
    DISTANCES,
    LARGEST_DISTANCE,
    MOTIONS,
    OCTAVE,
    PROGRESSIONS,
    RELATION,
    Layout,
    progression,
)
from kantor.network.tokens import REST

SUCCESSOR_SCALE = 30.0
"""Of the successors' table: Adam moves every weight about as far, and what is seldom needed must
move further to be learned."""


class Logits(NamedTuple):
    """What heads state: of each choice ``(…, choice)``, and of an onset where the pitch stays."""

    choice: Tensor
    onset: Tensor


class Head(keras.layers.Layer):  # type: ignore[misc]
    """One line's weights; see the module, and `logits` for what is done with them."""

    def __init__(self, layout: Layout, line: int, width: int) -> None:
        super().__init__()
        self.layout, self.line, self.width = layout, line, width
        self.others = layout.others(line)
        self.blocks = layout.outputs(line)
        self.hidden = keras.layers.Dense(width)
        self.outputs = keras.layers.Dense(self.blocks.size)

    def build(self, context: int) -> None:
        """Make the weights for a context of so many units."""
        self.hidden.build((None, self.layout.head(context).size))
        self.outputs.build((None, self.width))
        if self.others:
            shape = (len(self.others), PROGRESSIONS, OCTAVE)
            self.successors = self.add_weight(shape=shape, initializer="zeros", name="successors")
        self.built = True


def logits(
    heads: Sequence[Head], context: Tensor, now: Tensor, before: Tensor, drop: Dropout = no_dropout
) -> Logits:
    """The logits of each head: ``(head, …, choice)`` and ``(head, …)``.

    Heads of pitched lines come before those of drum lines, whose choices are the first two. `now
    (head, …, line)` are tokens of the step's chord as each head knows it, `before (…, line)` those
    of the step before.
    """
    count = sum(bool(head.others) for head in heads)
    groups = [group for group in (slice(count), slice(count, None)) if heads[group]]
    parts = [_logits(heads[group], context, now[group], before, drop) for group in groups]
    if len(parts) == 1:
        return parts[0]
    return Logits(*(tf.concat(both, axis=0) for both in zip(*parts, strict=True)))


def _logits(
    heads: Sequence[Head], context: Tensor, now: Tensor, before: Tensor, drop: Dropout
) -> Logits:
    """The logits of heads whose lines are all pitched, or all drums."""
    hidden = tf.nn.relu(_hidden(heads, context, now, before))
    out = _each(drop(hidden), _stacked(head.outputs.kernel for head in heads))
    out += _biases((head.outputs.bias for head in heads), out)
    choice, onset, *preferences = tf.split(out, heads[0].blocks.sizes, axis=-1)
    choices = heads[0].layout.vocabulary.choices
    if preferences:
        motion, relation = preferences
        of_motion, of_relations = _preferences(heads, motion, relation, now, before)
        choice = choice + of_motion + of_relations
    else:
        none = [[0, 0]] * (len(choice.shape) - 1)
        choice = tf.pad(choice, [*none, [0, choices - choice.shape[-1]]])
    return Logits(choice, onset[..., 0])


def _hidden(heads: Sequence[Head], context: Tensor, now: Tensor, before: Tensor) -> Tensor:
    """The hidden layers ``(head, …, width)`` before their activation."""
    layout = heads[0].layout
    kernels = _stacked(head.hidden.kernel for head in heads)
    sizes = [context.shape[-1], layout.chord.size, layout.head(0).sizes[-1]]
    of_context, of_chord, of_earlier = tf.split(kernels, sizes, axis=1)
    # Products of their own: a gradient by one-hot features, which nobody needs, would be as dear.
    shared = product(context, _side_by_side(of_context))
    earlier = flatten(tf.one_hot(place("interval", layout, before, before), OCTAVE))
    shared += product(earlier, _side_by_side(of_earlier))
    return (
        tf.stack(tf.split(shared, len(heads), axis=-1))
        + _each(features(layout.chord, layout, now, before), of_chord)
        + _biases((head.hidden.bias for head in heads), now)
    )


def _preferences(
    heads: Sequence[Head], motion: Tensor, relation: Tensor, now: Tensor, before: Tensor
) -> tuple[Tensor, Tensor]:
    """What motion and the other lines add to the choices, ``(head, …, choice)`` each."""
    choices = heads[0].layout.vocabulary.choices
    own = tf.stack([before[..., head.line] for head in heads])
    chords = zip(heads, tf.unstack(now), strict=True)
    others = tf.stack([tf.gather(chord, head.others, axis=-1) for head, chord in chords])
    then = tf.stack([tf.gather(before, head.others, axis=-1) for head in heads])
    shape = tf.concat([tf.shape(relation)[:-1], [len(heads[0].others), RELATION.size]], 0)
    interval, distance = tf.split(tf.reshape(relation, shape), RELATION.sizes, axis=-1)
    index, known = progression(own[..., None], then, others)
    tables = _stacked(head.successors for head in heads)
    tables = tf.reshape(tables, [-1, PROGRESSIONS, OCTAVE])
    places = tf.concat(tf.unstack(tf.where(known, index, -1)), axis=-1)
    followed = tf.split(lookup(tables, places, MOTIONS), len(heads), axis=-2)
    interval += SUCCESSOR_SCALE * tf.stack(followed)
    related = by_relation(interval, distance, others, choices)
    return by_difference(motion, own, choices), tf.reduce_sum(related, axis=-2)


def _stacked(variables: Iterable[Any]) -> Tensor:
    return tf.stack([tf.convert_to_tensor(variable) for variable in variables])


def _biases(variables: Iterable[Any], like: Tensor) -> Tensor:
    """Biases ``(head, …, unit)`` with as many axes as `like`."""
    biases = _stacked(variables)
    return tf.reshape(biases, [biases.shape[0], *[1] * (len(like.shape) - 2), biases.shape[1]])


def _side_by_side(kernels: Tensor) -> Tensor:
    """Kernels ``(head, input, unit)`` as one of all heads' units: ``(input, head * unit)``."""
    return flatten(tf.transpose(kernels, [1, 0, 2]))


def _each(inputs: Tensor, kernels: Tensor) -> Tensor:
    """``(head, …, input)`` times each head's own kernel ``(input, unit)``."""
    flat = tf.reshape(inputs, [inputs.shape[0], -1, inputs.shape[-1]]) @ kernels
    return tf.reshape(flat, tf.concat([tf.shape(inputs)[:-1], [kernels.shape[-1]]], 0))


@cache
def _chroma(choices: int) -> Any:
    """The pitch class of each choice's token as a one-hot vector: ``(choice, 12)``."""
    tokens = np.arange(1, choices + 1)
    return ((tokens[:, None] % OCTAVE == np.arange(OCTAVE)) & (tokens[:, None] > REST)).astype("f4")


def by_difference(weights: Tensor, other: Tensor, choices: int) -> Tensor:
    """Give every choice the weight of how far it lies above another pitch: ``(…, choice)``.

    `weights (…, 2 n + 1)` are numbers for each difference from -n to n semitones. `other (…) int32`
    is another line's token, or the same line's in the step before. A rest and larger differences
    get zero, and so do all choices where the other one is no pitch.
    """
    largest = weights.shape[-1] // 2
    return _between_pitches(moved(weights, 1 + largest - other, choices), other)


def by_chroma(weights: Tensor, choices: int) -> Tensor:
    """Give every choice the weight of its token's pitch class: ``(…, 12)`` to ``(…, choice)``."""
    flat = tf.reshape(weights, [-1, OCTAVE]) @ tf.constant(_chroma(choices).T)
    return tf.reshape(flat, tf.concat([tf.shape(weights)[:-1], [choices]], 0))


def by_relation(interval: Tensor, distance: Tensor, other: Tensor, choices: int) -> Tensor:
    """Give every choice the weights of its interval class and of its distance, summed up.

    `interval (…, 12)` are numbers for each interval class above the other line, and `distance (…,
    DISTANCES)` as the weights of `by_difference`; so are `other` and what is returned.
    """
    largest = choices - 2  # distance of two pitches
    reach = 2 * largest + 1
    edge = largest - LARGEST_DISTANCE
    padding = [[0, 0]] * len(other.shape)

    @tf.custom_gradient
    def function(interval: Tensor, distance: Tensor) -> tuple[Tensor, Any]:
        repeated = tf.tile(interval, [1] * len(other.shape) + [-(-reach // OCTAVE) + 1])
        first = -largest % OCTAVE  # the interval class of the lowest distance
        table = tf.pad(distance, [*padding, [edge, edge]]) + repeated[..., first : first + reach]

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            upstream = _between_pitches(upstream, other)
            by_interval = turned(upstream @ tf.constant(_chroma(choices)), other)
            return by_interval, moved(upstream, other - 1 - LARGEST_DISTANCE, DISTANCES)

        return _between_pitches(moved(table, largest + 1 - other, choices), other), gradient

    return function(interval, distance)


def _between_pitches(values: Tensor, other: Tensor) -> Tensor:
    """`values (…, choice)` where both a choice and the `other` token it refers to are pitches."""
    return tf.where((other[..., None] > REST) & (tf.range(values.shape[-1]) > 0), values, 0.0)


def moved(values: Tensor, offset: Tensor, size: int) -> Tensor:
    """``values[…, i + offset]`` for i from 0 to `size`, zero outside.

    Its gradient is the opposite move, which spares the slow scattering of a gather's.
    """
    length = values.shape[-1]

    @tf.custom_gradient
    def function(values: Tensor) -> tuple[Tensor, Any]:
        index = tf.range(size) + offset[..., None]
        inside = (index >= 0) & (index < length)
        taken = _gather(values, tf.where(inside, index, 0))
        return tf.where(inside, taken, 0.0), lambda upstream: moved(upstream, -offset, length)

    return function(values)


def turned(values: Tensor, offset: Tensor) -> Tensor:
    """``values[…, (i + offset) % 12]``."""
    return _gather(values, (tf.range(OCTAVE) + offset[..., None]) % OCTAVE)


def _gather(values: Tensor, index: Tensor) -> Tensor:
    return tf.gather(values, index, axis=-1, batch_dims=len(index.shape) - 1)
