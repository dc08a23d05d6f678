"""Layers, look-ups, products with few ones and the heads' relations are what they stand for."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.model.nets import heads, layers
from kantor.model.nets.layers import MultiHot
from kantor.network.layout import DISTANCES, MOTIONS
from kantor.network.tokens import REST

CHOICES = 64
tokens = st.integers(0, CHOICES)


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


def plainly(weights: Any, place: Any, other: Any) -> Any:
    """A pitch gets the weight at its place, where there is one, but not beside a rest."""
    every = 1 + tf.range(CHOICES)
    size = weights.shape[-1]
    known = (every > REST) & (other[..., None] > REST) & (place >= 0) & (place < size)
    values = tf.gather(weights, tf.clip_by_value(place, 0, size - 1), axis=-1, batch_dims=1)
    return tf.where(known, values, 0.0)


def by_difference(weights: Any, other: Any) -> Any:
    """The place is the distance above the other pitch."""
    place = 1 + tf.range(CHOICES) - other[..., None] + weights.shape[-1] // 2
    return plainly(weights, place, other)


def by_interval(weights: Any, other: Any) -> Any:
    """The place is the interval class above the other pitch."""
    return plainly(weights, (1 + tf.range(CHOICES) - other[..., None]) % 12, other)


def by_relation(first: Any, second: Any, other: Any) -> Any:
    """What interval class and distance bring, summed up."""
    return by_interval(first, other) + by_difference(second, other)


@pytest.mark.parametrize(
    ("sizes", "ours", "plain"),
    [
        ((MOTIONS,), heads.by_difference, by_difference),
        ((DISTANCES,), heads.by_difference, by_difference),
        ((12, DISTANCES), heads.by_relation, by_relation),
    ],
)
@settings(max_examples=25)
@given(tokens, tokens, st.integers(0, 2**32 - 1))
def test_weights_of_relations(sizes, ours, plain, one: int, two: int, seed: int) -> None:
    """A pitch gets those of its relations to another one, none beside a rest, nor if too far; their
    gradients come back."""
    random, other = np.random.default_rng(seed), tf.constant([one, two])
    weights = [tf.constant(random.normal(size=(2, size)), tf.float32) for size in sizes]
    pull = tf.constant(random.normal(size=(2, CHOICES)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(weights)
        looked_up, expected = ours(*weights, other, CHOICES), plain(*weights, other)
    assert np.allclose(looked_up, expected, atol=1e-5)
    pairs = (tape.gradient(values, weights, pull) for values in (looked_up, expected))
    for gradient, plainly_so in zip(*pairs, strict=True):
        assert np.allclose(gradient, plainly_so, atol=1e-5)
