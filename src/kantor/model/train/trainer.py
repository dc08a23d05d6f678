"""Weights, optimizers and compiled steps of one training, and the checkpoints that keep them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kantor.ensemble import SATB, Ensemble
from kantor.hyperparameters import Train
from kantor.model import Batch, Tensor, parts
from kantor.model.generator import Generator
from kantor.model.presets import Chorale, Networks, Unet
from kantor.model.train.wgan import Figures, Updates


class Adam(keras.optimizers.Adam):  # type: ignore[misc]
    """Keras's optimizer (Kingma and Ba 2015), its update done by TensorFlow's own operation.

    Keras computes a dozen operations for each weight. Run as they are they take longer than some
    networks, and XLA compiles them for longer than it compiles the rest of a step.
    """

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:
        """Change a variable and its two moments, which Keras keeps."""
        index = self._get_variable_index(variable)
        steps = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), steps),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), steps),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


class Trainer:
    """Everything that a step changes.

    `shadow` is a generator whose weights are the exponential moving average of the trained one's;
    `average` composes with it.
    """

    def __init__(self, settings: Train, steps: int, ensemble: Ensemble = SATB) -> None:
        keras.utils.set_random_seed(settings.seed)
        self.settings, self.ensemble = settings, ensemble
        self.strategy = parts.strategy(settings.strategy, settings.batch)
        with self.strategy.scope():
            self.networks = _networks(settings, steps, ensemble)
            self.shadow = _networks(settings, steps, ensemble).generator
            self.updates = self._updates()
        # One for all measurements: another would trace the whole composing anew.
        self.average = Generator(self.shadow, {"preset": settings.preset})
        self.iteration = tf.Variable(0, dtype=tf.int64)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        self._follow = self._graph(self._move_shadow)
        self._follow(0.0)
        self._likelihood = self._on_all(self.updates.likelihood)
        self._sample = self._sampling()
        self._critic_input = self._graph(self.networks.critic_input)
        self._critic = self._on_all(self.updates.critic)
        self._generator = self._on_all(self.updates.generator)
        self._traced = False

    def _updates(self) -> Updates:
        """The updates, with their optimizers."""
        settings, networks = self.settings, self.networks
        rates = settings.learning_rates
        decay = keras.optimizers.schedules.CosineDecay(
            rates.likelihood, max(1, settings.warmup_iterations), alpha=0.1
        )
        likelihood = Adam(decay, beta_1=0.9, beta_2=0.99, weight_decay=settings.weight_decay)
        generator = Adam(rates.generator, *settings.betas)
        critic = Adam(rates.critic, *settings.betas)
        for optimizer in (likelihood, generator):
            optimizer.build(networks.generator.trainable_variables)
        critic.build(networks.critic.trainable_variables)
        return Updates(networks, settings, critic, generator, likelihood, self._by_xla)

    @property
    def devices(self) -> int:
        """How many devices share each batch."""
        return int(self.strategy.num_replicas_in_sync)

    def _graph(self, step: Callable[..., Any], xla: bool | None = None) -> Any:
        """A step as a graph, of TensorFlow's own operations if nothing else is said."""
        return tf.function(step, jit_compile=xla, reduce_retracing=True, autograph=False)

    def _by_xla(self, step: Callable[..., Any]) -> Any:
        """What XLA compiles of a step, where the settings have it so.

        Not the sums of rows that make the critic's input, which it scatters slowly, nor an exchange
        between devices, which it does not know on CPU.
        """
        return self._graph(step, self.settings.xla)

    def _on_all(self, step: Callable[..., Any]) -> Any:
        """A step as a graph, run on all devices where there are several."""
        return self._graph(parts.on_devices(step, self.strategy))

    def _sampling(self) -> Any:
        """The sampling as a graph, in parts side by side where one device does it; see `parts`."""
        sample = self.networks.sample
        if self.devices == 1 and self.settings.parts > 1 and self.networks.draws_ahead:
            return self._graph(parts.side_by_side(sample, self.settings.parts, self._by_xla))
        # Each device has a graph of its own.
        return self._on_all(lambda batch, seed: self._by_xla(sample)(batch, seed))

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

    def step(self, batch: Batch) -> Figures:
        """One iteration; returns its figures as scalar tensors."""
        iteration, size = self.done, self.settings.batch
        seed = tf.constant([self.settings.seed, iteration])
        if self.warming(iteration):
            first = {name: value[:size] for name, value in batch.items()}
            figures: Figures = self._likelihood(first, seed)
        else:
            figures = self._adversarial(batch, seed)
        self._follow(self.settings.average)
        self.iteration.assign_add(1)
        return figures

    def _adversarial(self, batch: Batch, seed: Tensor) -> Figures:
        """So many steps of the critic, then one of the generator."""
        size, steps = self.settings.batch, self.settings.critic_steps
        # The generator stands still while the critic learns: samples can be drawn all at once.
        samples = self._sample(batch, seed) if self.networks.draws_ahead else None
        figures: Figures = {}
        inputs: dict[int, Any] = {}
        for index in range(steps + 1):
            # The generator's batch is the last; the critic's steps take turns with all of them.
            place = (index - steps - 1) % (self.batch_size // size)
            rows = slice(place * size, (place + 1) * size)
            own_batch = {name: value[rows] for name, value in batch.items()}
            own_seed = seed + tf.constant([0, 1_000_003 * (index + 1)])
            if samples is not None:
                sample = tf.nest.map_structure(lambda tensor, rows=rows: tensor[rows], samples)
            else:
                sample = self._sample(own_batch, own_seed) if index < steps else None
            if samples is not None and self.devices == 1 and place not in inputs:
                self._trace(own_batch, sample, own_seed)
                inputs[place] = self._critic_input(own_batch, sample)
            step = self._generator if index == steps else self._critic
            figures |= step(own_batch, sample, inputs.get(place), own_seed)
        return figures

    def _trace(self, batch: Batch, sample: Any, seed: Tensor) -> None:
        """Make each step's graph for a critic's input of any length: else each has its own."""
        if self._traced or tf.config.functions_run_eagerly():
            return
        graph = self._critic_input.get_concrete_function(batch, sample)
        for step in (self._critic, self._generator):
            step.get_concrete_function(batch, sample, graph.structured_outputs, seed)
        self._traced = True

    def _move_shadow(self, decay: float) -> None:
        """Move the shadow's weights towards the trained generator's."""
        trained = self.networks.generator.variables
        for shadow, variable in zip(self.shadow.variables, trained, strict=True):
            shadow.assign(decay * shadow + (1 - decay) * variable)

    def checkpoints(self, folder: Path) -> tf.train.CheckpointManager:
        """The manager of this training's checkpoints in `folder`; the last two are kept."""
        changing = {
            "generator": self.networks.generator,
            "critic": self.networks.critic,
            "shadow": self.shadow,
            "likelihood_optimizer": self.updates.likelihood_optimizer,
            "generator_optimizer": self.updates.generator_optimizer,
            "critic_optimizer": self.updates.critic_optimizer,
        }
        # Variables by name and place: Keras's layers in lists are not followed otherwise.
        variables = {name: list(part.variables) for name, part in changing.items()}
        state = tf.train.Checkpoint(iteration=self.iteration, seconds=self.seconds, **variables)
        return tf.train.CheckpointManager(state, str(folder), max_to_keep=2)


def _networks(settings: Train, steps: int, ensemble: Ensemble) -> Networks:
    if settings.preset == "unet":
        return Unet(steps, ensemble)
    return Chorale(settings.chorale, steps, ensemble)
