"""Weights of relations reach the choices that have them, and gradients find their way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.model.nets import relations
from kantor.network.layout import DISTANCES, MOTIONS
from kantor.network.tokens import REST

CHOICES = 64
MODEST = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
tokens = st.integers(0, CHOICES)


def weights(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size).astype(np.float32)


@pytest.mark.parametrize("size", [MOTIONS, DISTANCES])
@MODEST
@given(tokens, seeds)
def test_weights_by_difference(size: int, other: int, seed: int) -> None:
    """A pitch gets the weight of its motion or distance; what is farther, or after a rest, none."""
    reach = size // 2
    given, expected = weights(size, seed), np.zeros(CHOICES, np.float32)
    for token in range(REST + 1, CHOICES + 1):
        if other > REST and abs(token - other) <= reach:
            expected[token - 1] = given[token - other + reach]
    result = relations.by_difference(tf.constant(given[None]), tf.constant([other]), CHOICES)
    assert np.array_equal(result[0], expected)


def by_interval(weights: Any, other: Any) -> Any:
    """A pitch gets the weight of its interval class above another line's pitch."""
    every = 1 + tf.range(CHOICES)
    values = tf.gather(weights, (every - other[..., None]) % 12, axis=-1, batch_dims=1)
    return tf.where((every > REST) & (other[..., None] > REST), values, 0.0)


@MODEST
@given(tokens, seeds)
def test_weights_by_relation(other: int, seed: int) -> None:
    """One look-up gives the sum of what interval and distance bring, and so do its gradients."""
    first, second = (tf.constant(weights(n, seed)[None]) for n in (12, DISTANCES))
    at, pull = tf.constant([other]), tf.constant(weights(CHOICES, seed + 1)[None])

    def looked_up(values_of: Callable[[], Any]) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch([first, second])
            values = values_of()
        return [values, *tape.gradient(values, [first, second], pull)]

    together = looked_up(lambda: relations.by_relation(first, second, at, CHOICES))
    apart = looked_up(lambda: by_interval(first, at) + relations.by_difference(second, at, CHOICES))
    for one, two in zip(together, apart, strict=True):
        assert np.allclose(one, two, atol=1e-5)


@pytest.mark.parametrize(("size", "pulls"), [(MOTIONS, [25, 25]), (DISTANCES, [63, 60])])
def test_gradient_of_weights(size: int, pulls: list[int]) -> None:
    """Each weight learns from the choices that it was given to: those and no others."""
    given = tf.constant(np.stack([weights(size, 1), weights(size, 2)]))
    upstream = tf.constant(np.random.default_rng(3).normal(size=(2, CHOICES)).astype(np.float32))
    others = tf.constant([31, 41])
    with tf.GradientTape() as tape:
        tape.watch(given)
        loss = tf.reduce_sum(relations.by_difference(given, others, CHOICES) * upstream)
    expected = np.zeros((2, size), np.float32)
    for weight in range(size):
        unit = tf.one_hot([weight, weight], size)
        expected[:, weight] = np.sum(
            relations.by_difference(unit, others, CHOICES) * upstream, axis=1
        )
    assert np.allclose(tape.gradient(loss, given), expected, atol=1e-5)
    reached = np.sum(relations.by_difference(tf.ones([2, size]), others, CHOICES), axis=1)
    assert [int(row) for row in reached] == pulls
