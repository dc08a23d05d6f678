"""Layers and functions that the networks of `chorale` share."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import keras
import tensorflow as tf

from kantor.model import parts

Tensor = Any
Dropout = Callable[[Tensor], Tensor]


def no_dropout(tensor: Tensor) -> Tensor:
    """For composing: everything passes."""
    return tensor


def dropout(rate: float, seed: Tensor) -> Dropout:
    """Dropout of whole channels, each dropped for all steps of a piece.

    Its masks follow from a seed ``(2,) int``, each call drawing the next. One mask a piece is
    what Gal and Ghahramani (2016) propose for sequences; it also costs a thirtieth of the random
    numbers.
    """
    calls = count()

    def drop(tensor: Tensor) -> Tensor:
        """Drop channels by the next mask; what is kept is raised to the same mean."""
        own = tf.random.experimental.stateless_fold_in(seed, next(calls))
        rows = len(tensor.shape) - 3  # the axis of the pieces
        shape = [*tensor.shape[:rows], tf.shape(tensor)[rows], 1, tensor.shape[-1]]
        kept = parts.uniform(shape, own, axis=rows) >= rate
        return tensor * tf.cast(kept, tensor.dtype) / (1 - rate)

    return drop if rate > 0 else no_dropout


def leaky(tensor: Tensor) -> Tensor:
    """Leaky ReLU with slope 0.2."""
    return tf.nn.leaky_relu(tensor, 0.2)


def product(inputs: Tensor, kernel: Tensor) -> Tensor:
    """``(…, channel)`` times ``(channel, units)``.

    One product of two matrices: XLA takes a batch of small ones apart.
    """
    flat = tf.reshape(inputs, [-1, inputs.shape[-1]]) @ kernel
    return tf.reshape(flat, tf.concat([tf.shape(inputs)[:-1], [kernel.shape[-1]]], 0))


def lookup(tables: Tensor, index: Tensor, run: int | None = None) -> Tensor:
    """A row of each of several tables.

    Its gradient is a product with one-hot vectors, which XLA on CPU runs faster than the
    scattering of a gather's.

    Parameters
    ----------
    tables : (table, row, unit) float32
    index : (…, table) int32
        -1: a row of zeros.
    run : int
        Where rows come in runs of this length (of all rows, if none is named), the gradient is
        the product of one-hot vectors of the place in a run with what each run receives: narrow
        rows in long tables make products of a better shape so.

    Returns
    -------
    (…, table, unit) float32
    """
    tables = tf.convert_to_tensor(tables)
    count_, rows, units = tables.shape
    run = run or rows

    @tf.custom_gradient
    def function(tables: Tensor) -> tuple[Tensor, Any]:
        """The rows, and their gradient."""
        flat = tf.reshape(tables, [count_ * rows, units])
        taken = tf.gather(flat, tf.maximum(index, 0) + rows * tf.range(count_))
        taken = tf.where(index[..., None] >= 0, taken, 0.0)

        def gradient(upstream: Tensor) -> Tensor:
            """The tables' gradient."""
            at = tf.transpose(tf.reshape(index, [-1, count_]))
            upstream = tf.transpose(tf.reshape(upstream, [-1, count_, units]), [1, 0, 2])
            runs = tf.one_hot(at // run, rows // run)[..., None] * upstream[:, :, None]
            flat = tf.reshape(runs, [count_, -1, rows // run * units])
            found = tf.matmul(tf.one_hot(at % run, run), flat, transpose_a=True)
            places = tf.reshape(found, [count_, run, rows // run, units])
            return tf.reshape(tf.transpose(places, [0, 2, 1, 3]), [count_, rows, units])

        return taken, gradient

    return function(tables)


@keras.saving.register_keras_serializable("kantor")
class TimeConv(keras.layers.Layer):  # type: ignore[misc]
    """A convolution over time as one matrix product, which XLA on CPU runs (and derives) faster."""

    def __init__(self, units: int, kernel: int = 3, dilation: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.kernel, self.dilation = units, kernel, dilation
        self.dense = keras.layers.Dense(units)

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs ``(batch, time, channel)``."""
        self.dense.build((*shape[:-1], self.kernel * int(shape[-1] or 0)))

    @property
    def reach(self) -> int:
        """Steps that it sees on either side of its own."""
        return self.dilation * (self.kernel // 2)

    def call(self, inputs: Tensor, padded: bool = True) -> Tensor:
        """``(batch, time, units)``; zeros stand before the start and after the end.

        Not `padded`: the steps alone that see nothing outside, `reach` fewer at either end.
        """
        if padded:
            inputs = tf.pad(inputs, [[0, 0], [self.reach, self.reach], [0, 0]])
        length = tf.shape(inputs)[1] - 2 * self.reach
        taps = [
            inputs[:, tap * self.dilation : tap * self.dilation + length]
            for tap in range(self.kernel)
        ]
        return self.dense(tf.concat(taps, axis=-1))
