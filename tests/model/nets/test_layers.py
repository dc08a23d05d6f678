"""Convolutions, dropout, look-ups and products with few ones are what they stand for."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kantor.model.nets import layers
from kantor.model.nets.layers import MultiHot


@pytest.mark.parametrize("dilation", [1, 4])
def test_convolution_over_time(dilation: int) -> None:
    """It is Keras's own dilated convolution with the same weights."""
    inputs = tf.random.stateless_normal([2, 11, 3], [1, 2])
    ours = layers.TimeConv(4, dilation)
    ours.build((None, None, 3))
    theirs = keras.layers.Conv1D(4, 3, dilation_rate=dilation, padding="same")
    theirs.build((None, None, 3))
    weights, bias = ours.get_weights()
    theirs.set_weights([weights.reshape(3, 3, 4), bias + 1])
    assert np.allclose(ours(inputs) + 1, theirs(inputs), atol=1e-5)


def test_dropout() -> None:
    """Each call draws the next mask; asked again all are the same; their mean is kept.

    A channel is dropped in all steps of a piece or in none; at rate zero everything passes.
    """
    ones = tf.ones([400, 2, 50])

    def masks(seed: int) -> list[np.ndarray]:
        drop = layers.dropout(0.4, tf.constant([seed, 1]))
        return [drop(ones).numpy() for _ in range(2)]

    first, again, other = masks(1), masks(1), masks(2)
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(*first)
    assert not np.array_equal(first[0], other[0])
    assert first[0].mean() == pytest.approx(1, abs=0.03)
    assert (first[0] == 0).mean() == pytest.approx(0.4, abs=0.02)
    assert np.allclose(np.unique(first[0]), [0, 1 / 0.6])
    assert np.array_equal(first[0][:, 0], first[0][:, 1])
    assert np.array_equal(layers.dropout(0.0, tf.constant([1, 2]))(ones), ones)


@pytest.mark.parametrize("run", [2, 3, 6])
def test_lookup_is_a_product_with_one_hot_rows(run: int) -> None:
    """In value and in gradient, in runs or not; no row where the index is -1."""
    tables = tf.random.stateless_normal([3, 6, 2], [1, 2])
    index = tf.constant([[0, 5, -1], [2, 2, 2], [-1, 0, 1]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tables)
        ours = layers.lookup(tables, index, run)
        theirs = tf.einsum("nti,tio->nto", tf.one_hot(index, 6), tables)
        weights = tf.random.stateless_normal(ours.shape, [3, 4])
        one, other = (tf.reduce_sum(weights * rows) for rows in (ours, theirs))
    assert np.allclose(ours, theirs)
    assert np.allclose(tape.gradient(one, tables), tape.gradient(other, tables), atol=1e-6)


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
def test_product_with_few_ones(index: list[list[int]], compiled: bool) -> None:
    """It and its gradient are those with the vectors written out, in a graph and eagerly."""
    kernel = np.arange(15, dtype=np.float32).reshape(5, 3)
    vectors = np.zeros((3, 5), np.float32)
    for row, places in enumerate(index):
        for place in places:
            if place >= 0:
                vectors[row, place] += 1
    upstream = np.array([[1, 0, 2], [0, 3, 1], [1, 1, 1]], np.float32)

    def both(kernel: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            product = MultiHot.of(index, 5).times(kernel)
        return product, tape.gradient(product, kernel, upstream)

    run = tf.function(both) if compiled else both
    product, gradient = run(tf.constant(kernel), tf.constant(index))
    assert np.array_equal(product, vectors @ kernel)
    assert np.array_equal(gradient, vectors.T @ upstream)
