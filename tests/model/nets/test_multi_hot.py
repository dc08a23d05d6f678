"""Products with vectors of few ones are those with the same vectors written out."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kantor.model.nets.multi_hot import multi_hot, times

KERNEL = np.arange(15, dtype=np.float32).reshape(5, 3)


@pytest.mark.parametrize(
    "index",
    [
        [[0, 3], [4, 1], [2, 3]],
        [[0, -1], [-1, -1], [3, 0]],  # no one, where there could be some
        [[-1, -1], [1, 4], [-1, -1]],  # rows of zeros at either end
        [[2, 2], [2, -1], [-1, 2]],  # twice the same counts twice
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_product_and_gradient(index: list[list[int]], compiled: bool) -> None:
    """In a graph as well as eagerly."""
    vectors = np.zeros((3, 5), np.float32)
    for row, ones in enumerate(index):
        for one in ones:
            if one >= 0:
                vectors[row, one] += 1
    upstream = np.array([[1, 0, 2], [0, 3, 1], [1, 1, 1]], np.float32)

    def both(kernel: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            found = times(multi_hot(index, len(KERNEL)), kernel)
        return found, tape.gradient(found, kernel, upstream)

    run = tf.function(both) if compiled else both
    found, gradient = run(tf.constant(KERNEL), tf.constant(index))
    assert np.array_equal(found, vectors @ KERNEL)
    assert np.array_equal(gradient, vectors.T @ upstream)
