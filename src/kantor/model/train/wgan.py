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

from kantor.model import Batch, Tensor, parts

Gradients = list[Tensor]
Figures = dict[str, Tensor]
Compile = Callable[[Callable[..., Any]], Callable[..., Any]]


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

    def sample(self, batch: Batch, seed: Tensor) -> Any:
        """Music drawn from the generator for the batch's given cells, without a gradient."""

    def critic_input(self, batch: Batch, sample: Any) -> Any:
        """The batch's own music, then a sample of as many pieces, as `represent` reads them."""

    def represent(self, critic_input: Any) -> Tensor:
        """Their representations, one after the other."""

    def differentiable(self, batch: Batch, sample: Any, fake: Tensor, seed: Tensor) -> Tensor:
        """The representation `fake` of a sample, with a gradient to the generator."""

    def judge(self, representation: Tensor, batch: Batch) -> Tensor:
        """The critic's scores ``(batch,)``; it sees what is given too."""

    def slope(self, gradient: Tensor) -> Tensor:
        """The squared norm ``(batch,)`` of the scores' gradient by the music, from their gradient
        by its representation."""

    def likelihood(self, batch: Batch, seed: Tensor) -> Tensor:
        """Mean negative log-likelihood of the composed cells, where there is one."""

    def cells(self, batch: Batch) -> Tensor:
        """How many cells `likelihood` is the mean of, each by its weight; a scalar."""


def as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    """The `Compile` that does nothing."""
    return function


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
    critic_input: Any,
    seed: Tensor,
    weight: float,
    compiled: Compile = as_it_is,
) -> Figures:
    """One update of the critic by its input (`Networks.critic_input`); returns its figures."""

    def gradients(both: Tensor, batch: Batch, seed: Tensor) -> tuple[Tensor, Gradients, Figures]:
        """By the representations and by the variables, and the figures."""
        with tf.GradientTape() as tape:
            tape.watch(both)
            real, fake = tf.split(both, 2)
            mix = parts.uniform([tf.shape(real)[0]], seed)
            scores = networks.judge(
                both,
                {name: tf.concat([value, value], axis=0) for name, value in batch.items()},
            )
            of_real, of_fake = tf.split(scores, 2)
            distance = tf.reduce_mean(of_real) - tf.reduce_mean(of_fake)
            penalty = gradient_penalty(
                lambda x: networks.judge(x, batch), real, fake, mix, networks.slope
            )
            loss = weight * penalty - distance
        figures = {"critic_loss": loss, "wasserstein": distance, "gradient_penalty": penalty}
        return *tape.gradient(loss, (both, variables)), figures

    variables = networks.critic.trainable_variables
    with tf.GradientTape() as tape:
        both = networks.represent(critic_input)
    upstream, own, figures = compiled(gradients)(both, batch, seed)
    through = tape.gradient(both, variables, upstream)
    total = [a if b is None else a + b for a, b in zip(own, through, strict=True)]
    return _update(optimizer, variables, total, figures, "critic")


def generator_step(
    networks: Networks,
    optimizer: keras.optimizers.Optimizer,
    batch: Batch,
    sample: Any,
    critic_input: Any,
    seed: Tensor,
    likelihood_weight: float,
    compiled: Compile = as_it_is,
    likelihood_every: int = 1,
) -> Figures:
    """One update of the generator by a sample and the critic's input of it; returns its figures.

    The likelihood beside the critic's score is that of every so many-th window of the batch.
    """
    likely = networks.has_likelihood and likelihood_weight
    some = {name: value[::likelihood_every] for name, value in batch.items()}

    def gradients(
        batch: Batch, some: Batch, sample: Any, fake: Tensor, seed: Tensor, share: Tensor
    ) -> tuple[Gradients, Figures]:
        """By the variables, and the figures."""
        figures: Figures = {}
        with tf.GradientTape() as tape:
            scores = networks.judge(networks.differentiable(batch, sample, fake, seed), batch)
            loss = figures["generator_loss"] = -tf.reduce_mean(scores)
            if likely:
                figures["likelihood"] = share * networks.likelihood(some, seed)
                loss += likelihood_weight * figures["likelihood"]
        return tape.gradient(loss, variables), figures

    variables = networks.generator.trainable_variables
    share = _share(networks, some) if likely else 1.0
    fake = None
    if critic_input is not None:
        fake = tf.split(networks.represent(critic_input), 2)[1]
    total, figures = compiled(gradients)(batch, some, sample, fake, seed, share)
    return _update(optimizer, variables, total, figures, "generator")


def likelihood_step(
    networks: Networks,
    optimizer: keras.optimizers.Optimizer,
    batch: Batch,
    seed: Tensor,
    compiled: Compile = as_it_is,
) -> Figures:
    """One update of the generator by likelihood alone; returns its figures."""

    def gradients(batch: Batch, seed: Tensor, share: Tensor) -> tuple[Gradients, Figures]:
        """By the variables, and the figures."""
        with tf.GradientTape() as tape:
            likelihood = share * networks.likelihood(batch, seed)
        return tape.gradient(likelihood, variables), {"likelihood": likelihood}

    variables = networks.generator.trainable_variables
    total, figures = compiled(gradients)(batch, seed, _share(networks, batch))
    return _update(optimizer, variables, total, figures, "generator")


def _share(networks: Networks, batch: Batch) -> Tensor:
    """A device's composed cells by the mean of all devices': the weight of its likelihood."""
    if parts.count() == 1:
        return 1.0
    cells = tf.cast(networks.cells(batch), tf.float32)
    return tf.math.divide_no_nan(cells, parts.mean(cells))


def _update(
    optimizer: keras.optimizers.Optimizer,
    variables: list[Any],
    gradients: Gradients,
    figures: Figures,
    network: str,
) -> Figures:
    """Apply the devices' mean gradient; returns the figures, and its norm."""
    gradients = parts.mean(gradients)
    own = gradients
    if parts.count() > 1:  # Keras adds up what the devices bring
        own = [gradient / parts.count() for gradient in gradients]
    optimizer.apply_gradients(zip(own, variables, strict=True))
    return {**figures, f"gradient_norm_{network}": tf.linalg.global_norm(gradients)}
