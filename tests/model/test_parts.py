"""A batch computed in parts is the batch computed at once, but for rounding."""

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kantor.errors import SetupError
from kantor.model import parts

SEED = tf.constant([1, 2])

# A process of its own: how many devices there are must be said before TensorFlow looks at them.
TRAINED = """
import json

import tensorflow as tf

processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)

import numpy as np
from tests.model.small import made_chorale, smallest

from kantor import settings
from kantor.data import windows
from kantor.data.corpus import Piece
from kantor.model.train import batches
from kantor.model.train.trainer import Trainer

corpus = tuple(Piece("made", "train", "made", 0, made_chorale(row)) for row in range(4))
pool = batches.pool(corpus, windows.cut(corpus, settings.Windows(steps=8)), "train")
trained = []
for strategy in ("default", "mirrored"):
    trainer = Trainer(smallest(strategy=strategy, batch=4, critic_steps=2, xla=True), 8)
    figures = []
    for iteration in range(trainer.settings.total):
        batch = batches.batch_at(pool, trainer.batch_size, 1, tf.constant(iteration))
        figures.append({name: float(value) for name, value in trainer.step(batch).items()})
    networks = (trainer.networks.generator, trainer.networks.critic, trainer.shadow)
    weights = [[np.asarray(value).tolist() for value in part.variables] for part in networks]
    trained.append({"devices": trainer.devices, "figures": figures, "weights": weights})
print(json.dumps(trained))
"""


@pytest.mark.long
def test_two_devices_train_as_one() -> None:
    """Each computes its half; what is drawn, every figure and every weight are the same.

    Where a gradient is nearly nothing, Adam takes rounding for one: so the critic's weights may be
    off by a tenth of an update, the bias of its score, which has no other gradient, by several.
    """
    command = [sys.executable, "-W", "ignore", "-c", TRAINED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    one, two = json.loads(done.stdout)
    assert (one["devices"], two["devices"]) == (1, 2)
    for expected, figures in zip(one["figures"], two["figures"], strict=True):
        assert figures == pytest.approx(expected, rel=1e-4, abs=1e-3)
    networks = zip(one["weights"], two["weights"], strict=True)
    generator, critic, shadow = (list(zip(*pair, strict=True)) for pair in networks)
    for expected, weights in generator + shadow:
        assert np.allclose(expected, weights, rtol=0, atol=1e-5)
    for expected, weights in critic:
        off = np.sqrt(np.mean(np.subtract(expected, weights) ** 2))
        assert off < (5e-3 if np.size(expected) == 1 else 1e-4)


def test_devices_that_cannot_share_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of three windows for two devices is refused in one line."""
    monkeypatch.setattr(parts, "_mirrored", lambda: SimpleNamespace(num_replicas_in_sync=2))
    fault = r"^params.yaml: train.batch: 3 windows .* multiple of 2$"
    with pytest.raises(SetupError, match=fault):
        parts.strategy("mirrored", 3)


@pytest.mark.parametrize("name", ["default", "mirrored"])
def test_one_device(name: Any) -> None:
    """A machine of one device needs no strategy, whatever the batch."""
    assert parts.strategy(name, 3).num_replicas_in_sync == 1


def noisy(batch: Any, seed: Any) -> Any:
    """Each row with numbers of its own."""
    noise = parts.random([2, tf.shape(batch["a"])[0], 3], seed, axis=1)
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
