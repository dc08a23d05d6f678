"""The presets: the networks of each, as the training and the composing see them.

A *representation* of music is the form in which the preset's critic sees it, or what the critic's
first linear layer makes of that form.
"""

from __future__ import annotations

import tensorflow as tf

from kantor.ensemble import SATB, Ensemble
from kantor.errors import SetupError
from kantor.hyperparameters import ChoraleSettings
from kantor.model import Batch, Tensor
from kantor.model.nets import straight_through, unet
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.critic import ChoraleCritic
from kantor.model.nets.features import Inputs, ones, to_inputs
from kantor.model.nets.layers import MultiHot, dropout
from kantor.model.nets.sampling import cell_weights, draw, draw_latent, likelihood
from kantor.model.train.wgan import squared_norm
from kantor.network.layout import CONTEXT, Layout

Sample = tuple[Tensor, Tensor]
"""Tokens and onsets of the window's steps."""


class Chorale:
    """The networks of `kantor.model.nets.chorale`.

    Attributes
    ----------
    draws_ahead : bool
        Whether the samples of all critic steps are drawn at once, the generator's own included.
    has_likelihood : bool
        Whether the generator states probabilities, so that it can be trained by likelihood too.
    """

    draws_ahead = True
    has_likelihood = True

    def __init__(
        self, settings: ChoraleSettings, steps: int = 32, ensemble: Ensemble = SATB
    ) -> None:
        self.steps, self.settings = steps, settings
        self.layout = Layout(ensemble)
        self.window = CONTEXT, CONTEXT + steps
        sizes = ("width", "decoder", "head", "memory", "reach", "dilations")
        self.generator = ChoraleGenerator(
            **{name: getattr(settings, name) for name in sizes}, ensemble=ensemble
        )
        self.critic = ChoraleCritic(
            settings.critic, settings.embedding, settings.emphasis, steps, ensemble
        )

    def _inputs(self, batch: Batch) -> Inputs:
        return to_inputs(batch, self.layout.vocabulary)

    def sample(self, batch: Batch, seed: Tensor) -> Sample:
        """Music drawn from the generator for the batch's given cells, without a gradient."""
        inputs = self._inputs(batch)
        shape = tf.shape(inputs.tokens)[0], self.steps, inputs.tokens.shape[-1]
        latent = draw_latent(shape, seed)
        return draw(self.generator, inputs, latent, *self.window, min_p=self.settings.min_p)

    def critic_input(self, batch: Batch, sample: Sample) -> MultiHot:
        """The batch's own music, then a sample of as many pieces, as `represent` reads them."""
        inputs = self._inputs(batch)
        index = tf.concat(
            [
                ones(self.layout, *music.steps(*self.window))
                for music in (inputs, inputs.written(*sample, *self.window))
            ],
            axis=0,
        )
        return MultiHot.of(tf.reshape(index, [-1, index.shape[-1]]), self.layout.judged.size)

    def represent(self, critic_input: MultiHot) -> Tensor:
        """Their representations, one after the other."""
        embedded = self.critic.embed(critic_input)
        return tf.reshape(embedded, [-1, self.steps, self.settings.embedding])

    def differentiable(self, batch: Batch, sample: Sample, fake: Tensor, seed: Tensor) -> Tensor:
        """The representation `fake` of a sample, with a gradient to the generator."""
        inputs, to_features = self._inputs(batch), self.critic.by_features
        return straight_through.differentiable(
            self.generator, inputs, *sample, CONTEXT, fake, to_features, self.settings.min_p
        )

    def judge(self, representation: Tensor, batch: Batch) -> Tensor:
        """The critic's scores ``(batch,)``; it sees what is given too."""
        inputs = self._inputs(batch)
        steps = slice(*self.window)
        return self.critic(representation, inputs.mask[:, steps], inputs.conditions[:, steps])

    def slope(self, gradient: Tensor) -> Tensor:
        """The squared norm ``(batch,)`` of the scores' gradient by the music, from their gradient
        by its representation."""
        return self.critic.slope(gradient)

    def likelihood(self, batch: Batch, seed: Tensor) -> Tensor:
        """Mean negative log-likelihood of the composed cells."""
        drop = dropout(self.settings.dropout, seed)
        closing = self.settings.closing
        return likelihood(self.generator, self._inputs(batch), *self.window, drop, closing)

    def cells(self, batch: Batch) -> Tensor:
        """How many cells `likelihood` is the mean of, each by its weight; a scalar."""
        weights = cell_weights(self._inputs(batch), *self.window, self.settings.closing)
        return tf.reduce_sum(weights)


class Unet:
    """The networks of `kantor.model.nets.unet`; the methods are as those of `Chorale`."""

    draws_ahead = False
    has_likelihood = False

    def __init__(self, steps: int = 32, ensemble: Ensemble = SATB) -> None:
        if ensemble.names != SATB.names:
            raise SetupError(
                f"params.yaml: the preset unet knows the ensemble {SATB.name} only, not "
                f"{ensemble.name}; choose the preset chorale"
            )
        if steps != unet.STEPS:
            raise SetupError(
                f"params.yaml: the preset unet reads windows of {unet.STEPS} steps, not {steps}; "
                "set ingest.windows.steps or choose the preset chorale"
            )
        self.generator, self.critic = unet.unet_generator(), unet.unet_critic()

    def _real(self, batch: Batch) -> Tensor:
        return unet.to_rolls(batch["pitches"][:, CONTEXT : CONTEXT + unet.STEPS])

    def sample(self, batch: Batch, seed: Tensor) -> Tensor:
        melody = self._real(batch)[..., :1]
        latent = unet.draw_latent(tf.shape(melody)[0], seed)
        return self.generator([melody, latent], training=True)

    def critic_input(self, batch: Batch, sample: Tensor) -> Tensor:
        return tf.concat([self._real(batch), tf.stop_gradient(sample)], axis=0)

    def represent(self, critic_input: Tensor) -> Tensor:
        return critic_input

    def differentiable(self, batch: Batch, sample: Tensor, fake: Tensor, seed: Tensor) -> Tensor:
        return self.sample(batch, seed)

    def judge(self, representation: Tensor, batch: Batch) -> Tensor:
        return self.critic([representation, self._real(batch)[..., :1]], training=True)

    def slope(self, gradient: Tensor) -> Tensor:
        return squared_norm(gradient)

    def likelihood(self, batch: Batch, seed: Tensor) -> Tensor:
        raise NotImplementedError("a roll through tanh states no probabilities")

    def cells(self, batch: Batch) -> Tensor:
        raise NotImplementedError("a roll through tanh states no probabilities")


Networks = Chorale | Unet
