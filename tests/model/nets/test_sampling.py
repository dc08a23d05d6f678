"""A sample drawn step by step is what the network, asked in one pass, would choose."""

import numpy as np
import pytest
import tensorflow as tf
from tests.model.small import MAJOR_TONIC, PIECES, SIZES, STEPS, TIME, Small

from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.features import range_bias
from kantor.model.nets.sampling import cell_weights, choose, likelihood
from kantor.music.score import REST as SILENT
from kantor.network.layout import CONDITIONS, CONTEXT
from kantor.network.tokens import REST
from kantor.runtime import pieces

LARGEST = 1 - 2**-24
STARTS = pytest.mark.parametrize("start", [0, CONTEXT])
WINDOW = CONTEXT, CONTEXT + STEPS


@STARTS
def test_sample(any_ensemble: Small, start: int) -> None:
    """It follows from its latent; given cells stay; a composed one is one pitch of the line's
    range, a hit or a rest, and a rest has no onset."""
    small = any_ensemble
    latents = map(small.latent, (1, 1, 2))
    first, again, other = (small.draw(small.inputs, latent, start) for latent in latents)
    assert all(map(np.array_equal, first, again))
    assert not any(map(np.array_equal, first, other))
    part = slice(start, start + STEPS)
    given = small.inputs.mask[:, part].numpy() > 0
    assert given.any()
    for drawn, asked in zip(first, (small.inputs.tokens, small.inputs.onsets), strict=True):
        assert np.array_equal(drawn.numpy()[given], asked[:, part].numpy()[given])
    pitches = small.layout.vocabulary.to_pitches(first[0].numpy(), MAJOR_TONIC)
    for line, (low, high) in enumerate(small.ensemble.ranges):
        sounding = pitches[..., line][pitches[..., line] != SILENT]
        assert low <= sounding.min()
        assert sounding.max() <= high
    assert set(np.unique(first[1])) == {0, 1}
    assert not first[1].numpy()[pitches == SILENT].any()


@STARTS
def test_one_pass_agrees_with_step_by_step(any_ensemble: Small, start: int) -> None:
    """Shown its own sample the network chooses every cell of it again by the same latent."""
    small, stop = any_ensemble, start + STEPS
    uniform = small.latent(4)
    sample = small.draw(small.inputs, uniform, start)
    written = small.inputs.written(*sample, start, stop)
    tokens, before, onsets = (tensor.numpy() for tensor in written.steps(start, stop))
    logits = small.generator.logits(written, start, stop)
    free = small.inputs.mask[:, start:stop].numpy() == 0
    assert np.array_equal(1 + choose(logits.choice, uniform[0]).numpy()[free], tokens[free])
    again = tf.sigmoid(logits.onset).numpy() > uniform[1].numpy()
    drums = np.arange(len(small.ensemble)) >= small.ensemble.pitched
    expected = (tokens > REST) & ((tokens != before) | again | drums)
    assert np.array_equal(expected[free], onsets[free] > 0)
    held = free & (tokens > REST) & (tokens == before) & ~drums
    assert 0 < again[held].mean() < 1
    # The cells did depend on more than the latent and the ranges.
    bias = range_bias(small.layout.vocabulary, small.inputs.major_tonic)
    plain = choose(tf.zeros_like(logits.choice) + bias[:, None], uniform[0])
    assert (1 + plain.numpy() != tokens)[free].mean() > 0.4


@pytest.mark.parametrize("changed", [0, 1])
def test_later_latents_do_not_change_the_past(small: Small, changed: int) -> None:
    """What is drawn from a step on leaves all before it alone, and changes what follows."""
    at, latent, other = 7, small.latent(5), small.latent(6)
    later = tf.concat([latent[changed, :, :at], other[changed, :, at:]], axis=1)
    moved = tf.stack([later if index == changed else latent[index] for index in range(2)])
    ours, theirs = (small.draw(small.inputs, numbers, 0) for numbers in (latent, moved))
    for one, two in zip(ours, theirs, strict=True):
        assert np.array_equal(one[:, :at], two[:, :at])
    assert (ours[1].numpy() != theirs[1].numpy())[:, at:].any()


def test_cells_that_are_not_given_are_not_read(small: Small) -> None:
    """What stands in the cells to be composed, and not given after them, is of no consequence."""
    inputs = small.inputs
    noise = tf.random.stateless_uniform(inputs.tokens.shape, [1, 2], 1, 65, tf.int32)
    free = (inputs.mask == 0) & (tf.range(TIME) >= CONTEXT)[None, :, None]
    other = inputs._replace(
        tokens=tf.where(free, noise, inputs.tokens),
        onsets=tf.where(free, 1 - inputs.onsets, inputs.onsets),
    )
    ours, theirs = (small.draw(one, small.latent(7), CONTEXT) for one in (inputs, other))
    assert all(np.array_equal(*pair) for pair in zip(ours, theirs, strict=True))


