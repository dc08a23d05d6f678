"""The workshop's networks, and harmonising pieces of any length with windows of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kantor.data.corpus import Corpus
from kantor.errors import InputError, SetupError
from kantor.model.generator import Generator
from kantor.model.nets import unet
from kantor.model.presets import Unet
from kantor.model.train.monitor import opening
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import REST, onset_floor

BELOW = np.array([0, 3, 8, 14])
Asked = Callable[..., Conditioning]


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    return unet.unet_generator()


class Echo:
    """A network by rule: the melody itself and three voices in parallel below it."""

    def __call__(self, inputs: Any, training: bool) -> Any:
        rolls, _ = inputs
        return tf.concat([tf.roll(rolls, -int(down), axis=2) for down in BELOW], axis=-1)


class Counting:
    """A network by rule: its n-th window holds one chord throughout, n semitones higher."""

    def __init__(self) -> None:
        self.windows = 0

    def __call__(self, inputs: Any, training: bool) -> Any:
        first, count = 60 + self.windows, len(inputs[0])
        self.windows += count
        pitches = np.arange(first, first + count)[:, None, None]
        return unet.to_rolls(tf.constant(np.tile(pitches, (1, unet.STEPS, 4))))


def test_sizes_and_bounds(network: keras.Model) -> None:
    """8.27 and 2.77 million weights; four tracks in [-1, 1], one score a window."""
    assert network.count_params() == pytest.approx(8.27e6, rel=0.01)
    critic = unet.unet_critic()
    assert critic.count_params() == pytest.approx(2.77e6, rel=0.01)
    melody = 100 * tf.random.stateless_normal([2, 32, 128, 1], [1, 2])
    roll = network([melody, unet.draw_latent(2, tf.constant([1, 2]))], training=False)
    assert roll.shape == (2, 32, 128, 4)
    assert np.abs(roll).max() <= 1
    assert critic([roll, melody]).shape == (2,)


def test_latent() -> None:
    """Truncated at two deviations; the same from the same seed."""
    first, again, other = (unet.draw_latent(2, tf.constant([1, seed])) for seed in (2, 2, 3))
    assert first.shape == (2, 2, 8, 512)
    assert np.abs(first).max() <= 2
    assert float(np.std(first)) == pytest.approx(0.88, abs=0.02)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@settings(max_examples=20, deadline=None)
@given(arrays(np.int64, (1, 5, 4), elements=st.just(REST) | st.integers(0, 127)))
def test_rolls_round_trip(pitches: np.ndarray) -> None:
    """One cell of each step and voice is 1, all others -1; the pitches come back."""
    rolls = unet.to_rolls(tf.constant(pitches))
    assert rolls.shape == (1, 5, 128, 4)
    assert set(np.unique(rolls)) <= {-1, 1}
    assert np.array_equal(np.sum(rolls.numpy() > 0, axis=2), pitches != REST)
    assert np.array_equal(unet.from_rolls(rolls), pitches)


def test_loudest_pitch_sounds() -> None:
    """Where none is above zero the voice rests."""
    rolls = np.full((1, 2, 128, 4), -0.5, np.float32)
    rolls[0, 0, [60, 64], 0] = 0.2, 0.3
    assert unet.from_rolls(tf.constant(rolls)).numpy().tolist() == [[[64, -1, -1, -1], [-1] * 4]]


@pytest.mark.parametrize("steps", [1, 31, 32, 33, 50, 64])
def test_no_seam_in_pieces_of_any_length(corpus: Corpus, asked: Asked, steps: int) -> None:
    """Where windows agree nothing betrays where one ends, up to the last step."""
    given = stack([asked(opening(corpus[0].score, steps))])
    pitches, onsets = Generator(Echo(), {"preset": "unet"}).compose(given, [1])
    assert np.array_equal(pitches[0], given.pitches[0, :, :1] - BELOW)
    assert np.array_equal(onsets[0, :, 0], given.onsets[0, :, 0])
    assert np.array_equal(onsets[0, :, 1:], onset_floor(pitches[0])[:, 1:])


def test_windows_meet_half_way(corpus: Corpus, asked: Asked) -> None:
    """Where windows disagree each step is of the one that has it nearest to its middle."""
    network = Counting()
    given = stack([asked(corpus[0].score)])
    pitches, _ = Generator(network, {"preset": "unet"}).compose(given, [1])
    assert given.steps == 64
    assert network.windows == 3  # from steps 0, 16 and 32
    assert pitches[0, :, 3].tolist() == [60] * 24 + [61] * 16 + [62] * 24


def test_takes_do_not_depend_on_what_else_is_in_the_batch(
    network: keras.Model, corpus: Corpus, asked: Asked
) -> None:
    """Neither padding nor a longer neighbour changes a piece's take."""
    model = Generator(network, {"preset": "unet"})
    short, long = asked(opening(corpus[0].score, 48)), asked(corpus[1].score)
    alone, _ = model.compose(stack([short]), [7])
    padded, _ = model.compose(stack([short], 96), [7])
    beside, _ = model.compose(stack([long, short], 96), [3, 7])
    assert np.array_equal(alone[0], padded[0, :48])
    assert np.array_equal(alone[0], beside[1, :48])


def test_real_network_harmonises_any_length(
    network: keras.Model, corpus: Corpus, asked: Asked
) -> None:
    """The soprano of 50 steps comes back unchanged; the same seed gives the same voices."""
    model = Generator(network, {"preset": "unet"})
    given = stack([asked(opening(corpus[0].score, 50))])
    first, again, other = (model.compose(given, [seed]) for seed in (1, 1, 2))
    assert first[0].shape == (1, 50, 4)
    assert np.array_equal(first[0][..., 0], given.pitches[..., 0])
    assert np.array_equal(first[1][..., 0], given.onsets[..., 0])
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("voices", [(3,), (1, 2, 3), ()])
def test_refuses_other_masks(corpus: Corpus, asked: Asked, voices: tuple[int, ...]) -> None:
    """It was made for a whole soprano; the answer names the preset that can do more."""
    given = stack([asked(corpus[0].score, voices)])
    with pytest.raises(InputError, match=r"unet.*whole soprano.*chorale") as caught:
        Generator(Echo(), {"preset": "unet"}).compose(given, [1])
    assert "\n" not in str(caught.value)


def test_refuses_other_windows() -> None:
    """Its windows have one length; the answer names the parameter."""
    with pytest.raises(SetupError, match=r"32 steps, not 64.*ingest\.windows\.steps"):
        Unet(64)
