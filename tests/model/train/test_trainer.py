"""What an iteration changes, and the parameters that it needs."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from tests.model.small import smallest

from kantor import settings
from kantor.errors import SetupError
from kantor.hyperparameters import Train
from kantor.model.train import batches
from kantor.model.train.trainer import Adam, Trainer
from kantor.training.history import FIGURES

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def pool(tiny: Any) -> batches.Pool:
    return batches.pool(*tiny, "train")


def iterate(trainer: Trainer, pool: batches.Pool) -> dict[str, float]:
    """The next iteration, on its own batch."""
    batch = batches.batch_at(pool, trainer.batch_size, trainer.settings.seed, trainer.iteration)
    return {name: float(value) for name, value in trainer.step(batch).items()}


def weights_of(model: Any) -> list[np.ndarray]:
    return [np.array(variable) for variable in model.variables]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(map(np.array_equal, first, second))


def test_phases(pool: batches.Pool) -> None:
    """First the likelihood alone, then so many critic steps to each of the generator.

    The shadow begins as the generator and follows it by so much an iteration.
    """
    trainer = Trainer(smallest(critic_steps=3, average=0.75), 8)
    networks = trainer.networks.generator, trainer.shadow, trainer.networks.critic
    names = {"likelihood", "gradient_norm_generator"}, {*FIGURES} - {"diversity"}
    before = [weights_of(network) for network in networks]
    assert same(*before[:2])
    for expected, critic_steps in zip(names, (0, 3), strict=True):
        assert set(iterate(trainer, pool)) == expected
        now = [weights_of(network) for network in networks]
        assert not same(before[0], now[0])
        assert same(before[2], now[2]) is (critic_steps == 0)
        for old, shadow, trained in zip(before[1], now[1], now[0], strict=True):
            assert np.allclose(shadow, 0.75 * old + 0.25 * trained, atol=1e-6)
        before = now
    assert (trainer.batch_size, trainer.done) == (8, 2)
    assert trainer.average.network is trainer.shadow
    updates = trainer.updates
    optimizers = updates.likelihood_optimizer, updates.critic_optimizer, updates.generator_optimizer
    assert [int(optimizer.iterations) for optimizer in optimizers] == [1, 3, 1]


def test_steps_share_what_is_drawn(pool: batches.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The critic's steps take turns with the batches; the last one is the generator's."""
    trainer = Trainer(smallest(critic_steps=3, drawn=2, warmup=0), 8)
    assert trainer.batch_size == 4
    seen: list[tuple[str, np.ndarray]] = []
    for name in ("_critic", "_generator"):

        def noted(batch: Any, *_: Any, name: str = name) -> dict[str, Any]:
            seen.append((name, batch["pitches"].numpy()))
            return {}

        monkeypatch.setattr(trainer, name, noted)
    batch = batches.batch_at(pool, 4, 1, trainer.iteration)
    trainer.step(batch)
    first, second = batch["pitches"].numpy()[:2], batch["pitches"].numpy()[2:]
    assert [name for name, _ in seen] == ["_critic", "_critic", "_critic", "_generator"]
    assert same([pitches for _, pitches in seen], [first, second, first, second])


def test_likelihood_rate_falls_to_a_tenth() -> None:
    """Along a cosine over the warm-up."""
    rate = Trainer(smallest(warmup=10), 8).updates.likelihood_optimizer._learning_rate
    rates = [float(rate(tf.constant(step))) for step in (0, 5, 10, 15)]
    assert rates == pytest.approx([0.002, 0.0011, 0.0002, 0.0002], rel=1e-4)


def test_totals() -> None:
    """The preset `unet` has no warm-up."""
    assert smallest(warmup=3, iterations=4).total == 7
    assert smallest(warmup=3, iterations=4, preset="unet").total == 4


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("prest", "chorale", "train.prest"),
        ("batch", 0, "train.batch"),
        ("preset", "vae", "train.preset"),
        ("average", 1, "train.average"),
        ("chorale", {"widht": 3}, "train.chorale.widht"),
    ],
)
def test_wrong_parameters(tmp_path: Path, name: str, value: Any, key: str) -> None:
    """A typo or a value out of range is an error that names the key."""
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"train": smallest().model_dump(mode="json") | {name: value}}))
    with pytest.raises(SetupError, match=key):
        settings.load(Train, "train", path)


@pytest.mark.long
def test_a_step_is_traced_once(pool: batches.Pool) -> None:
    """Batches have different numbers of features: no step is made anew for each."""
    tf.config.run_functions_eagerly(False)
    trainer = Trainer(smallest(warmup=0, xla=False), 8)
    lengths = set()
    for _ in range(3):
        batch = batches.batch_at(pool, trainer.batch_size, 1, trainer.iteration)
        sample = trainer._sample(batch, tf.constant([1, int(trainer.iteration)]))
        lengths.add(len(trainer._critic_input(batch, sample).by_row[0]))
        trainer.step(batch)
    assert len(lengths) > 1
    assert trainer._critic.experimental_get_tracing_count() == 1
    assert trainer._generator.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}, {"beta_1": 0.5, "epsilon": 1e-3}])
def test_adam_as_keras(options: dict[str, Any]) -> None:
    """The optimizer takes Keras's own steps: twenty updates by a falling rate, two variables."""
    random = np.random.default_rng(1)
    start = [random.normal(size=shape).astype(np.float32) for shape in ((3, 4), (5,))]
    gradients = random.normal(size=(20, 17)).astype(np.float32)
    results = []
    for kind in (Adam, keras.optimizers.Adam):
        optimizer = kind(keras.optimizers.schedules.CosineDecay(0.1, 20), **options)
        variables = [keras.Variable(value) for value in start]
        optimizer.build(variables)
        for row in gradients:
            parts = [tf.reshape(row[:12], (3, 4)), tf.constant(row[12:])]
            optimizer.apply_gradients(zip(parts, variables, strict=True))
        results.append([np.asarray(one) for one in (*variables, *optimizer.variables)])
    assert not np.allclose(results[0][0], start[0], atol=0.1)
    for ours, theirs in zip(*results, strict=True):
        assert np.allclose(ours, theirs, rtol=1e-4, atol=2e-5)
