"""Weights of relations as weights of the choices that stand in them.

A network that prefers a fifth above the bass to a fourth says so once, by a weight for each
interval class; here every choice of a line is given the weights of the relations that it would
have.

A choice is a token from 1, counted from 0; `choices` is how many there are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from kantor.model import Tensor
from kantor.network.layout import DISTANCES, LARGEST_DISTANCE, OCTAVE
from kantor.network.tokens import REST


@cache
def _chroma(choices: int) -> Any:
    """The pitch class of each choice's token as a one-hot vector: ``(choice, 12)``."""
    tokens = np.arange(1, choices + 1)
    return ((tokens[:, None] % OCTAVE == np.arange(OCTAVE)) & (tokens[:, None] > REST)).astype("f4")


def by_difference(weights: Tensor, other: Tensor, choices: int) -> Tensor:
    """Give every choice the weight of how far it lies above another pitch.

    Parameters
    ----------
    weights : (…, 2 n + 1)
        A number for each difference from -n to n semitones.
    other : (…) int32
        Another line's token, or the same line's in the step before.

    Returns
    -------
    (…, choice) float32
        Zero for a rest and larger differences, and everywhere where the other one is no pitch.
    """
    largest = weights.shape[-1] // 2
    return _between_pitches(moved(weights, 1 + largest - other, choices), other)


def by_chroma(weights: Tensor, choices: int) -> Tensor:
    """Give every choice the weight of its token's pitch class: ``(…, 12)`` to ``(…, choice)``."""
    flat = tf.reshape(weights, [-1, OCTAVE]) @ tf.constant(_chroma(choices).T)
    return tf.reshape(flat, tf.concat([tf.shape(weights)[:-1], [choices]], 0))


def by_relation(interval: Tensor, distance: Tensor, other: Tensor, choices: int) -> Tensor:
    """Give every choice the weights of its interval class and of its distance, summed up.

    Parameters
    ----------
    interval : (…, 12)
        A number for each interval class above the other line.
    distance : (…, DISTANCES)
    other : (…) int32
        As in `by_difference`; so is what is returned.
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
