"""A batch computed in parts is the batch computed at once, but for rounding."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kantor.model import parts

SEED = tf.constant([1, 2])

# A process of its own: how many devices there are must be said before TensorFlow looks at them.
TRAINED = """
import json
import sys

import tensorflow as tf

processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    processor, [tf.config.LogicalDeviceConfiguration()] * 2
)

import keras
import numpy as np

from kantor.errors import SetupError
from kantor.hyperparameters import Train
from kantor.model import parts
from kantor.model.train import trainer, wgan


def network(units):
    layers = [keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(units, use_bias=False)]
    return keras.Sequential([keras.Input((3,)), *layers])


class Small:
    '''Networks whose music is three numbers, with everything random that a preset may have.'''

    def __init__(self, settings):
        self.draws_ahead = self.has_likelihood = settings.preset == "chorale"
        self.generator, self.critic = network(3), network(1)

    def sample(self, batch, seed):
        latent = parts.uniform([2, tf.shape(batch["music"])[0], 3], seed, axis=1)
        return latent[0], latent[1]

    def critic_input(self, batch, sample):
        fake = tf.stop_gradient(self.differentiable(batch, sample, None, None))
        return tf.concat([batch["music"], fake], axis=0)

    def represent(self, critic_input):
        return critic_input

    def differentiable(self, batch, sample, fake, seed):
        sample = sample or self.sample(batch, seed)
        return self.generator(sample[0]) + sample[1]

    def judge(self, representation, batch):
        return self.critic(representation + batch["mask"])[:, 0]

    slope = staticmethod(wgan.squared_norm)

    def likelihood(self, batch, seed):
        kept = parts.uniform([tf.shape(batch["music"])[0], 1], seed) > 0.4
        off = (self.generator(batch["music"]) * tf.cast(kept, tf.float32) - batch["music"]) ** 2
        return tf.reduce_sum(off * batch["mask"]) / tf.maximum(self.cells(batch), 1)

    def cells(self, batch):
        return tf.reduce_sum(batch["mask"])


trainer._networks = lambda settings, *_: Small(settings)


def train(strategy, settings):
    one = trainer.Trainer(Train.model_validate(settings | {"strategy": strategy}), 8)
    random = np.random.default_rng(0)
    figures = []
    for _ in range(one.settings.total):
        music = random.normal(size=(one.batch_size, 3)).astype(np.float32)
        mask = random.random((one.batch_size, 3)) < np.linspace(0, 1, one.batch_size)[:, None]
        batch = {"music": tf.constant(music), "mask": tf.constant(mask, tf.float32)}
        figures.append({name: float(value) for name, value in one.step(batch).items()})
    networks = (one.networks.generator, one.networks.critic, one.shadow)
    weights = [np.asarray(value).tolist() for part in networks for value in part.variables]
    return {"devices": one.devices, "figures": figures, "weights": weights}


settings = json.loads(sys.argv[1])
trained = {
    preset: [
        train(strategy, settings | {"preset": preset, "xla": preset == "chorale"})
        for strategy in ("default", "mirrored")
    ]
    for preset in ("chorale", "unet")
}
try:
    train("mirrored", settings | {"batch": 3})
except SetupError as error:
    trained["refused"] = str(error)
print(json.dumps(trained))
"""


@pytest.fixture(scope="module")
def trained(smallest: Any) -> dict[str, Any]:
    """Small networks trained by one device and by two, in the way of either preset."""
    settings = smallest(batch=4, warmup=3, iterations=3, critic_steps=2)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TRAINED, settings.model_dump_json()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("preset", ["chorale", "unet"])
def test_two_devices_train_as_one(trained: dict[str, Any], preset: str) -> None:
    """Each computes its half; what is drawn, every figure and every weight are the same."""
    one, two = trained[preset]
    assert (one["devices"], two["devices"]) == (1, 2)
    for expected, figures in zip(one["figures"], two["figures"], strict=True):
        assert figures == pytest.approx(expected, rel=1e-4)
    for expected, weights in zip(one["weights"], two["weights"], strict=True):
        assert np.allclose(expected, weights, rtol=0, atol=1e-5)


def test_devices_that_cannot_share_a_batch(trained: dict[str, Any]) -> None:
    """A batch of three windows for two devices is refused in one line."""
    assert trained["refused"].startswith("params.yaml: train.batch: 3 windows")
    assert "multiple of 2" in trained["refused"]


@pytest.mark.parametrize("name", ["default", "mirrored"])
def test_one_device(name: Any) -> None:
    """A machine of one device needs no strategy, whatever the batch."""
    assert parts.strategy(name, 3).num_replicas_in_sync == 1


def noisy(batch: Any, seed: Any) -> Any:
    """Each row with numbers of its own."""
    noise = parts.uniform([2, tf.shape(batch["a"])[0], 3], seed, axis=1)
    return batch["a"] + noise[0], noise[1]


@pytest.mark.parametrize("compiled", [False, True])
def test_parts_have_the_numbers_of_the_whole(compiled: bool) -> None:
    """Rows, order and random numbers are those of the batch in one piece."""

    def graph(function: Any) -> Any:
        return tf.function(function, jit_compile=compiled, autograph=False)

    batch = {"a": tf.reshape(tf.range(18.0), [6, 3])}
    whole = graph(noisy)(batch, SEED)
    for number in (2, 3):
        split = tf.function(parts.side_by_side(noisy, number, graph), autograph=False)
        for ours, theirs in zip(split(batch, SEED), whole, strict=True):
            assert np.array_equal(ours, theirs)


def test_within_a_part_are_its_rows() -> None:
    """And all of them again outside, also of a part that failed."""
    with parts.part_of(1, 2):
        assert parts.count() == 2
        assert parts.rows(tf.range(4)).numpy().tolist() == [2, 3]
        assert parts.rows(None) is None
    with pytest.raises(ZeroDivisionError), parts.part_of(1, 2):
        _ = 1 / 0
    assert parts.count() == 1
    assert parts.rows(tf.range(4)).numpy().tolist() == [0, 1, 2, 3]
