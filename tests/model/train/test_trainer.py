"""What an iteration changes, and that a checkpoint keeps all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
    """The next iteration, on its own batch."""
    batch = batches.batch_at(pool, trainer.batch_size, trainer.settings.seed, trainer.iteration)
    return {name: float(value) for name, value in trainer.step(batch).items()}


def weights(model: Any) -> list[np.ndarray]:
    return [np.array(variable) for variable in model.variables]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return all(map(np.array_equal, first, second))


@dataclass
class Course:
    """A trainer, with its weights before and after each of its iterations, and their figures."""

    trainer: Trainer
    figures: list[dict[str, float]] = field(default_factory=list)
    generator: list[list[np.ndarray]] = field(default_factory=list)
    critic: list[list[np.ndarray]] = field(default_factory=list)
    shadow: list[list[np.ndarray]] = field(default_factory=list)

    def keep(self) -> None:
        networks = self.trainer.networks
        self.generator.append(weights(networks.generator))
        self.critic.append(weights(networks.critic))
        self.shadow.append(weights(self.trainer.shadow))


@pytest.fixture(scope="module")
def course(smallest: Smallest, pool: batches.Pool) -> Course:
    """An iteration by likelihood and one against the critic."""
    course = Course(Trainer(smallest(critic_steps=3, average=0.75), 8))
    course.keep()
    for _ in range(2):
        course.figures.append(iterate(course.trainer, pool))
        course.keep()
    return course


def test_phases(course: Course) -> None:
    """First the likelihood alone, then so many critic steps to each of the generator."""
    trainer = course.trainer
    assert trainer.batch_size == 8
    assert set(course.figures[0]) == {"likelihood", "gradient_norm_generator"}
    assert same(course.critic[0], course.critic[1])
    assert not same(course.generator[0], course.generator[1])
    assert set(course.figures[1]) == {
        "critic_loss",
        "wasserstein",
        "gradient_penalty",
        "gradient_norm_critic",
        "generator_loss",
        "likelihood",
        "gradient_norm_generator",
    }
    assert int(trainer.iteration) == 2
    assert not same(course.critic[1], course.critic[2])
    optimizers = (
        trainer.likelihood_optimizer,
        trainer.critic_optimizer,
        trainer.generator_optimizer,
    )
    assert [int(optimizer.iterations) for optimizer in optimizers] == [1, 3, 1]


def test_average(course: Course) -> None:
    """The shadow begins as the generator and follows it by so much an iteration."""
    assert same(course.shadow[0], course.generator[0])
    for before, shadow, trained in zip(
        course.shadow[:2], course.shadow[1:], course.generator[1:], strict=True
    ):
        for old, now, new in zip(before, shadow, trained, strict=True):
            assert np.allclose(now, 0.75 * old + 0.25 * new, atol=1e-6)
    assert course.trainer.average.network is course.trainer.shadow


def test_same_seed_same_iteration(course: Course, smallest: Smallest, pool: batches.Pool) -> None:
    """Weights and figures follow from the seed."""
    for seed, alike in ((1, True), (2, False)):
        trainer = Trainer(smallest(seed=seed, critic_steps=3), 8)
        assert (iterate(trainer, pool) == course.figures[0]) is alike
        assert same(weights(trainer.networks.generator), course.generator[1]) is alike


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


@pytest.mark.long
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
