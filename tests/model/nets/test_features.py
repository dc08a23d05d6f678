"""What the networks see of a step: computed in TensorFlow, it stands where the layout says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tests.ensembles import BAND
from tests.model.small import Small

from kantor.ensemble import SATB, Ensemble
from kantor.model.nets.features import (
    conditions,
    features,
    ones,
    range_bias,
    shift,
    to_tokens,
)
from kantor.network import layout as places
from kantor.network.layout import CONDITIONS, Layout
from kantor.network.tokens import REST, Vocabulary

ENSEMBLES = pytest.mark.parametrize("ensemble", [SATB, BAND], ids=lambda ensemble: ensemble.name)


def random_steps(ensemble: Ensemble) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tokens, tokens of the step before, and onsets, ``(3, 9, line)``."""
    random = np.random.default_rng(4)
    choices = [Vocabulary(ensemble).choices_of(line) for line in range(len(ensemble))]
    now, before = (random.integers(0, choices, (2, 3, 9, len(ensemble))) + 1) % (
        np.array(choices) + 1
    )
    return now, before, random.random(now.shape) < 0.5


def plain_features(layout: Layout, now: Any, before: Any, onsets: Any) -> dict[str, np.ndarray]:
    """The blocks of one step, cell by cell."""
    blocks = {name: np.zeros(shape) for name, shape in layout.judged.shapes.items()}
    pitched = layout.ensemble.pitched
    blocks["onset"][:] = onsets

    def mark(block: str, row: int, place: places.Place) -> None:
        if place.known:
            blocks[block][row, place.index] = 1

    for line, token in enumerate(now):
        block, row = ("pitch", line) if line < pitched else ("hit", line - pitched)
        mark(block, row, places.Place(token - 1, token > 0))
    for line in range(pitched):
        mark("motion", line, places.motion(now[line], before[line]))
    for line in range(pitched - 1):
        upper, lower = now[line], now[line + 1]
        kind = np.sum(upper - lower > np.array(places.SPACING_BOUNDS))
        mark("spacing", line, places.Place(kind, min(upper, lower) > REST))
    for row, (upper, lower) in enumerate(layout.ensemble.pairs):
        mark("interval", row, places.interval(now[upper], now[lower]))
        both = now[upper], now[lower], before[upper], before[lower]
        mark("succession", row, places.succession(*both))
    return blocks


@ENSEMBLES
def test_features_of_a_step(ensemble: Ensemble) -> None:
    """Every block in its place; relations among pitched lines alone; `ones` names the same."""
    layout, steps = Layout(ensemble), random_steps(ensemble)
    tensors = [tf.constant(array, tf.int32) for array in steps[:2]]
    onsets = tf.constant(steps[2], tf.float32)
    found = features(layout.judged, layout, *tensors, onsets).numpy()
    for row in np.ndindex(found.shape[:2]):
        expected = plain_features(layout, *(array[row] for array in steps))
        for name, block in expected.items():
            assert np.array_equal(found[row][layout.judged.at[name]], block.ravel()), name
    for name, part in layout.judged.at.items():
        assert found[..., part].any() or part.start == part.stop, name
    index = ones(layout, *tensors, onsets)
    assert np.array_equal(tf.reduce_sum(tf.one_hot(index, layout.judged.size), axis=-2), found)
    chord = features(layout.chord, layout, *tensors).numpy()
    for name, part in layout.chord.at.items():
        assert np.array_equal(chord[..., part], found[..., layout.judged.at[name]])


@ENSEMBLES
def test_tokens_are_those_of_the_vocabulary(ensemble: Ensemble) -> None:
    """For every pitch in every key, rests, and pitches that no frame holds."""
    vocabulary = Vocabulary(ensemble)
    pitches = np.tile(np.arange(-1, 128)[None, :, None], (12, 1, len(ensemble)))
    keys = np.arange(12)
    found = to_tokens(tf.constant(pitches), tf.constant(keys), vocabulary)
    assert np.array_equal(found, vocabulary.to_tokens(pitches, keys))


@ENSEMBLES
def test_range_bias(ensemble: Ensemble) -> None:
    """Nothing but a line's range (or a hit) and the rest can be drawn, in every key."""
    vocabulary, keys = Vocabulary(ensemble), np.arange(12)
    bias = range_bias(vocabulary, tf.constant(keys)).numpy()
    assert np.isin(bias, (0, np.float32(-1e9))).all()
    tokens = np.zeros((12, vocabulary.choices, len(ensemble)), int)
    tokens += np.arange(1, vocabulary.tokens)[None, :, None]
    midi = vocabulary.to_pitches(tokens, keys)
    for line, (low, high) in enumerate(ensemble.ranges):
        allowed = (tokens[..., line] == REST) | (
            (midi[..., line] >= low) & (midi[..., line] <= high)
        )
        if line >= ensemble.pitched:
            allowed = tokens[..., line] <= 2
        assert np.array_equal(bias[:, line] == 0, allowed)
        assert (allowed.sum(axis=1) == high - low + 2).all()


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
    found = conditions(
        bars, tf.constant([[False, True]]), tf.constant([[True, False]]), tf.constant([9])
    ).numpy()
    assert found.shape == (1, 2, CONDITIONS.size)
    places_ = [
        {name: np.flatnonzero(row[part]).tolist() for name, part in CONDITIONS.at.items()}
        for row in found[0]
    ]
    assert places_ == [
        {"sixteenth": [2], "quarter": [1], "quarters_left": [2], "bar_quarters": [4],
         "fermata": [], "inside": [0], "key": [9]},
        {"sixteenth": [0], "quarter": [7], "quarters_left": [0], "bar_quarters": [7],
         "fermata": [0], "inside": [], "key": [9]},
    ]  # fmt: skip
