"""The workshop's networks, and harmonising pieces of any length with windows of one."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.ensembles import BAND
from tests.model.small import ask

from kantor.data.corpus import Corpus
from kantor.ensemble import SATB, Ensemble
from kantor.errors import InputError, SetupError
from kantor.model.generator import Generator
from kantor.model.nets import unet
from kantor.model.presets import Unet
from kantor.model.train.monitor import opening
from kantor.music.conditioning import stack
from kantor.music.score import REST, onset_floor

BELOW = np.array([0, 3, 8, 14])


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

    def __call__(self, inputs: Any, training: bool) -> Any:
        pitches = 60 + np.arange(len(inputs[0]))[:, None, None]
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


@settings(max_examples=20)
@given(arrays(np.int64, (1, 5, 4), elements=st.just(REST) | st.integers(0, 127)))
def test_rolls_round_trip(pitches: np.ndarray) -> None:
    """One cell of each step and voice is 1, all others -1; the loudest pitch comes back."""
    rolls = unet.to_rolls(tf.constant(pitches))
    assert set(np.unique(rolls)) <= {-1, 1}
    assert np.array_equal(np.sum(rolls.numpy() > 0, axis=2), pitches != REST)
    assert np.array_equal(unet.from_rolls(rolls), pitches)
    louder = rolls + tf.one_hot((pitches + 1) % 128, 128, axis=2) * 1.5  # another sounds, softer
    assert np.array_equal(unet.from_rolls(louder)[pitches != REST], pitches[pitches != REST])


@pytest.mark.parametrize("steps", [1, 31, 32, 33, 50, 64])
def test_no_seam_in_pieces_of_any_length(corpus: Corpus, steps: int) -> None:
    """Where windows agree nothing betrays where one ends, up to the last step."""
    given = stack([ask(opening(corpus[0].score, steps))])
    pitches, onsets = Generator(Echo(), {"preset": "unet"}).compose(given, [1])
    assert np.array_equal(pitches[0], given.pitches[0, :, :1] - BELOW)
    assert np.array_equal(onsets[0, :, 0], given.onsets[0, :, 0])
    assert np.array_equal(onsets[0, :, 1:], onset_floor(pitches[0])[:, 1:])


def test_windows_meet_half_way(corpus: Corpus) -> None:
    """Where windows disagree each step is of the one that has it nearest to its middle."""
    given = stack([ask(corpus[0].score)])
    pitches, _ = Generator(Counting(), {"preset": "unet"}).compose(given, [1])
    # Windows from steps 0, 16 and 32.
    assert pitches[0, :, 3].tolist() == [60] * 24 + [61] * 16 + [62] * 24


def test_takes_are_those_of_their_seeds(network: keras.Model, corpus: Corpus) -> None:
    """Neither padding nor a longer neighbour changes a piece's take."""
    model = Generator(network, {"preset": "unet"})
    short, long = ask(opening(corpus[0].score, 50)), ask(corpus[1].score)
    alone, _ = model.compose(stack([short]), [7])
    padded, _ = model.compose(stack([short], 96), [7])
    beside, _ = model.compose(stack([long, short], 96), [3, 7])
    other, _ = model.compose(stack([short]), [8])
    assert np.array_equal(alone[0, :, 0], corpus[0].score.pitches[:50, 0])
    assert np.array_equal(alone[0], padded[0, :50])
    assert np.array_equal(alone[0], beside[1, :50])
    assert not np.array_equal(alone, other)


@pytest.mark.parametrize("voices", [(3,), (1, 2, 3), ()])
def test_refuses_other_masks(corpus: Corpus, voices: tuple[int, ...]) -> None:
    """It was made for a whole soprano; the answer names the preset that can do more."""
    given = stack([ask(corpus[0].score, voices)])
    with pytest.raises(InputError, match=r"^a model of the preset unet.*whole soprano.*chorale$"):
        Generator(Echo(), {"preset": "unet"}).compose(given, [1])


@pytest.mark.parametrize(
    ("steps", "ensemble", "fault"),
    [
        (64, SATB, r"32 steps, not 64.*ingest\.windows\.steps.*"),
        (32, BAND, "satb only, not band.*chorale"),
    ],
)
def test_refuses_other_windows_and_ensembles(steps: int, ensemble: Ensemble, fault: str) -> None:
    """The answer names the parameter, or the preset that can do more."""
    with pytest.raises(SetupError, match=f"^params.yaml: the preset unet .*{fault}$"):
        Unet(steps, ensemble)
