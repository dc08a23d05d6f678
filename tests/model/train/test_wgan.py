"""Losses and steps of the WGAN with gradient penalty, on critics simple enough to work out."""

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tests.model.small import smallest

from kantor.model.presets import Chorale
from kantor.model.train import batches, wgan
from kantor.model.train.wgan import Updates

REAL = np.array([[1.0, 2.0, 0.0], [3.0, 0.0, -1.0]], np.float32)
FAKE = np.array([[0.0, -1.0, 1.0], [2.0, 1.0, 1.0]], np.float32)
SLOPE = np.array([2.0, -1.0, 2.0], np.float32)  # of norm 3
RATE, WEIGHT = 0.1, 10.0


def linear(slope: np.ndarray) -> keras.Model:
    """A network of one weight an input."""
    network = keras.Sequential([keras.Input((len(slope),)), keras.layers.Dense(1, use_bias=False)])
    network.set_weights([slope[:, None]])
    return network


@dataclass
class Line:
    """Networks whose music is three numbers: the generator adds its weights to the sample."""

    generator: Any = field(default_factory=lambda: linear(np.array([0.5, -0.5, 1.0], np.float32)))
    critic: Any = field(default_factory=lambda: linear(SLOPE))
    judged: list[Any] = field(default_factory=list)
    likely: list[Any] = field(default_factory=list)
    has_likelihood: bool = True

    def critic_input(self, batch: Any, sample: Any) -> Any:
        return tf.concat([batch["music"], sample], axis=0)

    def represent(self, critic_input: Any) -> Any:
        return critic_input

    def differentiable(self, batch: Any, sample: Any, fake: Any, seed: Any) -> Any:
        return fake + self.generator.trainable_variables[0][:, 0]

    slope = staticmethod(wgan.squared_norm)

    def judge(self, representation: Any, batch: Any) -> Any:
        self.judged.append((np.array(representation), np.array(batch["music"])))
        return self.critic(representation)[:, 0]

    def likelihood(self, batch: Any, seed: Any) -> Any:
        self.likely.append(np.array(batch["music"]))
        return tf.reduce_sum(self.generator.trainable_variables[0] ** 2)

    def updates(self, likelihood_weight: float = 1.0, likelihood_every: int = 1) -> Updates:
        settings = smallest(likelihood_weight=likelihood_weight, likelihood_every=likelihood_every)
        return Updates(self, settings, *(keras.optimizers.SGD(RATE) for _ in range(3)))


def slope(network: Any) -> np.ndarray:
    return network.get_weights()[0][:, 0]


BATCH = {"music": tf.constant(REAL)}
INPUT = tf.constant(np.concatenate([REAL, FAKE]))
SEED = tf.constant([1, 2])


@pytest.mark.parametrize("mix", [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.25, 0.75)])
def test_penalty_by_hand(mix: tuple[float, float]) -> None:
    """The mean of (norm - 1) squared, where each sample's own number mixes real and fake.

    A linear critic's gradient is its slope everywhere; that of half the square is the place itself.
    The norm is over all cells of a sample, also where they stand in several axes.
    """
    own = np.array(mix, np.float32)[:, None]
    between = np.linalg.norm(own * REAL + (1 - own) * FAKE, axis=1)
    volume = np.ones((2, 4, 5, 3), np.float32)
    for judge, real, fake, norms in (
        (lambda x: tf.linalg.matvec(x, SLOPE), REAL, FAKE, np.array([3, 3])),
        (lambda x: tf.reduce_sum(x**2, axis=1) / 2, REAL, FAKE, between),
        (lambda x: tf.reduce_sum(x, axis=[1, 2, 3]), volume, 0 * volume, np.sqrt([60, 60])),
    ):
        penalty = wgan.gradient_penalty(judge, *map(tf.constant, (real, fake, mix)))
        assert float(penalty) == pytest.approx(np.mean((norms - 1) ** 2), rel=1e-5)


def test_flat_critic_has_a_finite_penalty() -> None:
    """A critic that scores all alike is pulled up, with a gradient that is a number."""
    weight, mix = tf.Variable(tf.zeros([3])), tf.zeros([2])
    with tf.GradientTape() as tape:
        penalty = wgan.gradient_penalty(lambda x: tf.linalg.matvec(x, weight), REAL, FAKE, mix)
    assert float(penalty) == pytest.approx(1, abs=1e-4)
    assert np.isfinite(tape.gradient(penalty, weight)).all()


