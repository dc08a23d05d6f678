"""The voices' heads: what pitch a voice takes in a step, from its context and the chord so far.

Besides a logit for each pitch a head states preferences relative to what is known: for each motion
from its voice's last pitch, for each interval class and each distance from every other voice, and
for each interval class after where the two came from (`representation.progressions`).

Several heads are computed as one, a product of stacked matrices: where all of a sample's cells are
known, as in training, the four voices' graphs are one, which XLA compiles in a third of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kantor.model.nets import relations
from kantor.model.nets import representation as rep
from kantor.model.nets.layers import Dropout, lookup, no_dropout, product
from kantor.music.score import VOICES

Tensor = Any

BOLD = 30.0
"""Adam moves every weight about as far; what is seldom needed must move further to be learned."""
_OTHERS = len(VOICES) - 1
SIZES = [rep.CLASSES, 1, rep.MOTIONS, _OTHERS * (12 + rep.DISTANCES)]
_EARLIER = 12 * len(rep.PAIRS)
_CHORD = len(VOICES) * rep.CLASSES + rep.RELATIONS


@keras.saving.register_keras_serializable("kantor")
class Head(keras.layers.Layer):  # type: ignore[misc]
    """One voice's weights; see the module, and `logits` for what is done with them."""

    def __init__(self, voice: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.voice = voice
        self.others = tuple(other for other in range(len(VOICES)) if other != voice)
        self.width = width
        self.hidden = keras.layers.Dense(width)
        self.outputs = keras.layers.Dense(sum(SIZES))

    def build(self, context: int) -> None:
        """Make the weights for a context of so many units."""
        self.hidden.build((None, context + _CHORD + _EARLIER))
        self.outputs.build((None, self.width))
        shape = (_OTHERS, rep.PROGRESSIONS, 12)
        self.successors = self.add_weight(shape=shape, initializer="zeros", name="successors")
        self.built = True


def logits(
    heads: Sequence[Head], context: Tensor, now: Tensor, before: Tensor, drop: Dropout = no_dropout
) -> Tensor:
    """Logits of each head's pitch, and of striking it anew where it equals the last one.

    Parameters
    ----------
    context : (…, context)
    now : (head, …, voice) int32
        Classes of the step's chord as each head knows it, -1 where a voice is not known yet.
    before : (…, voice) int32
        Classes of the step before.

    Returns
    -------
    (head, …, CLASSES + 1)
    """
    hidden = tf.nn.relu(_hidden(heads, context, now, before))
    out = _each(drop(hidden), _stacked([head.outputs.kernel for head in heads]))
    out += _aligned(_stacked([head.outputs.bias for head in heads]), out)
    pitch, strike, moves, relative = tf.split(out, SIZES, axis=-1)
    own = tf.stack([before[..., head.voice] for head in heads])
    pitch += relations.by_motion(moves, own)
    wishes = _relative(heads, relative, own, now, before)
    return tf.concat([pitch + tf.reduce_sum(wishes, axis=-2), strike], axis=-1)


def _hidden(heads: Sequence[Head], context: Tensor, now: Tensor, before: Tensor) -> Tensor:
    """The hidden layers ``(head, …, width)`` before their activation."""
    kernels = _stacked([head.hidden.kernel for head in heads])
    of_context, of_chord, of_earlier = tf.split(
        kernels, [context.shape[-1], _CHORD, _EARLIER], axis=1
    )
    chord = tf.concat(
        [
            rep.flatten(rep.one_hot(now)),
            rep.intervals(now),
            rep.spacing(now),
            rep.motion(now, before),
        ],
        axis=-1,
    )
    # Products of their own: a gradient by one-hot features, which nobody needs, would be as dear.
    shared = product(context, _side_by_side(of_context))
    shared += product(rep.intervals(before), _side_by_side(of_earlier))
    return (
        tf.stack(tf.split(shared, len(heads), axis=-1))
        + _each(chord, of_chord)
        + _aligned(_stacked([head.hidden.bias for head in heads]), now)
    )


def _relative(
    heads: Sequence[Head], weights: Tensor, own: Tensor, now: Tensor, before: Tensor
) -> Tensor:
    """What each head holds of its pitches by every other voice: ``(head, …, other, CLASSES)``."""
    shape = tf.concat([tf.shape(weights)[:-1], [_OTHERS, 12 + rep.DISTANCES]], 0)
    interval, distance = tf.split(tf.reshape(weights, shape), [12, rep.DISTANCES], axis=-1)
    chords = zip(heads, tf.unstack(now), strict=True)
    others = tf.stack([tf.gather(chord, head.others, axis=-1) for head, chord in chords])
    then = tf.stack([tf.gather(before, head.others, axis=-1) for head in heads])
    progressions = rep.progressions(own[..., None], then, others)
    tables = _stacked([head.successors for head in heads])
    return relations.by_relation(
        interval + BOLD * _followed(tables, progressions), distance, others
    )


def _followed(tables: Tensor, progressions: Tensor) -> Tensor:
    """Rows ``(head, …, other, 12)`` of tables ``(head, other, PROGRESSIONS, 12)``."""
    flat = tf.reshape(tables, [-1, rep.PROGRESSIONS, 12])
    index = tf.concat(tf.unstack(progressions), axis=-1)
    return tf.stack(tf.split(lookup(flat, index, rep.MOTIONS), tables.shape[0], axis=-2))


def _stacked(variables: list[Any]) -> Tensor:
    return tf.stack([tf.convert_to_tensor(variable) for variable in variables])


def _side_by_side(kernels: Tensor) -> Tensor:
    """Kernels ``(head, input, unit)`` as one of all heads' units: ``(input, head * unit)``."""
    return rep.flatten(tf.transpose(kernels, [1, 0, 2]))


def _each(inputs: Tensor, kernels: Tensor) -> Tensor:
    """``(head, …, input)`` times each head's own kernel ``(input, unit)``."""
    flat = tf.reshape(inputs, [inputs.shape[0], -1, inputs.shape[-1]]) @ kernels
    return tf.reshape(flat, tf.concat([tf.shape(inputs)[:-1], [kernels.shape[-1]]], 0))


def _aligned(biases: Tensor, like: Tensor) -> Tensor:
    """Biases ``(head, unit)`` with as many axes as `like`."""
    return tf.reshape(biases, [biases.shape[0], *[1] * (len(like.shape) - 2), biases.shape[1]])
