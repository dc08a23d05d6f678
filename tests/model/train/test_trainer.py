"""What an iteration changes, and that a checkpoint keeps all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kantor import settings
from kantor.errors import SetupError
from kantor.hyperparameters import Train
from kantor.model.train import batches
from kantor.model.train.trainer import Adam, Trainer

pytestmark = pytest.mark.usefixtures("eager")
Smallest = Callable[..., Train]


@pytest.fixture(scope="module")
def pool(tiny: Any) -> batches.Pool:
    return batches.pool(*tiny, "train")


def iterate(trainer: Trainer, pool: batches.Pool) -> dict[str, float]:
    """One iteration on the batch that is its turn."""
    batch = batches.batch_at(pool, trainer.batch_size, trainer.settings.seed, trainer.iteration)
    return {name: float(value) for name, value in trainer.step(batch).items()}


def weights(model: Any) -> list[np.ndarray]:
    return [np.array(variable) for variable in model.variables]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(map(np.array_equal, first, second))


def test_phases(smallest: Smallest, pool: batches.Pool) -> None:
    """First the likelihood alone, then so many critic steps to each of the generator."""
    trainer = Trainer(smallest(critic_steps=3), 8)
    assert trainer.batch_size == 8
    networks = trainer.networks
    critic, generator = weights(networks.critic), weights(networks.generator)
    assert set(iterate(trainer, pool)) == {"likelihood", "gradient_norm_generator"}
    assert same(weights(networks.critic), critic)
    assert not same(weights(networks.generator), generator)
    assert set(iterate(trainer, pool)) == {
        "critic_loss",
        "wasserstein",
        "gradient_penalty",
        "gradient_norm_critic",
        "generator_loss",
        "likelihood",
        "gradient_norm_generator",
    }
    assert int(trainer.iteration) == 2
    assert not same(weights(networks.critic), critic)
    taken = [
        int(optimizer.iterations)
        for optimizer in (
            trainer.likelihood_optimizer,
            trainer.critic_optimizer,
            trainer.generator_optimizer,
        )
    ]
    assert taken == [1, 3, 1]


def test_steps_share_what_is_drawn(
    smallest: Smallest, pool: batches.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The critic's steps take turns with the batches; the last one is the generator's."""
    trainer = Trainer(smallest(critic_steps=3, drawn=2, warmup=0), 8)
    assert trainer.batch_size == 4
    seen: dict[str, list[Any]] = {"_critic": [], "_generator": []}
    for name, kept in seen.items():
        step = getattr(trainer, name)

        def noted(batch: Any, *rest: Any, kept: list[Any] = kept, step: Any = step) -> Any:
            kept.append(batch["pitches"].numpy())
            return step(batch, *rest)

        monkeypatch.setattr(trainer, name, noted)
    batch = batches.batch_at(pool, 4, 1, trainer.iteration)
    trainer.step(batch)
    first, second = batch["pitches"].numpy()[:2], batch["pitches"].numpy()[2:]
    assert same(seen["_critic"], [first, second, first])
    assert same(seen["_generator"], [second])


def test_average(smallest: Smallest, pool: batches.Pool) -> None:
    """The shadow begins as the generator and follows it by so much an iteration."""
    trainer = Trainer(smallest(average=0.75), 8)
    trained, shadow = trainer.networks.generator, trainer.shadow
    start = weights(trained)
    assert same(weights(shadow), start)
    for _ in range(2):
        before = weights(shadow)
        iterate(trainer, pool)
        for old, now, followed in zip(before, weights(trained), weights(shadow), strict=True):
            assert np.allclose(followed, 0.75 * old + 0.25 * now, atol=1e-6)
    assert trainer.average.network is shadow


def test_same_seed_same_iteration(smallest: Smallest, pool: batches.Pool) -> None:
    """Weights and figures follow from the seed."""
    figures, found = [], []
    for seed in (1, 1, 2):
        trainer = Trainer(smallest(seed=seed), 8)
        figures.append(iterate(trainer, pool))
        found.append(weights(trainer.networks.generator))
    assert figures[0] == figures[1] != figures[2]
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_checkpoint_keeps_everything(
    smallest: Smallest, pool: batches.Pool, tmp_path: Path
) -> None:
    """Restored into a new training, it goes on as the old one does."""
    old, new = (Trainer(smallest(), 8) for _ in range(2))
    for _ in range(2):
        iterate(old, pool)
    old.seconds.assign(12.5)
    old.checkpoints(tmp_path).save()
    manager = new.checkpoints(tmp_path)
    manager.checkpoint.restore(manager.latest_checkpoint).assert_consumed()
    assert (int(new.iteration), float(new.seconds)) == (2, 12.5)
    parts = (
        lambda trainer: trainer.networks.generator,
        lambda trainer: trainer.networks.critic,
        lambda trainer: trainer.shadow,
        lambda trainer: trainer.likelihood_optimizer,
        lambda trainer: trainer.critic_optimizer,
        lambda trainer: trainer.generator_optimizer,
    )
    for part in parts:
        assert same(weights(part(old)), weights(part(new)))
    assert iterate(old, pool) == iterate(new, pool)
    for part in parts:
        assert same(weights(part(old)), weights(part(new)))


def test_two_checkpoints_are_kept(smallest: Smallest, tmp_path: Path) -> None:
    """So that one is whole whenever the other is being written."""
    manager = Trainer(smallest(), 8).checkpoints(tmp_path)
    for _ in range(3):
        manager.save()
    assert len(manager.checkpoints) == 2
    assert len(list(tmp_path.glob("*.index"))) == 2


def test_likelihood_rate_falls_to_a_tenth(smallest: Smallest) -> None:
    """Along a cosine over the warm-up."""
    rate = Trainer(smallest(warmup=10), 8).likelihood_optimizer._learning_rate
    found = [float(rate(tf.constant(step))) for step in (0, 5, 10, 15)]
    assert found == pytest.approx([0.002, 0.0011, 0.0002, 0.0002], rel=1e-4)


def test_totals(smallest: Smallest) -> None:
    """The preset `unet` has no warm-up."""
    assert smallest(warmup=3, iterations=4).total == 7
    assert smallest(warmup=3, iterations=4, preset="unet").total == 4


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("prest: chorale", "train.prest"),
        ("batch: 0", "train.batch"),
        ("preset: vae", "train.preset"),
        ("strategy: cluster", "train.strategy"),
        ("average: 1", "train.average"),
        ("chorale: {widht: 3}", "train.chorale.widht"),
        ("early_stop: {tolerance: 0}", "train.early_stop"),
    ],
)
def test_wrong_parameters(smallest: Smallest, tmp_path: Path, line: str, key: str) -> None:
    """A typo or a value out of range is an error of one line that names the key."""
    import yaml

    values = smallest().model_dump(mode="json") | yaml.safe_load(line)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"train": values}))
    with pytest.raises(SetupError, match=key) as caught:
        settings.load(Train, "train", path)
    assert "\n" not in str(caught.value)


def test_a_step_is_traced_once(smallest: Smallest, pool: batches.Pool) -> None:
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