def test_critic_step_by_hand() -> None:
    """Distance, penalty, loss and the update are those of the paper."""
    networks = Line()
    kept = networks.generator.get_weights()
    figures = networks.updates().critic(BATCH, None, INPUT, SEED)
    apart = REAL.mean(axis=0) - FAKE.mean(axis=0)
    distance = float(SLOPE @ apart)
    gradient = WEIGHT * 2 * (3 - 1) * SLOPE / 3 - apart
    expected = {
        "wasserstein": distance,
        "gradient_penalty": 4.0,
        "critic_loss": WEIGHT * 4.0 - distance,
        "gradient_norm_critic": np.linalg.norm(gradient),
    }
    assert {name: float(value) for name, value in figures.items()} == pytest.approx(expected)
    assert np.allclose(slope(networks.critic), SLOPE - RATE * gradient, atol=1e-5)
    assert all(map(np.array_equal, networks.generator.get_weights(), kept))
    # Real and generated samples are judged with the same batch; mixes lie between them.
    (both, twice), (between, once) = networks.judged
    assert np.array_equal(both, np.concatenate([REAL, FAKE]))
    assert np.array_equal(twice, np.concatenate([REAL, REAL]))
    assert np.array_equal(once, REAL)
    mix = (between - FAKE) / (REAL - FAKE)
    assert np.allclose(mix, mix[:, :1], atol=1e-5)
    assert mix[0, 0] != pytest.approx(mix[1, 0])
    assert ((mix >= 0) & (mix < 1)).all()


@pytest.mark.parametrize(("weight", "every"), [(0.0, 1), (2.0, 1), (2.0, 2)])
def test_generator_step_by_hand(weight: float, every: int) -> None:
    """The critic's scores of all windows lead it and, with a weight, the likelihood of some."""
    networks = Line()
    before, kept = slope(networks.generator), networks.critic.get_weights()
    figures = networks.updates(weight, every).generator(BATCH, tf.constant(FAKE), INPUT, SEED)
    score = np.mean((FAKE + before) @ SLOPE)
    gradient = -SLOPE + weight * 2 * before
    assert float(figures["generator_loss"]) == pytest.approx(-score)
    if weight:
        assert float(figures["likelihood"]) == pytest.approx(np.sum(before**2))
        assert np.array_equal(networks.likely[0], REAL[::every])
    else:  # a column of zeros would look like a loss that stands still
        assert "likelihood" not in figures
    assert len(networks.judged[0][1]) == len(REAL)
    assert float(figures["gradient_norm_generator"]) == pytest.approx(np.linalg.norm(gradient))
    assert np.allclose(slope(networks.generator), before - RATE * gradient, atol=1e-6)
    assert all(map(np.array_equal, networks.critic.get_weights(), kept))


def test_likelihood_step_by_hand() -> None:
    """The warm-up moves the generator alone, down its likelihood."""
    networks = Line()
    before, kept = slope(networks.generator), networks.critic.get_weights()
    figures = networks.updates().likelihood(BATCH, SEED)
    assert float(figures["likelihood"]) == pytest.approx(np.sum(before**2))
    assert np.allclose(slope(networks.generator), before - RATE * 2 * before)
    assert all(map(np.array_equal, networks.critic.get_weights(), kept))


def test_one_form_of_real_and_generated_music(tiny: Any) -> None:
    """Both reach the critic as the same features; given onsets are in both."""
    short = batches.batch_at(batches.pool(*tiny, "train"), 3, 1, tf.constant(0))
    networks = Chorale(smallest().chorale, 8)
    sample = networks.sample(short, SEED)
    real, fake = tf.split(networks.represent(networks.critic_input(short, sample)), 2)
    soft = networks.differentiable(short, sample, fake, SEED)
    assert real.shape == fake.shape == soft.shape
    assert np.array_equal(fake, soft)
    assert networks.judge(real, short).shape == (3,)
    window = slice(batches.CONTEXT, batches.CONTEXT + 8)
    given = short["mask"][:, window].numpy()
    onsets = short["onsets"][:, window].numpy()
    assert np.array_equal(sample[1].numpy()[given], onsets[given])
