"""Weights of relations reach the choices that have them, and gradients find their way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.model.nets import heads
from kantor.network.layout import DISTANCES, MOTIONS
from kantor.network.tokens import REST

CHOICES = 64
MODEST = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
tokens = st.integers(0, CHOICES)


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


def with_gradients(values_of: Callable[[], Any], weights: list[Any], seed: int) -> list[Any]:
    """Values, and the gradients by the weights of a random sum of them."""
    with tf.GradientTape() as tape:
        tape.watch(weights)
        values = values_of()
    pull = np.random.default_rng(seed).normal(size=values.shape).astype(np.float32)
    return [values, *tape.gradient(values, weights, tf.constant(pull))]


@pytest.mark.parametrize("size", [MOTIONS, DISTANCES])
@MODEST
@given(tokens, tokens, seeds)
def test_weights_by_difference(size: int, one: int, two: int, seed: int) -> None:
    """A pitch gets the weight of its motion or distance; what is farther, or after a rest, none."""
    weights = tf.constant(np.random.default_rng(seed).normal(size=(2, size)), tf.float32)
    other = tf.constant([one, two])
    looked_up, plain = (
        with_gradients(function, [weights], seed)
        for function in (
            lambda: heads.by_difference(weights, other, CHOICES),
            lambda: by_difference(weights, other),
        )
    )
    assert np.array_equal(looked_up[0], plain[0])
    assert np.allclose(looked_up[1], plain[1], atol=1e-5)


@MODEST
@given(tokens, seeds)
def test_weights_by_relation(token: int, seed: int) -> None:
    """One look-up gives the sum of what interval and distance bring, and so do its gradients."""
    random, other = np.random.default_rng(seed), tf.constant([token])
    first, second = (tf.constant(random.normal(size=(1, n)), tf.float32) for n in (12, DISTANCES))
    looked_up, plain = (
        with_gradients(function, [first, second], seed)
        for function in (
            lambda: heads.by_relation(first, second, other, CHOICES),
            lambda: by_interval(first, other) + by_difference(second, other),
        )
    )
    for one, two in zip(looked_up, plain, strict=True):
        assert np.allclose(one, two, atol=1e-5)
