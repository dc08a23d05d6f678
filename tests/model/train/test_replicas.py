"""Devices that share a batch: the same training as on one, but for rounding."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from kantor.errors import InputError
from kantor.model.train.replicas import Team

# A process of its own: how many devices there are must be said before TensorFlow looks at them.
TRAINED = """
import json
import sys

import tensorflow as tf

processor = tf.config.list_physical_devices("CPU")[0]
parts = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(processor, parts)

import keras
import numpy as np

from kantor.model import replicas, trainer, wgan
from kantor.hyperparameters import Train
from kantor.music.score import InputError


def network(units):
    layers = [keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(units, use_bias=False)]
    return keras.Sequential([keras.Input((3,)), *layers])


class Small:
    '''Networks whose music is three numbers, with everything random that a preset may have.'''

    def __init__(self, settings):
        self.draws_ahead = self.has_likelihood = settings.preset == "chorale"
        self.generator, self.critic = network(3), network(1)

    def sample(self, batch, seed):
        latent = replicas.uniform([2, tf.shape(batch["music"])[0], 3], seed, axis=1)
        return latent[0], latent[1]

    def heard(self, batch, sample):
        fake = tf.stop_gradient(self.differentiable(batch, sample, None, None))
        return tf.concat([batch["music"], fake], axis=0)

    def both(self, heard):
        return heard

    def differentiable(self, batch, sample, found, seed):
        sample = sample or self.sample(batch, seed)
        return self.generator(sample[0]) + sample[1]

    def judge(self, representation, batch):
        return self.critic(representation + batch["mask"])[:, 0]

    slope = staticmethod(wgan.squared_norm)

    def likelihood(self, batch, seed):
        kept = replicas.uniform([tf.shape(batch["music"])[0], 1], seed) > 0.4
        off = (self.generator(batch["music"]) * tf.cast(kept, tf.float32) - batch["music"]) ** 2
        return tf.reduce_sum(off * batch["mask"]) / tf.maximum(self.cells(batch), 1)

    def cells(self, batch):
        return tf.reduce_sum(batch["mask"])


trainer._networks = lambda settings, steps: Small(settings)


def train(strategy, settings):
    one = trainer.Trainer(Train.model_validate(settings | {"strategy": strategy}), 8)
    random = np.random.default_rng(0)
    figures = []
    for _ in range(one.settings.total):
        music = random.normal(size=(one.batch_size, 3)).astype(np.float32)
        mask = random.random((one.batch_size, 3)) < np.linspace(0, 1, one.batch_size)[:, None]
        batch = {"music": tf.constant(music), "mask": tf.constant(mask, tf.float32)}
        figures.append({name: float(value) for name, value in one.step(batch).items()})
    parts = (one.networks.generator, one.networks.critic, one.shadow)
    weights = [np.asarray(value).tolist() for part in parts for value in part.variables]
    return {"replicas": one.team.replicas, "figures": figures, "weights": weights}


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
except InputError as error:
    trained["refused"] = str(error)
print(json.dumps(trained))
"""


@pytest.fixture(scope="module")
def trained(smallest: Any) -> dict[str, Any]:
    """Small networks trained by one device and by two, in the manner of either preset."""
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
    assert (one["replicas"], two["replicas"]) == (1, 2)
    for expected, found in zip(one["figures"], two["figures"], strict=True):
        assert found == pytest.approx(expected, rel=1e-4)
    for expected, found in zip(one["weights"], two["weights"], strict=True):
        assert np.allclose(expected, found, rtol=0, atol=1e-5)


def test_devices_that_cannot_share_a_batch(trained: dict[str, Any]) -> None:
    """A batch of three windows for two devices is refused in one line."""
    assert trained["refused"].startswith("params.yaml: train.batch: 3 windows")
    assert "multiple of 2" in trained["refused"]


@pytest.mark.parametrize("strategy", ["default", "mirrored"])
def test_one_device(strategy: Any) -> None:
    """A machine of one device computes as it does where nothing is said of devices."""
    team = Team.of(strategy, 3)
    assert team.alone
    assert team.leads
    assert [value.tolist() for value in team.total([np.arange(3)])] == [[0, 1, 2]]


@pytest.mark.parametrize(
    "config",
    [
        None,
        "",
        "{}",
        '{"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}}',
        '{"cluster": {"worker": ["127.0.0.1:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": 3}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"chief": ["127.0.0.1:1"]}, "task": {"type": "worker", "index": 0}}',
        "[]",
    ],
)
def test_unknown_workers(config: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TF_CONFIG that is missing or names no workers is an error of one line."""
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config is not None:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(InputError, match=r"TF_CONFIG: .*docs/training\.md") as caught:
        Team.of("workers", 4)
    assert "\n" not in str(caught.value)


def test_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker without others trains with the devices that it has."""
    alone = '{"cluster": {"worker": ["127.0.0.1:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", alone)
    team = Team.of("workers", 3)
    assert (team.index, team.size, team.replicas) == (0, 1, 1)
