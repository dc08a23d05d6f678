"""What the networks see of a step, and the gradient through it when a sample was drawn."""

from typing import Any

import numpy as np
import tensorflow as tf
from tests.model.small import PIECES, STEPS, TIME, Small

from kantor.model.nets import straight_through
from kantor.model.nets.features import Inputs, conditions, features, flatten, ones, shift, to_tokens
from kantor.network.layout import CONDITIONS, CONTEXT, SPACING_BOUNDS, Layout

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


def test_ones_name_the_features(any_ensemble: Small) -> None:
    """The places of the ones, where there are any, are those of the features; a head sees some."""
    layout, steps = any_ensemble.layout, any_ensemble.inputs.steps(1, TIME)
    rows = features(layout.judged, layout, *steps).numpy()
    index = ones(layout, *steps)
    assert np.array_equal(tf.reduce_sum(tf.one_hot(index, layout.judged.size), axis=-2), rows)
    for name, part in layout.judged.at.items():
        assert rows[..., part].any() or part.start == part.stop, name
    chord = features(layout.chord, layout, *steps[:2]).numpy()
    for name, part in layout.chord.at.items():
        assert np.array_equal(chord[..., part], rows[..., layout.judged.at[name]])


def test_tokens_are_those_of_the_vocabulary(any_ensemble: Small) -> None:
    """For every pitch in every key, rests, and pitches that no frame holds."""
    vocabulary, keys = any_ensemble.layout.vocabulary, np.arange(12)
    pitches = np.tile(np.arange(-1, 128)[None, :, None], (12, 1, len(any_ensemble.ensemble)))
    tokens = to_tokens(tf.constant(pitches), tf.constant(keys), vocabulary)
    assert np.array_equal(tokens, vocabulary.to_tokens(pitches, keys))


def test_bias(any_ensemble: Small) -> None:
    """Nothing but a line's range (or a hit) and the rest can be drawn, in every key; what a pitched
    line has learned is the same in every key for the same pitch."""
    network, keys = any_ensemble.generator, np.arange(12)
    bias, learned = network.bias(tf.constant(keys)).numpy(), 10 * network.tessitura.numpy()
    for line, (low, high) in enumerate(network.ensemble.ranges):
        pitches = np.tile(np.arange(low, high + 1)[:, None], (12, 1, len(network.ensemble)))
        choices = network.layout.vocabulary.to_tokens(pitches, keys)[..., line] - 1
        expected = learned[line, low : high + 1] if line < len(learned) else 0
        assert np.allclose(np.take_along_axis(bias[:, line], choices, axis=1), expected, rtol=1e-5)
        possible = bias[:, line] > -1e8
        assert possible[:, 0].all()
        assert (possible.sum(axis=1) == high - low + 2).all()


def test_step_before_each_step() -> None:
    """Unknown before the first."""
    tokens = tf.reshape(tf.range(1, 13), [1, 3, 4])
    assert shift(tokens).numpy().tolist() == [[[0] * 4, [1, 2, 3, 4], [5, 6, 7, 8]]]


def test_conditions_by_hand() -> None:
    """Meter, fermata, end of the piece and key, each in its own place; long bars end the blocks."""
    bars = tf.constant([[[6, 16], [60, 64]]])
    flags = tf.constant([[[False, True]], [[True, False]]])
    rows = conditions(bars, *flags, tf.constant([9])).numpy()
    assert rows.shape == (1, 2, CONDITIONS.size)
    expected = {
        "sixteenth": ([2], [0]),
        "quarter": ([1], [7]),
        "quarters_left": ([2], [0]),
        "bar_quarters": ([4], [7]),
        "fermata": ([], [0]),
        "inside": ([0], []),
        "key": ([9], [9]),
    }
    for name, part in CONDITIONS.at.items():
        assert [np.flatnonzero(row[part]).tolist() for row in rows[0]] == [*expected[name]]
