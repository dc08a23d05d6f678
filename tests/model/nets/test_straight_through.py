"""The gradient through a sample is that of the features as sums of products of one-hot choices."""

from typing import Any

import numpy as np
import tensorflow as tf
from tests.model.small import PIECES, STEPS, TIME, Small

from kantor.model.nets import straight_through
from kantor.model.nets.features import Inputs, features, flatten
from kantor.network.layout import CONTEXT, SPACING_BOUNDS, Layout

WINDOW = CONTEXT, CONTEXT + STEPS


def soft_features(layout: Layout, chosen: Any, before: Any, onsets: Any) -> Any:
    """The features as sums of products of one-hot vectors, written down plainly."""
    pitched, pairs = layout.ensemble.pitched, layout.ensemble.pairs
    size = layout.vocabulary.choices
    at = np.arange(1, size + 1)
    sounding = (at > 1).astype(np.float32)
    both = sounding[:, None] * sounding
    distance = at[:, None] - at
    interval = np.stack([both * (distance % 12 == kind) for kind in range(12)], -1)
    bins = np.searchsorted(SPACING_BOUNDS, distance)
    spacing = np.stack([both * (bins == kind) for kind in range(8)], -1)
    moves = np.stack([both * (distance == move) for move in range(-12, 13)], -1)

    def relation(kinds: np.ndarray, one: Any, other: Any) -> Any:
        return tf.einsum("btp,btq,pqk->btk", one, other, tf.constant(kinds, tf.float32))

    parts = [chosen[:, :, line] for line in range(pitched)]
    parts += [chosen[:, :, line, :2] for line in range(pitched, len(layout.ensemble))]
    parts += [onsets]
    parts += [relation(interval, chosen[:, :, a], chosen[:, :, b]) for a, b in pairs]
    lines = range(pitched)
    parts += [relation(spacing, chosen[:, :, v], chosen[:, :, v + 1]) for v in lines[:-1]]
    parts += [relation(moves, chosen[:, :, v], before[:, :, v]) for v in lines]
    chroma = tf.constant((at[:, None] % 12 == np.arange(12)) & (at[:, None] > 1), tf.float32)
    turn = np.arange(12)[:, None] - np.arange(12)
    kinds = tf.constant((turn % 12) == np.arange(12)[:, None, None], tf.float32)

    def motion(line: int) -> Any:
        """From which pitch class to which a line moves, ``(batch, time, 12, 12)``."""
        steps = tf.einsum("btp,btq->btpq", chosen[:, :, line], before[:, :, line])
        return tf.einsum("btpq,px,qy->btxy", steps * (1 - np.eye(size)), chroma, chroma)

    for upper, lower in pairs:
        then = tf.einsum("btxz,btyw,jxy->btzwj", motion(upper), motion(lower), kinds)
        parts.append(flatten(tf.einsum("btzwj,izw->btij", then, kinds)))
    return tf.concat(parts, axis=-1)


def test_gradient_of_the_relations_is_exact(any_ensemble: Small) -> None:
    """By hand it is the gradient that the features have as sums of products of one-hot choices."""
    inputs, layout = any_ensemble.inputs, any_ensemble.layout
    tokens, before, onsets = inputs.steps(1, TIME)
    choices = layout.vocabulary.choices
    chosen = tf.one_hot(tokens - 1, choices)
    upstream = tf.random.stateless_normal([PIECES, TIME - 1, layout.judged.size], [1, 2])
    with tf.GradientTape() as tape:
        tape.watch([chosen, onsets])
        past = tf.concat([tf.one_hot(before[:, :1] - 1, choices), chosen[:, :-1]], axis=1)
        plain = soft_features(layout, chosen, past, onsets)
        loss = tf.reduce_sum(plain * upstream)
    assert np.allclose(features(layout.judged, layout, tokens, before, onsets), plain)
    by_choices, by_onsets = straight_through.RelationGradient(layout, tokens, before)(upstream)
    expected = tape.gradient(loss, [chosen, onsets])
    assert np.allclose(by_choices, expected[0], rtol=0, atol=1e-4)
    assert np.array_equal(by_onsets, expected[1])


def gradients_of(small: Small, inputs: Inputs, tokens: Any, onsets: Any) -> list[Any]:
    """What the generator's weights receive from some gradient by the sample's features."""
    written = inputs.written(tokens, onsets, *WINDOW)
    seen = features(small.layout.judged, small.layout, *written.steps(*WINDOW))
    with tf.GradientTape() as tape:
        passed = straight_through.differentiable(
            small.generator, inputs, tokens, onsets, CONTEXT, seen, tf.identity
        )
        loss = tf.reduce_sum(passed * tf.random.stateless_normal(passed.shape, [1, 2]))
    assert np.array_equal(passed, seen)
    return tape.gradient(loss, small.generator.trainable_variables)


def test_gradient_passes_through_a_sample(any_ensemble: Small) -> None:
    """Every weight has a gradient from the composed cells."""
    small = any_ensemble
    sample = small.draw(small.inputs, small.latent(9), CONTEXT)
    weights = small.generator.trainable_variables
    gradients = gradients_of(small, small.inputs, *sample)
    silent = [w.path for w, g in zip(weights, gradients, strict=True) if g is None or not np.any(g)]
    assert silent == []


def test_no_gradient_from_given_cells(small: Small) -> None:
    """Where all cells are given nothing is learnt."""
    given = small.inputs._replace(mask=tf.ones_like(small.inputs.mask))
    tokens, _, onsets = given.steps(*WINDOW)
    gradients = gradients_of(small, given, tokens, onsets)
    assert all(gradient is None or not np.any(gradient) for gradient in gradients)
