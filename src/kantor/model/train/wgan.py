"""Wasserstein GAN with gradient penalty: its losses and updates, for the networks of any preset.

The critic is trained to tell real from generated samples by a score whose gradient has norm one
between them; the difference of the mean scores then estimates the Wasserstein distance, which the
generator lowers (Arjovsky et al. 2017; Gulrajani et al. 2017, algorithm 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from kantor.hyperparameters import Train
from kantor.model import Batch, Tensor, parts

if TYPE_CHECKING:
    from kantor.model.presets import Networks

Figures = dict[str, Tensor]


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

    `mix (batch,)` says for each sample where between fake (0) and real (1) the gradient is taken.
    For `judge` and `slope` see `kantor.model.presets.Chorale`.
    """
    mix = tf.reshape(mix, [-1] + [1] * (len(real.shape) - 1))
    between = fake + mix * (real - fake)
    with tf.GradientTape() as tape:
        tape.watch(between)
        scores = judge(between)
    gradient = tape.gradient(scores, between)
    # The root has no derivative at zero.
    return tf.reduce_mean((tf.sqrt(slope(gradient) + 1e-12) - 1) ** 2)


@dataclass(frozen=True)
class Updates:
    """One update of the critic or of the generator; each returns its figures, scalar tensors.

    `compiled` makes a compiled function of the computation of a gradient.
    """

    networks: Networks
    settings: Train
    critic_optimizer: keras.optimizers.Optimizer
    generator_optimizer: keras.optimizers.Optimizer
    likelihood_optimizer: keras.optimizers.Optimizer
    compiled: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda function: function

    def critic(self, batch: Batch, sample: Any, critic_input: Any, seed: Tensor) -> Figures:
        """Update the critic by a sample; its `critic_input` is made where it is None."""
        networks, variables = self.networks, self.networks.critic.trainable_variables

        def gradients(both: Tensor, batch: Batch, seed: Tensor) -> tuple[Any, ...]:
            """By the representations and by the variables, and the figures."""
            with tf.GradientTape() as tape:
                tape.watch(both)
                real, fake = tf.split(both, 2)
                mix = parts.random([tf.shape(real)[0]], seed)
                twice = {name: tf.concat([value, value], axis=0) for name, value in batch.items()}
                of_real, of_fake = tf.split(networks.judge(both, twice), 2)
                distance = tf.reduce_mean(of_real) - tf.reduce_mean(of_fake)
                penalty = gradient_penalty(
                    lambda between: networks.judge(between, batch), real, fake, mix, networks.slope
                )
                loss = self.settings.gradient_penalty * penalty - distance
            figures = {"critic_loss": loss, "wasserstein": distance, "gradient_penalty": penalty}
            return *tape.gradient(loss, (both, variables)), figures

        if critic_input is None:
            critic_input = networks.critic_input(batch, sample)
        with tf.GradientTape() as tape:
            both = networks.represent(critic_input)
        upstream, own, figures = self.compiled(gradients)(both, batch, seed)
        through = tape.gradient(both, variables, upstream)
        total = [a if b is None else a + b for a, b in zip(own, through, strict=True)]
        return _update(self.critic_optimizer, variables, total, figures, "critic")

    def generator(self, batch: Batch, sample: Any, critic_input: Any, seed: Tensor) -> Figures:
        """Update the generator by a sample and the critic's input of it, made as in `critic`.

        Beside the critic's score counts the likelihood of some windows of the batch.
        """
        networks, variables = self.networks, self.networks.generator.trainable_variables
        likely = networks.has_likelihood and self.settings.likelihood_weight
        some = {name: value[:: self.settings.likelihood_every] for name, value in batch.items()}

        def gradients(
            batch: Batch, some: Batch, sample: Any, fake: Tensor, seed: Tensor, share: Tensor
        ) -> tuple[list[Tensor], Figures]:
            """By the variables, and the figures."""
            figures: Figures = {}
            with tf.GradientTape() as tape:
                scores = networks.judge(networks.differentiable(batch, sample, fake, seed), batch)
                loss = figures["generator_loss"] = -tf.reduce_mean(scores)
                if likely:
                    figures["likelihood"] = share * networks.likelihood(some, seed)
                    loss += self.settings.likelihood_weight * figures["likelihood"]
            return tape.gradient(loss, variables), figures

        share = self._share(some) if likely else 1.0
        fake = None
        if critic_input is None and sample is not None:
            critic_input = networks.critic_input(batch, sample)
        if critic_input is not None:
            fake = tf.split(networks.represent(critic_input), 2)[1]
        total, figures = self.compiled(gradients)(batch, some, sample, fake, seed, share)
        return _update(self.generator_optimizer, variables, total, figures, "generator")

    def likelihood(self, batch: Batch, seed: Tensor) -> Figures:
        """Update the generator by likelihood alone."""
        variables = self.networks.generator.trainable_variables

        def gradients(batch: Batch, seed: Tensor, share: Tensor) -> tuple[list[Tensor], Figures]:
            """By the variables, and the figures."""
            with tf.GradientTape() as tape:
                likelihood = share * self.networks.likelihood(batch, seed)
            return tape.gradient(likelihood, variables), {"likelihood": likelihood}

        total, figures = self.compiled(gradients)(batch, seed, self._share(batch))
        return _update(self.likelihood_optimizer, variables, total, figures, "generator")

    def _share(self, batch: Batch) -> Tensor:
        """A device's composed cells by the mean of all devices': the weight of its likelihood."""
        if parts.count() == 1:
            return 1.0
        cells = tf.cast(self.networks.cells(batch), tf.float32)
        return tf.math.divide_no_nan(cells, parts.mean(cells))


def _update(
    optimizer: Any, variables: list[Any], gradients: list[Tensor], figures: Figures, network: str
) -> Figures:
    """Apply the devices' mean gradient; returns the figures, and its norm."""
    gradients = parts.mean(gradients)
    # Keras adds up what the devices bring.
    own = [gradient / parts.count() for gradient in gradients] if parts.count() > 1 else gradients
    optimizer.apply_gradients(zip(own, variables, strict=True))
    return {**figures, f"gradient_norm_{network}": tf.linalg.global_norm(gradients)}
