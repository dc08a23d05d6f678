"""What the networks see of a step: computed in TensorFlow, it stands where the layout says."""

import numpy as np
import tensorflow as tf
from tests.model.small import TIME, Small

from kantor.model.nets.features import conditions, features, ones, shift, to_tokens
from kantor.network.layout import CONDITIONS


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
