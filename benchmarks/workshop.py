"""The workshop's way of training its model, with Kantor's losses and networks.

What it leaves out, so that it is the workshop's and not ours: XLA, warm-up by likelihood,
averaging of weights, weight decay, transposition. Each critic step draws its own samples, in the
very batch it learns from, as the batch normalisation of the workshop's generator sees them.
"""

from __future__ import annotations

import kantor.model  # noqa: F401  first: it imports TensorFlow without its noise

# isort: split
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from kantor.model.batches import Batch, Pool
from kantor.model.trainer import Train, Trainer
from kantor.model.wgan import critic_step, generator_step

Tensor = Any

RECIPE: dict[str, Any] = {
    "preset": "unet",
    "batch": 64,
    "iterations": 1000,
    "critic_steps": 5,
    "gradient_penalty": 10,
    "betas": (0.5, 0.9),
    "learning_rates": {"likelihood": 0.001, "generator": 0.001, "critic": 0.001},
    "likelihood_weight": 0,
    "weight_decay": 0,
    "average": 0,
    "xla": False,
}


def recipe(params: Train, **changes: Any) -> Train:
    """The workshop's settings; what it says nothing about (the seed) is taken from `params`."""
    settings: Train = Train.model_validate({**params.model_dump(), **RECIPE, **changes})
    return settings


def untransposed(pool: Pool) -> Pool:
    """The same windows, each in its own key only."""
    still = np.zeros(len(pool), np.int8)
    return replace(pool, lowest=still, highest=still)


class Workshop(Trainer):
    """Trains as the workshop's notebook does: Keras layers in `tf.function`, nothing else."""

    def __init__(self, settings: Train, steps: int) -> None:
        super().__init__(settings, steps)
        self._own_critic = tf.function(self._draw_and_judge)
        self._own_generator = tf.function(self._draw_and_improve)

    def _adversarial(self, batch: Batch, seed: Tensor) -> dict[str, Tensor]:
        size, steps = self.settings.batch, self.settings.critic_steps
        figures: dict[str, Tensor] = {}
        for index in range(steps + 1):
            rows = slice(index * size, (index + 1) * size)
            part = {name: value[rows] for name, value in batch.items()}
            own = seed + tf.constant([0, 1_000_003 * (index + 1)])
            step = self._own_generator if index == steps else self._own_critic
            figures |= step(part, own)
        return figures

    def _draw_and_judge(self, batch: Batch, seed: Tensor) -> dict[str, Tensor]:
        sample = self.networks.sample(batch, seed)
        weight = self.settings.gradient_penalty
        figures: dict[str, Tensor] = critic_step(
            self.networks, self.critic_optimizer, batch, sample, seed, weight
        )
        return figures

    def _draw_and_improve(self, batch: Batch, seed: Tensor) -> dict[str, Tensor]:
        # The networks of `unet` draw anew here, so there is no sample to hand over.
        figures: dict[str, Tensor] = generator_step(
            self.networks, self.generator_optimizer, batch, None, seed, 0.0
        )
        self._average(0.0)
        return figures
