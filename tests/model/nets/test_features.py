"""What the networks see of a step: computed in TensorFlow, it stands where the layout says."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tests.ensembles import BAND
from tests.model.small import TIME, Small

from kantor.ensemble import SATB, Ensemble
from kantor.model.nets.features import (
    conditions,
    features,
    ones,
    range_bias,
    shift,
    to_tokens,
)
from kantor.network.layout import CONDITIONS
from kantor.network.tokens import Vocabulary

ENSEMBLES = pytest.mark.parametrize("ensemble", [SATB, BAND], ids=lambda ensemble: ensemble.name)


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


@ENSEMBLES
def test_tokens_are_those_of_the_vocabulary(ensemble: Ensemble) -> None:
    """For every pitch in every key, rests, and pitches that no frame holds."""
    vocabulary = Vocabulary(ensemble)
    pitches = np.tile(np.arange(-1, 128)[None, :, None], (12, 1, len(ensemble)))
    keys = np.arange(12)
    tokens = to_tokens(tf.constant(pitches), tf.constant(keys), vocabulary)
    assert np.array_equal(tokens, vocabulary.to_tokens(pitches, keys))


@ENSEMBLES
def test_range_bias(ensemble: Ensemble) -> None:
    """Nothing but a line's range (or a hit) and the rest can be drawn, in every key."""
    vocabulary, keys = Vocabulary(ensemble), np.arange(12)
    bias = range_bias(vocabulary, tf.constant(keys)).numpy()
    assert np.isin(bias, (0, np.float32(-1e9))).all()
    for line, (low, high) in enumerate(ensemble.ranges):
        pitches = np.tile(np.arange(low - 1, high + 1)[:, None], (12, 1, len(ensemble)))
        pitches[:, 0] = -1
        choices = vocabulary.to_tokens(pitches, keys)[..., line] - 1
        assert (np.take_along_axis(bias[:, line], choices, axis=1) == 0).all()
        assert ((bias[:, line] == 0).sum(axis=1) == high - low + 2).all()


def test_learned_bias_is_that_of_the_midi_number(any_ensemble: Small) -> None:
    """In every key the same for the same pitch of a pitched line; none for drums."""
    network, ensemble = any_ensemble.generator, any_ensemble.ensemble
    keys = np.arange(12)
    vocabulary = network.layout.vocabulary
    bias = network.bias(tf.constant(keys)).numpy()
    learned = 10 * network.tessitura.numpy()
    for line, (low, high) in enumerate(ensemble.ranges):
        pitch = np.full((12, 1, len(ensemble)), high if line < ensemble.pitched else low)
        choice = vocabulary.to_tokens(pitch, keys)[:, 0, line] - 1
        expected = learned[line, high] if line < ensemble.pitched else 0
        assert np.allclose(bias[keys, line, choice], expected, rtol=1e-5)


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
