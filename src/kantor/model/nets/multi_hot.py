"""Products with vectors of many zeros and few ones, as sums of the rows that the ones choose.

A step of music as the critic sees it has more than a thousand features, of which some twenty are
one. Its product with a kernel is then the sum of twenty of the kernel's rows, and the kernel's
gradient gathers for each feature what the steps that have it receive: a sixtieth of the arithmetic
of the dense products. XLA on CPU scatters slowly, so this is left to TensorFlow's own operations.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any


class MultiHot(NamedTuple):
    """Vectors of zeros and ones ``(row, feature)`` as the places of their ones.

    Attributes
    ----------
    index : (row, one) int32
        The features that are one in each; -1: none.
    by_row, by_feature : (one,) int32 each
        Row and feature of each one, sorted by either.
    """

    index: Tensor
    by_row: tuple[Tensor, Tensor]
    by_feature: tuple[Tensor, Tensor]


def multi_hot(index: Tensor, features: int) -> MultiHot:
    """Vectors from the features that are one in each.

    Parameters
    ----------
    index : (row, one) int32
        See `MultiHot`.
    """
    at = tf.where(index >= 0)
    by_row = tf.cast(at[:, 0], tf.int32), tf.gather_nd(index, at)
    # Each feature's own, one after the other: a counting sort.
    by_feature = tuple(
        tf.concat(tf.dynamic_partition(of_ones, by_row[1], features), axis=0) for of_ones in by_row
    )
    return MultiHot(index, by_row, by_feature)


def times(vectors: MultiHot, kernel: Tensor) -> Tensor:
    """``(row, feature)`` times ``(feature, unit)``, with a gradient to the kernel."""
    rows = vectors.index.shape[0] or tf.shape(vectors.index)[0]

    @tf.custom_gradient
    def function(kernel: Tensor) -> tuple[Tensor, Any]:
        """The product, and its gradient."""
        row, feature = vectors.by_row
        found = tf.sparse.segment_sum(kernel, feature, row, rows)

        def gradient(upstream: Tensor) -> Tensor:
            """The kernel's gradient."""
            row, feature = vectors.by_feature
            return tf.sparse.segment_sum(upstream, row, feature, kernel.shape[0])

        return found, gradient

    return function(tf.convert_to_tensor(kernel))
