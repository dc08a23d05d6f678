"""What an iteration changes, and the parameters that it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
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

pytestmark = pytest.mark.usefixtures("eager")


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
        self.generator.append(weights(self.trainer.networks.generator))
        self.critic.append(weights(self.trainer.networks.critic))
        self.shadow.append(weights(self.trainer.shadow))


@pytest.fixture(scope="module")
def course(pool: batches.Pool) -> Course:
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
    assert (trainer.batch_size, trainer.done) == (8, 2)
    assert set(course.figures[0]) == {"likelihood", "gradient_norm_generator"}
    of_losses = {"critic_loss", "wasserstein", "gradient_penalty", "generator_loss", "likelihood"}
    norms = {"gradient_norm_critic", "gradient_norm_generator"}
    assert set(course.figures[1]) == of_losses | norms
    assert [same(*pair) for pair in pairwise(course.critic)] == [True, False]
    assert [same(*pair) for pair in pairwise(course.generator)] == [False, False]
    updates = trainer.updates
    assert int(updates.likelihood_optimizer.iterations) == 1
    assert int(updates.critic_optimizer.iterations) == 3
    assert int(updates.generator_optimizer.iterations) == 1


def test_average(course: Course) -> None:
    """The shadow begins as the generator and follows it by so much an iteration."""
    assert same(course.shadow[0], course.generator[0])
    for (before, shadow), trained in zip(
        pairwise(course.shadow), course.generator[1:], strict=True
    ):
        for old, now, new in zip(before, shadow, trained, strict=True):
            assert np.allclose(now, 0.75 * old + 0.25 * new, atol=1e-6)
    assert course.trainer.average.network is course.trainer.shadow


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
def test_wrong_parameters(tmp_path: Path, line: str, key: str) -> None:
    """A typo or a value out of range is an error of one line that names the key."""
    values = smallest().model_dump(mode="json") | yaml.safe_load(line)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"train": values}))
    with pytest.raises(SetupError, match=key) as caught:
        settings.load(Train, "train", path)
    assert "\n" not in str(caught.value)


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
