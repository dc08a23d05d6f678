"""Layers and products that the networks of `chorale` share."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from kantor.model import Tensor, parts
from kantor.network.layout import TAPS

Dropout = Callable[[Tensor], Tensor]


def no_dropout(tensor: Tensor) -> Tensor:
    """For composing: everything passes."""
    return tensor


def dropout(rate: float, seed: Tensor) -> Dropout:
    """Dropout of whole channels, each dropped for all steps of a piece.

    Its masks follow from a seed ``(2,) int``, each call drawing the next; what is kept is raised
    to the same mean. One mask a piece is what Gal and Ghahramani (2016) propose for sequences.
    """
    calls = count()

    def drop(tensor: Tensor) -> Tensor:
        own = tf.random.experimental.stateless_fold_in(seed, next(calls))
        rows = len(tensor.shape) - 3  # the axis of the pieces
        shape = [*tensor.shape[:rows], tf.shape(tensor)[rows], 1, tensor.shape[-1]]
        kept = parts.random(shape, own, axis=rows) >= rate
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


def lookup(tables: Tensor, index: Tensor, run: int) -> Tensor:
    """A row of each of several tables; -1 stands for a row of zeros.

    Of `tables (table, row, unit)` by `index (…, table)`: ``(…, table, unit)``. The gradient is a
    product with one-hot vectors, which XLA on CPU runs faster than the scattering of a gather's:
    vectors of the place in a run of `run` rows with what each run receives, because narrow rows in
    long tables make products of a better shape so.
    """
    tables = tf.convert_to_tensor(tables)
    count_, rows, units = tables.shape

    @tf.custom_gradient
    def function(tables: Tensor) -> tuple[Tensor, Any]:
        flat = tf.reshape(tables, [count_ * rows, units])
        taken = tf.gather(flat, tf.maximum(index, 0) + rows * tf.range(count_))
        taken = tf.where(index[..., None] >= 0, taken, 0.0)

        def gradient(upstream: Tensor) -> Tensor:
            at = tf.transpose(tf.reshape(index, [-1, count_]))
            upstream = tf.transpose(tf.reshape(upstream, [-1, count_, units]), [1, 0, 2])
            runs = tf.one_hot(at // run, rows // run)[..., None] * upstream[:, :, None]
            flat = tf.reshape(runs, [count_, -1, rows // run * units])
            sums = tf.matmul(tf.one_hot(at % run, run), flat, transpose_a=True)
            places = tf.reshape(sums, [count_, run, rows // run, units])
            return tf.reshape(tf.transpose(places, [0, 2, 1, 3]), [count_, rows, units])

        return taken, gradient

    return function(tables)


class MultiHot(NamedTuple):
    """Vectors of many zeros and few ones ``(row, feature)`` as the places of their ones.

    A step of music as the critic sees it has more than a thousand features, of which some twenty
    are one. Its product with a kernel is the sum of twenty of the kernel's rows, and the kernel's
    gradient gathers for each feature what the steps that have it receive: a sixtieth of the
    arithmetic of the dense products. XLA on CPU scatters slowly, so this is left to TensorFlow's
    own operations.

    `index (row, one) int32` names the features that are one in each, -1 for none; `by_row` and
    `by_feature` have row and feature ``(one,) int32`` of each one, sorted by either.
    """

    index: Tensor
    by_row: tuple[Tensor, Tensor]
    by_feature: tuple[Tensor, Tensor]

    @classmethod
    def of(cls, index: Tensor, features: int) -> MultiHot:
        """Vectors of so many features from `index`."""
        at = tf.where(index >= 0)
        by_row = tf.cast(at[:, 0], tf.int32), tf.gather_nd(index, at)
        # Each feature's own, one after the other: a counting sort.
        rows, places = (
            tf.concat(tf.dynamic_partition(of_ones, by_row[1], features), axis=0)
            for of_ones in by_row
        )
        return cls(index, by_row, (rows, places))

    def times(self, kernel: Tensor) -> Tensor:
        """``(row, feature)`` times ``(feature, unit)``, with a gradient to the kernel."""
        (row, place), (row_of, feature) = self.by_row, self.by_feature
        rows = self.index.shape[0] or tf.shape(self.index)[0]

        @tf.custom_gradient
        def function(kernel: Tensor) -> tuple[Tensor, Any]:
            return (
                tf.sparse.segment_sum(kernel, place, row, rows),
                lambda upstream: tf.sparse.segment_sum(upstream, row_of, feature, kernel.shape[0]),
            )

        return function(tf.convert_to_tensor(kernel))


class TimeConv(keras.layers.Layer):  # type: ignore[misc]
    """A convolution over time as one matrix product, which XLA on CPU runs (and derives) faster."""

    def __init__(self, units: int, dilation: int = 1) -> None:
        super().__init__()
        self.units, self.dilation = units, dilation
        self.reach = dilation * (TAPS // 2)  # steps that it sees on either side of its own
        self.dense = keras.layers.Dense(units)

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the weights for inputs ``(batch, time, channel)``."""
        self.dense.build((*shape[:-1], TAPS * int(shape[-1] or 0)))

    def call(self, inputs: Tensor, padded: bool = True) -> Tensor:
        """``(batch, time, units)``; zeros stand before the start and after the end.

        Not `padded`: the steps alone that see nothing outside, `reach` fewer at either end.
        """
        if padded:
            inputs = tf.pad(inputs, [[0, 0], [self.reach, self.reach], [0, 0]])
        length = tf.shape(inputs)[1] - 2 * self.reach
        starts = [tap * self.dilation for tap in range(TAPS)]
        taps = [inputs[:, start : start + length] for start in starts]
        return self.dense(tf.concat(taps, axis=-1))
