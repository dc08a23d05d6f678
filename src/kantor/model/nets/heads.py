"""The lines' heads: what a line takes in a step, from its context and the chord so far.

Besides a logit for each choice the head of a pitched line states preferences relative to what is
known: for each motion from its last pitch, for each interval class and each distance from every
other pitched line, and for each interval class after where the two came from (`progression`).

Several heads are computed as one, a product of stacked matrices: where all of a sample's cells are
known, as in training, the lines' graphs are one, which XLA compiles in a third of the memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from kantor.model import Tensor
from kantor.model.nets import relations
from kantor.model.nets.features import features, flatten, place
from kantor.model.nets.layers import Dropout, lookup, no_dropout, product
from kantor.network.layout import MOTIONS, OCTAVE, PROGRESSIONS, RELATION, Layout, progression

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
    """The logits of each head.

    Parameters
    ----------
    heads
        Those of pitched lines, then those of drum lines.
    context : (…, context)
    now : (head, …, line) int32
        Tokens of the step's chord as each head knows it.
    before : (…, line) int32
        Tokens of the step before.

    Returns
    -------
    Logits
        ``(head, …, choice)`` and ``(head, …)``. A drum line's choices are the first two.
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
        by_motion, by_relation = _preferences(heads, motion, relation, now, before)
        choice = choice + by_motion + by_relation
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
    by_relation = relations.by_relation(interval, distance, others, choices)
    by_motion = relations.by_difference(motion, own, choices)
    return by_motion, tf.reduce_sum(by_relation, axis=-2)


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
