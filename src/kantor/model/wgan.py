"""Wasserstein GAN with gradient penalty: losses and one training step, for any networks.

The critic is trained to tell real from generated samples by a score whose gradient has norm one
between them; the difference of the mean scores then estimates the Wasserstein distance, which the
generator lowers (Arjovsky et al. 2017; Gulrajani et al. 2017, algorithm 1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import keras
import tensorflow as tf

Tensor = Any
Batch = dict[str, Tensor]


class Networks(Protocol):
    """What a preset gives to the training. All samples are batches of *representations*:
    tensors in the form in which the preset's critic sees music, or what its first linear layer
    makes of that form."""

    generator: keras.Model
    critic: keras.Model
    draws_ahead: bool
    """Whether the samples of all critic steps are drawn at once, the generator's own included."""
    has_likelihood: bool
    """Whether the generator states probabilities, so that it can be trained by likelihood too."""

    def real(self, batch: Batch) -> Tensor:
        """The batch's own music."""

    def sample(self, batch: Batch, seed: Tensor) -> Any:
        """Music drawn from the generator for the batch's given cells, without a gradient."""

    def fake(self, batch: Batch, sample: Any) -> Tensor:
        """The representation of a sample, for the critic's training."""

    def differentiable(self, batch: Batch, sample: Any, seed: Tensor) -> Tensor:
        """The representation of a sample, with a gradient to the generator."""

    def judge(self, representation: Tensor, batch: Batch) -> Tensor:
        """The critic's scores ``(batch,)``; it sees what is given too."""

    def slope(self, gradient: Tensor) -> Tensor:
        """The squared norm ``(batch,)`` of the scores' gradient by the music, from their gradient
        by its representation."""

    def likelihood(self, batch: Batch, seed: Tensor) -> Tensor:
        """Mean negative log-likelihood of the composed cells, where there is one."""


def squared_norm(gradient: Tensor) -> Tensor:
    """Of each sample ``(batch, …)`` over all its axes: ``(batch,)``."""
    return tf.reduce_sum(gradient**2, axis=list(range(1, len(gradient.shape))))


def gradient_penalty(
    judge: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    mix: Tensor,
    slope: Callable[[Tensor], Tensor] = squared_norm,
) -> Tensor:
    """Mean squared distance of the critic's gradient norm from one, between real and fake.

    Parameters
    ----------
    judge, slope
        See `Networks`.
    real, fake : (batch, …)
    mix : (batch,)
        One uniform number a sample: where between fake (0) and real (1) the gradient is taken.
    """
    mix = tf.reshape(mix, [-1] + [1] * (len(real.shape) - 1))
    between = fake + mix * (real - fake)
    with tf.GradientTape() as tape:
        tape.watch(between)
        scores = judge(between)
    gradient = tape.gradient(scores, between)
    # The root has no derivative at zero.
    return tf.reduce_mean((tf.sqrt(slope(gradient) + 1e-12) - 1) ** 2)


def critic_step(
    networks: Networks,
    optimizer: keras.optimizers.Optimizer,
    batch: Batch,
    sample: Any,
    seed: Tensor,
    weight: float,
) -> dict[str, Tensor]:
    """One update of the critic; returns its figures."""
    variables = networks.critic.trainable_variables
    with tf.GradientTape() as tape:
        real, fake = networks.real(batch), networks.fake(batch, sample)
        mix = tf.random.stateless_uniform([tf.shape(real)[0]], seed, alg="philox")
        scores = networks.judge(
            tf.concat([real, fake], axis=0),
            {name: tf.concat([value, value], axis=0) for name, value in batch.items()},
        )
        of_real, of_fake = tf.split(scores, 2)
        distance = tf.reduce_mean(of_real) - tf.reduce_mean(of_fake)
        penalty = gradient_penalty(
            lambda x: networks.judge(x, batch), real, fake, mix, networks.slope
        )
        loss = weight * penalty - distance
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return {
        "critic_loss": loss,
        "wasserstein": distance,
        "gradient_penalty": penalty,
        "gradient_norm_critic": tf.linalg.global_norm(gradients),
    }


def generator_step(
    networks: Networks,
    optimizer: keras.optimizers.Optimizer,
    batch: Batch,
    sample: Any,
    seed: Tensor,
    likelihood_weight: float,
) -> dict[str, Tensor]:
    """One update of the generator; returns its figures."""
    variables = networks.generator.trainable_variables
    figures: dict[str, Tensor] = {}
    with tf.GradientTape() as tape:
        scores = networks.judge(networks.differentiable(batch, sample, seed), batch)
        loss = figures["generator_loss"] = -tf.reduce_mean(scores)
        if networks.has_likelihood and likelihood_weight:
            figures["likelihood"] = networks.likelihood(batch, seed)
            loss += likelihood_weight * figures["likelihood"]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return {**figures, "gradient_norm_generator": tf.linalg.global_norm(gradients)}


def likelihood_step(
    networks: Networks, optimizer: keras.optimizers.Optimizer, batch: Batch, seed: Tensor
) -> dict[str, Tensor]:
    """One update of the generator by likelihood alone; returns its figures."""
    variables = networks.generator.trainable_variables
    with tf.GradientTape() as tape:
        likelihood = networks.likelihood(batch, seed)
    gradients = tape.gradient(likelihood, variables)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return {
        "likelihood": likelihood,
        "gradient_norm_generator": tf.linalg.global_norm(gradients),
    }
