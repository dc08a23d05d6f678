"""Weights of relations reach the pitches that have them, and gradients find their way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kantor.model.nets import relations
from kantor.model.nets import representation as rep

MODEST = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
classes = st.integers(-1, rep.CLASSES - 1)
LookUp = Callable[[Any, Any], Any]


def weights(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size).astype(np.float32)


@pytest.mark.parametrize(
    ("look_up", "size", "reach"),
    [(relations.by_motion, rep.MOTIONS, 12), (relations.by_distance, rep.DISTANCES, 36)],
)
@MODEST
@given(classes, seeds)
def test_weights_by_how_far(look_up: LookUp, size: int, reach: int, other: int, seed: int) -> None:
    """A pitch gets the weight of its motion or distance; what is farther, or after a rest, none."""
    given, expected = weights(size, seed), np.zeros(rep.CLASSES, np.float32)
    for to in range(1, rep.CLASSES):
        if other > 0 and abs(to - other) <= reach:
            expected[to] = given[to - other + reach]
    found = look_up(tf.constant(given[None]), tf.constant([other]))
    assert np.array_equal(found[0], expected)


def by_interval(weights: Any, other: Any) -> Any:
    """A pitch gets the weight of its interval class above another voice's pitch."""
    every = tf.range(rep.CLASSES)
    found = tf.gather(weights, (every - other[..., None]) % 12, axis=-1, batch_dims=1)
    return tf.where((every > 0) & (other[..., None] > 0), found, 0.0)


@MODEST
@given(st.integers(-1, rep.CLASSES - 1), seeds)
def test_weights_by_relation(other: int, seed: int) -> None:
    """One look-up gives the sum of what interval and distance bring, and so do its gradients."""
    first, second = (tf.constant(weights(n, seed)[None]) for n in (12, rep.DISTANCES))
    at, pull = tf.constant([other]), tf.constant(weights(rep.CLASSES, seed + 1)[None])

    def looked_up(found: Callable[[], Any]) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch([first, second])
            values = found()
        return [values, *tape.gradient(values, [first, second], pull)]

    together = looked_up(lambda: relations.by_relation(first, second, at))
    apart = looked_up(lambda: by_interval(first, at) + relations.by_distance(second, at))
    for one, two in zip(together, apart, strict=True):
        assert np.allclose(one, two, atol=1e-5)


@pytest.mark.parametrize(
    ("function", "size", "pulls"),
    [
        (relations.by_motion, rep.MOTIONS, [25, 25]),
        (relations.by_distance, rep.DISTANCES, [63, 60]),
    ],
)
def test_gradient_of_weights(function: Any, size: int, pulls: list[int]) -> None:
    """Each weight learns from the classes that it was given to: those and no others."""
    given = tf.constant(np.stack([weights(size, 1), weights(size, 2)]))
    upstream = tf.constant(np.random.default_rng(3).normal(size=(2, 64)).astype(np.float32))
    others = tf.constant([30, 40])
    with tf.GradientTape() as tape:
        tape.watch(given)
        loss = tf.reduce_sum(function(given, others) * upstream)
    expected = np.zeros((2, size), np.float32)
    for weight in range(size):
        unit = tf.one_hot([weight, weight], size)
        expected[:, weight] = np.sum(function(unit, others) * upstream, axis=1)
    assert np.allclose(tape.gradient(loss, given), expected, atol=1e-5)
    assert [int(row) for row in np.sum(function(tf.ones([2, size]), others), axis=1)] == pulls