def test_given_future_is_read(small: Small) -> None:
    """A melody given later changes what is composed before it: the composer looks ahead."""
    later = tf.cast(tf.range(TIME) >= 6, tf.float32)[None, :, None] * tf.one_hot(0, 4)
    masks = tf.zeros_like(small.inputs.mask), tf.zeros_like(small.inputs.mask) + later
    ours, theirs = (
        [
            small.draw(small.inputs._replace(mask=mask), small.latent(seed), 0)[0]
            for seed in range(9)
        ]
        for mask in masks
    )
    assert (np.array(ours) != theirs)[:, :, :6].any()


def test_choice_has_its_probability() -> None:
    """Swept over all latents each choice is made for its share of them."""
    logits = np.random.default_rng(2).normal(scale=2, size=(4, 64)).astype(np.float32)
    logits[0, 10:50] = -1e9
    grid = (np.arange(20_000, dtype=np.float32) + 0.5) / 20_000
    chosen = choose(tf.constant(logits[:, None]), tf.constant(np.tile(grid, (4, 1)))).numpy()
    shares = np.stack([np.bincount(row, minlength=64) for row in chosen]) / len(grid)
    assert np.allclose(shares, tf.nn.softmax(logits), atol=1.5e-4)


@pytest.mark.parametrize("latent", [0.0, 2**-24, 0.5, LARGEST])
def test_what_is_impossible_is_never_chosen(latent: float) -> None:
    """Not even by the smallest or largest number that a latent can be."""
    random = np.random.default_rng(3)
    possible = random.random((500, 64)) < 0.3
    possible[:, 20] = True
    logits = np.where(possible, random.normal(scale=3, size=possible.shape), -1e9)
    chosen = choose(tf.constant(logits, tf.float32), tf.fill([500], latent)).numpy()
    assert possible[np.arange(500), chosen].all()


def test_window_is_encoded_alone(small: Small) -> None:
    """A window with enough around it costs its own steps only, and is what it is in the whole."""
    start, stop = WINDOW
    alone = small.generator.encode(small.inputs, start, stop)
    whole = small.generator.encode(small.inputs, 0, TIME)
    assert np.allclose(alone, whole[:, start:stop], atol=1e-6)


def test_likelihood_by_hand(any_ensemble: Small) -> None:
    """With indifferent logits: the log of the choices, and log 2 for a note that may start anew;
    a drum's hit always does."""
    small = any_ensemble
    network = ChoraleGenerator(**SIZES, ensemble=small.ensemble)
    for variable in network.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    tokens, before, _ = (tensor.numpy() for tensor in small.inputs.steps(*WINDOW))
    free = small.inputs.mask[:, slice(*WINDOW)].numpy() == 0
    low, high = np.array(small.ensemble.ranges).T
    pitched = np.arange(len(low)) < small.ensemble.pitched
    choices = np.where(pitched, high - low + 2, 2)
    cells = np.log(choices) + np.log(2) * ((tokens == before) & (tokens > REST) & pitched)
    expected = cells[free].mean()
    assert float(likelihood(network, small.inputs, *WINDOW)) == pytest.approx(expected, rel=1e-5)


def test_what_closes_a_phrase_weighs_more(small: Small) -> None:
    """Under a fermata and a quarter before, where composing is cooler; given cells nothing."""
    start, stop = WINDOW
    weights = cell_weights(small.inputs, start, stop, 3.0).numpy()
    at = np.arange(start, stop)
    near = np.any([(at + lag) % 16 > 12 for lag in range(5)], axis=0)  # fermatas of the fixture
    near &= at + 16 - at % 16 - 3 < TIME  # beyond its end it has none
    free = 1 - small.inputs.mask.numpy()[:, start:stop]
    assert near.any()
    assert not near.all()
    assert np.array_equal(weights, free * np.where(near, 3, 1)[:, None])
    assert np.array_equal(cell_weights(small.inputs, start, stop, 1.0), free)
    fermatas = small.inputs.conditions[..., CONDITIONS.at["fermata"].start].numpy() > 0
    for row in range(PIECES):
        around = np.pad(fermatas[row], (pieces.CONTEXT, 0))
        piece = pieces.Piece(None, None, None, around, None, 0, 0, TIME)
        assert np.array_equal(piece.closes[start:stop], near)
