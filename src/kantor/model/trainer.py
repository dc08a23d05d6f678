"""Weights, optimizers and compiled steps of one training, and the checkpoints that keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from pydantic import Field, model_validator

from kantor.model.batches import Batch
from kantor.model.generator import Generator
from kantor.model.health import Limits
from kantor.model.presets import Chorale, ChoraleSettings, PresetName, Unet
from kantor.model.wgan import Networks, critic_step, generator_step, likelihood_step
from kantor.settings import Block

Tensor = Any


class LearningRates(Block):
    """Adam's learning rates; the likelihood's falls to a tenth along a cosine."""

    likelihood: float = Field(gt=0)
    generator: float = Field(gt=0)
    critic: float = Field(gt=0)


class EarlyStop(Block):
    """When to stop before the budget is reached; `rows` and `measurements` in a row."""

    tolerance: float = Field(gt=0)
    measurements: int = Field(ge=1)
    critic_rows: int = Field(ge=2)
    critic_tolerance: float = Field(ge=0)


class Train(Block):
    """The block `train` of params.yaml."""

    preset: PresetName
    seed: int
    batch: int = Field(ge=1)
    warmup: int = Field(ge=0)
    iterations: int = Field(ge=0)
    minutes: float = Field(gt=0)
    critic_steps: int = Field(ge=1)
    gradient_penalty: float = Field(gt=0)
    betas: tuple[float, float]
    learning_rates: LearningRates
    likelihood_weight: float = Field(ge=0)
    weight_decay: float = Field(ge=0)
    average: float = Field(ge=0, lt=1)
    xla: bool = True
    log_every: int = Field(ge=1)
    measure_every: int = Field(ge=1)
    checkpoint_every: int = Field(ge=1)
    melodies: int = Field(ge=2)
    early_stop: EarlyStop
    health: Limits = Limits()
    chorale: ChoraleSettings = ChoraleSettings()

    @model_validator(mode="after")
    def _in_step(self) -> Train:
        """Measurements and checkpoints are taken where a row is written."""
        for name in ("measure_every", "checkpoint_every"):
            if getattr(self, name) % self.log_every:
                raise ValueError(f"{name} must be a multiple of log_every ({self.log_every})")
        return self

    @property
    def total(self) -> int:
        """All iterations: those by likelihood alone, then those against the critic."""
        return self.warmup_iterations + self.iterations

    @property
    def warmup_iterations(self) -> int:
        """Iterations by likelihood alone; the preset `unet` has none."""
        return 0 if self.preset == "unet" else self.warmup


class Trainer:
    """Everything that a step changes.

    `average` is the generator whose weights are the exponential moving average of the trained
    one's.
    """

    def __init__(self, settings: Train, steps: int) -> None:
        keras.utils.set_random_seed(settings.seed)
        self.settings = settings
        self.networks = _networks(settings, steps)
        self.shadow = _networks(settings, steps).generator
        # One for all measurements: another would trace the whole composing anew.
        self.average = Generator(self.shadow, {"preset": settings.preset})
        rates, (beta_1, beta_2) = settings.learning_rates, settings.betas
        decay = keras.optimizers.schedules.CosineDecay(
            rates.likelihood, max(1, settings.warmup_iterations), alpha=0.1
        )
        generator, critic = self.networks.generator, self.networks.critic
        self.likelihood_optimizer = keras.optimizers.Adam(
            decay, beta_1=0.9, beta_2=0.99, weight_decay=settings.weight_decay
        )
        self.generator_optimizer = keras.optimizers.Adam(rates.generator, beta_1, beta_2)
        self.critic_optimizer = keras.optimizers.Adam(rates.critic, beta_1, beta_2)
        for optimizer in (self.likelihood_optimizer, self.generator_optimizer):
            optimizer.build(generator.trainable_variables)
        self.critic_optimizer.build(critic.trainable_variables)
        self.iteration = tf.Variable(0, dtype=tf.int64)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        self._average(0.0)
        compiled = {"jit_compile": settings.xla, "reduce_retracing": True, "autograph": False}
        self._likelihood = tf.function(self._likelihood_step, **compiled)
        self._sample = tf.function(self.networks.sample, **compiled)
        self._critic = tf.function(self._critic_step, **compiled)
        self._generator = tf.function(self._generator_step, **compiled)

    @property
    def batch_size(self) -> int:
        """Windows that an iteration reads: one batch a critic step, one for the generator."""
        return self.settings.batch * (self.settings.critic_steps + 1)

    def warming(self, iteration: int) -> bool:
        """Whether an iteration is one by likelihood alone."""
        return iteration < self.settings.warmup_iterations

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """One iteration; returns its figures as scalar tensors."""
        iteration = int(self.iteration.numpy())
        size = self.settings.batch
        seed = tf.constant([self.settings.seed, iteration])
        if self.warming(iteration):
            part = {name: value[:size] for name, value in batch.items()}
            figures: dict[str, Tensor] = self._likelihood(part, seed)
        else:
            figures = self._adversarial(batch, seed)
        self.iteration.assign_add(1)
        return figures

    def _adversarial(self, batch: Batch, seed: Tensor) -> dict[str, Tensor]:
        size, steps = self.settings.batch, self.settings.critic_steps
        # The generator stands still while the critic learns: samples can be drawn all at once.
        ahead = self._sample(batch, seed) if self.networks.draws_ahead else None
        figures: dict[str, Tensor] = {}
        for index in range(steps + 1):
            rows = slice(index * size, (index + 1) * size)
            part = {name: value[rows] for name, value in batch.items()}
            own = seed + tf.constant([0, 1_000_003 * (index + 1)])
            if self.networks.draws_ahead:
                drawn = tf.nest.map_structure(lambda tensor, rows=rows: tensor[rows], ahead)
            else:
                drawn = self._sample(part, own) if index < steps else None
            step = self._generator if index == steps else self._critic
            figures |= step(part, drawn, own)
        return figures

    def _likelihood_step(self, batch: Batch, seed: Tensor) -> dict[str, Tensor]:
        figures = likelihood_step(self.networks, self.likelihood_optimizer, batch, seed)
        self._average(self.settings.average)
        return figures

    def _critic_step(self, batch: Batch, sample: Any, seed: Tensor) -> dict[str, Tensor]:
        weight = self.settings.gradient_penalty
        return critic_step(self.networks, self.critic_optimizer, batch, sample, seed, weight)

    def _generator_step(self, batch: Batch, sample: Any, seed: Tensor) -> dict[str, Tensor]:
        weight = self.settings.likelihood_weight
        figures = generator_step(
            self.networks, self.generator_optimizer, batch, sample, seed, weight
        )
        self._average(self.settings.average)
        return figures

    def _average(self, decay: float) -> None:
        """Move the shadow generator towards the trained one."""
        for shadow, variable in zip(
            self.shadow.variables, self.networks.generator.variables, strict=True
        ):
            shadow.assign(decay * shadow + (1 - decay) * variable)

    def checkpoints(self, folder: Path) -> tf.train.CheckpointManager:
        """The manager of this training's checkpoints in `folder`; the last two are kept."""
        # Variables by name and place: Keras's layers in lists are not followed otherwise.
        parts = {
            "generator": self.networks.generator,
            "critic": self.networks.critic,
            "shadow": self.shadow,
            "likelihood_optimizer": self.likelihood_optimizer,
            "generator_optimizer": self.generator_optimizer,
            "critic_optimizer": self.critic_optimizer,
        }
        state = tf.train.Checkpoint(
            iteration=self.iteration,
            seconds=self.seconds,
            **{name: list(part.variables) for name, part in parts.items()},
        )
        return tf.train.CheckpointManager(state, str(folder), max_to_keep=2)


def _networks(settings: Train, steps: int) -> Networks:
    return Unet(steps) if settings.preset == "unet" else Chorale(settings.chorale, steps)
