"""Weights of relations as weights of the pitches that stand in them.

A network that prefers a fifth above the bass to a fourth says so once, by a weight for each
interval class; here every pitch of a voice is given the weights of the relations that it would
have. Each gradient is the move back, which spares XLA the slow scattering of a gather's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kantor.runtime.pitches import BASE, CLASSES, DISTANCES, LARGEST_DISTANCE, LARGEST_MOTION

Tensor = Any

_CHROMA = np.zeros((CLASSES, 12), np.float32)
_CHROMA[np.arange(1, CLASSES), (BASE + np.arange(1, CLASSES)) % 12] = 1


def by_motion(weights: Tensor, before: Tensor) -> Tensor:
    """Give every class the weight of the motion that leads to it.

    Parameters
    ----------
    weights : (…, 25)
        A number for each motion, -12 to 12 semitones.
    before : (…) int32
        The voice's class in the step before.

    Returns
    -------
    (…, CLASSES) float32
        Zero for a rest and larger leaps, and everywhere after a rest.
    """
    return _pitched(moved(weights, LARGEST_MOTION - before, CLASSES), before)


def by_chroma(weights: Tensor) -> Tensor:
    """Give every class the weight of its pitch class: ``(…, 12)`` to ``(…, CLASSES)``."""
    flat = tf.reshape(weights, [-1, 12]) @ tf.constant(_CHROMA.T)
    return tf.reshape(flat, tf.concat([tf.shape(weights)[:-1], [CLASSES]], 0))


def row_of(table: Tensor, row: Tensor) -> Tensor:
    """One row of each matrix ``(…, 12, 12)``, chosen by ``row (…)``: ``(…, 12)``."""
    return tf.gather(table, row, axis=-2, batch_dims=len(row.shape))


def by_distance(weights: Tensor, other: Tensor) -> Tensor:
    """Give every class the weight of its distance from another voice.

    Parameters
    ----------
    weights : (…, 73)
        A number for each distance, -36 to 36 semitones above the other voice.
    other : (…) int32
        The other voice's class in the same step.

    Returns
    -------
    (…, CLASSES) float32
        Zero for a rest and larger distances, and everywhere where the other voice rests or is not
        known.
    """
    return _pitched(moved(weights, LARGEST_DISTANCE - other, CLASSES), other)


def by_relation(interval: Tensor, distance: Tensor, other: Tensor) -> Tensor:
    """Give every class the weights of its interval class and of its distance, summed up.

    Both look a class up by where the other voice lies.

    Parameters
    ----------
    interval : (…, 12)
        A number for each interval class above the other voice.
    distance : (…, 73)
    other : (…) int32
        As in `by_distance`.

    Returns
    -------
    (…, CLASSES) float32
        Zero for a rest, and everywhere where the other voice rests or is not known.
    """
    edge = CLASSES - 2 - LARGEST_DISTANCE
    padding = [[0, 0]] * len(other.shape)

    @tf.custom_gradient
    def function(interval: Tensor, distance: Tensor) -> tuple[Tensor, Any]:
        """The sum, and its gradient."""
        repeated = tf.tile(interval, [1] * len(other.shape) + [-(-_REACH // 12) + 1])
        first = -(CLASSES - 2) % 12  # the interval class of the lowest distance
        table = tf.pad(distance, [*padding, [edge, edge]]) + repeated[..., first : first + _REACH]

        def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
            """By intervals and by distances."""
            upstream = _pitched(upstream, other)
            chroma = upstream @ tf.constant(_CHROMA)
            return (
                turned(chroma, BASE + other),
                moved(upstream, other - LARGEST_DISTANCE, DISTANCES),
            )

        return _pitched(moved(table, CLASSES - 2 - other, CLASSES), other), gradient

    return function(interval, distance)


_REACH = 2 * (CLASSES - 2) + 1
"""Distances between two pitches of the frame."""


def _pitched(values: Tensor, other: Tensor) -> Tensor:
    """`values (…, CLASSES)` where both a class and the `other` one it refers to are pitches."""
    return tf.where((other[..., None] > 0) & (tf.range(CLASSES) > 0), values, 0.0)


def moved(values: Tensor, offset: Tensor, size: int) -> Tensor:
    """``values[…, i + offset]`` for i from 0 to `size`, zero outside.

    Its gradient is the opposite move, which spares the slow scattering of a gather's.
    """
    length = values.shape[-1]

    @tf.custom_gradient
    def function(values: Tensor) -> tuple[Tensor, Any]:
        """The move, and its gradient."""
        index = tf.range(size) + offset[..., None]
        inside = (index >= 0) & (index < length)
        taken = _gather(values, tf.where(inside, index, 0))
        return tf.where(inside, taken, 0.0), lambda upstream: moved(upstream, -offset, length)

    return function(values)


def turned(values: Tensor, offset: Tensor) -> Tensor:
    """``values[…, (i + offset) % 12]``, with the opposite turn as its gradient."""

    @tf.custom_gradient
    def function(values: Tensor) -> tuple[Tensor, Any]:
        """The turn, and its gradient."""
        taken = _gather(values, (tf.range(12) + offset[..., None]) % 12)
        return taken, lambda upstream: turned(upstream, -offset)

    return function(values)


def _gather(values: Tensor, index: Tensor) -> Tensor:
    return tf.gather(values, index, axis=-1, batch_dims=len(index.shape) - 1)
