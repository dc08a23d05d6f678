"""Weights, optimizers and compiled steps of one training, and the checkpoints that keep them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kantor.hyperparameters import Train
from kantor.model.generator import Generator
from kantor.model.presets import Chorale, Unet
from kantor.model.train import parts, replicas
from kantor.model.train.adam import Adam
from kantor.model.train.batches import Batch
from kantor.model.train.replicas import Team
from kantor.model.train.wgan import Networks, critic_step, generator_step, likelihood_step

Tensor = Any
Step = Callable[..., Any]
Graph = Any
"""A step as `tf.function` makes it; TensorFlow carries no types."""


class Trainer:
    """Everything that a step changes.

    `average` is the generator whose weights are the exponential moving average of the trained
    one's.
    """

    def __init__(self, settings: Train, steps: int) -> None:
        # First of all: workers can meet only before TensorFlow has begun to compute.
        self.team = Team.of(settings.strategy, settings.batch)
        keras.utils.set_random_seed(settings.seed)
        self.settings = settings
        with self.team.strategy.scope():
            self.networks = _networks(settings, steps)
            self.shadow = _networks(settings, steps).generator
            self._make_optimizers()
        # One for all measurements: another would trace the whole composing anew.
        self.average = Generator(self.shadow, {"preset": settings.preset})
        self.iteration = tf.Variable(0, dtype=tf.int64)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        self._average(0.0)
        self._likelihood = self._on_all(self._likelihood_step)
        self._sample = self._drawing()
        self._hear = self._graph(self.networks.heard)
        self._critic = self._on_all(self._critic_step)
        self._generator = self._on_all(self._generator_step)
        self._traced = False

    def _make_optimizers(self) -> None:
        settings = self.settings
        rates, (beta_1, beta_2) = settings.learning_rates, settings.betas
        decay = keras.optimizers.schedules.CosineDecay(
            rates.likelihood, max(1, settings.warmup_iterations), alpha=0.1
        )
        self.likelihood_optimizer = Adam(
            decay, beta_1=0.9, beta_2=0.99, weight_decay=settings.weight_decay
        )
        self.generator_optimizer = Adam(rates.generator, beta_1, beta_2)
        self.critic_optimizer = Adam(rates.critic, beta_1, beta_2)
        for optimizer in (self.likelihood_optimizer, self.generator_optimizer):
            optimizer.build(self.networks.generator.trainable_variables)
        self.critic_optimizer.build(self.networks.critic.trainable_variables)

    def _on_all(self, step: Step) -> Graph:
        """A step as a graph, run on all replicas where there are several."""
        return self._graph(step if self.team.alone else partial(self.team.run, step))

    def _by_xla(self, step: Step) -> Graph:
        """What XLA compiles of a step, where the settings have it so.

        Not the sums of rows that the critic hears, which it scatters slowly, nor an exchange
        between replicas, which it does not know on CPU.
        """
        return self._graph(step, self.settings.xla)

    def _graph(self, step: Step, xla: bool | None = None) -> Graph:
        """A step as a graph, of TensorFlow's own operations if nothing else is said."""
        return tf.function(step, jit_compile=xla, reduce_retracing=True, autograph=False)

    def _drawing(self) -> Graph:
        """The drawing of samples as a graph; see `parts`."""
        if not self.team.alone or self.settings.parts == 1 or not self.networks.draws_ahead:
            return self._on_all(self._sample_step)
        step = parts.side_by_side(self.networks.sample, self.settings.parts, self._by_xla)
        return self._graph(step)

    @property
    def batch_size(self) -> int:
        """Windows that an iteration reads: `settings.drawn` batches for all of its steps."""
        return self.settings.batch * min(self.settings.drawn, self.settings.critic_steps + 1)

    @property
    def done(self) -> int:
        """Iterations done."""
        return int(self.iteration.numpy())

    def warming(self, iteration: int) -> bool:
        """Whether an iteration is one by likelihood alone."""
        return iteration < self.settings.warmup_iterations

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """One iteration; returns its figures as scalar tensors."""
        iteration, size = self.done, self.settings.batch
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
        heard: dict[int, Any] = {}
        for index in range(steps + 1):
            # The generator's batch is the last; the critic's steps take turns with all of them.
            own_batch = (index - steps - 1) % (self.batch_size // size)
            rows = slice(own_batch * size, (own_batch + 1) * size)
            part = {name: value[rows] for name, value in batch.items()}
            own = seed + tf.constant([0, 1_000_003 * (index + 1)])
            if ahead is not None:
                drawn = tf.nest.map_structure(lambda tensor, rows=rows: tensor[rows], ahead)
            else:
                drawn = self._sample(part, own) if index < steps else None
            if ahead is not None and self.team.alone and own_batch not in heard:
                self._trace(part, drawn, own)
                heard[own_batch] = self._hear(part, drawn)
            step = self._generator if index == steps else self._critic
            figures |= step(part, drawn, heard.get(own_batch), own)
        return figures

    def _trace(self, batch: Batch, sample: Any, seed: Tensor) -> None:
        """Make each step's graph for what is heard, however much: else the next makes another."""
        if self._traced or tf.config.functions_run_eagerly():
            return
        heard = self._hear.get_concrete_function(batch, sample).structured_outputs
        for step in (self._critic, self._generator):
            step.get_concrete_function(batch, sample, heard, seed)
        self._traced = True

    def _sample_step(self, batch: Batch, seed: Tensor) -> Any:
        return replicas.whole(self._by_xla(self.networks.sample)(replicas.part(batch), seed))

    def _likelihood_step(self, batch: Batch, seed: Tensor) -> dict[str, Tensor]:
        figures = likelihood_step(
            self.networks, self.likelihood_optimizer, replicas.part(batch), seed, self._by_xla
        )
        self._average(self.settings.average)
        return figures

    def _critic_step(
        self, batch: Batch, sample: Any, heard: Any, seed: Tensor
    ) -> dict[str, Tensor]:
        batch, sample = replicas.part((batch, sample))
        if heard is None:
            heard = self.networks.heard(batch, sample)
        weight = self.settings.gradient_penalty
        return critic_step(
            self.networks, self.critic_optimizer, batch, heard, seed, weight, self._by_xla
        )

    def _generator_step(
        self, batch: Batch, sample: Any, heard: Any, seed: Tensor
    ) -> dict[str, Tensor]:
        batch, sample = replicas.part((batch, sample))
        if heard is None and sample is not None:
            heard = self.networks.heard(batch, sample)
        weight = self.settings.likelihood_weight
        figures = generator_step(
            self.networks, self.generator_optimizer, batch, sample, heard, seed, weight,
            self._by_xla, self.settings.likelihood_every,
        )  # fmt: skip
        self._average(self.settings.average)
        return figures

    def _average(self, decay: float) -> None:
        """Move the shadow generator towards the trained one."""
        for shadow, variable in zip(
            self.shadow.variables, self.networks.generator.variables, strict=True
        ):
            shadow.assign(decay * shadow + (1 - decay) * variable)

    def _state(self) -> dict[str, list[Any]]:
        """Everything that goes on changing, by name."""
        # Variables by name and place: Keras's layers in lists are not followed otherwise.
        parts = {
            "generator": self.networks.generator,
            "critic": self.networks.critic,
            "shadow": self.shadow,
            "likelihood_optimizer": self.likelihood_optimizer,
            "generator_optimizer": self.generator_optimizer,
            "critic_optimizer": self.critic_optimizer,
        }
        return {name: list(part.variables) for name, part in parts.items()}

    def checkpoints(self, folder: Path) -> tf.train.CheckpointManager:
        """The manager of this training's checkpoints in `folder`; the last two are kept."""
        state = tf.train.Checkpoint(iteration=self.iteration, seconds=self.seconds, **self._state())
        return tf.train.CheckpointManager(state, str(folder), max_to_keep=2)

    def take_over(self) -> None:
        """Bring every worker to the state of the chief; all must call this together."""
        if self.team.size == 1:
            return
        variables = [self.iteration, self.seconds, *chain(*self._state().values())]
        values = [np.asarray(variable) for variable in variables]
        brought = values if self.team.leads else [np.zeros_like(value) for value in values]
        for variable, value in zip(variables, self.team.total(brought), strict=True):
            variable.assign(value)


def _networks(settings: Train, steps: int) -> Networks:
    return Unet(steps) if settings.preset == "unet" else Chorale(settings.chorale, steps)
