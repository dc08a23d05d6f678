"""The two presets as the training and the composing see them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kantor.errors import InputError
from kantor.hyperparameters import ChoraleSettings
from kantor.model.nets import chorale, likelihood, straight_through, unet
from kantor.model.nets import sampling as drawing
from kantor.model.nets.critic import ChoraleCritic
from kantor.model.nets.inputs import JUDGED, judged_index, shift, to_piece, write
from kantor.model.nets.layers import dropout
from kantor.model.nets.multi_hot import MultiHot, multi_hot
from kantor.model.train.batches import CONTEXT
from kantor.model.train.wgan import squared_norm

Tensor = Any
Batch = dict[str, Tensor]


class Chorale:
    """`kantor.model.nets.chorale` behind the form of `kantor.model.train.wgan.Networks`."""

    draws_ahead = True
    has_likelihood = True

    def __init__(self, settings: ChoraleSettings, steps: int = 32) -> None:
        self.steps, self.settings = steps, settings
        self.generator = chorale.ChoraleGenerator(
            settings.width,
            settings.decoder,
            settings.head,
            settings.memory,
            settings.reach,
            settings.dilations,
        )
        self.critic = ChoraleCritic(settings.critic, settings.embedding, settings.emphasis, steps)

    @property
    def _window(self) -> tuple[int, int]:
        return CONTEXT, CONTEXT + self.steps

    def sample(self, batch: Batch, seed: Tensor) -> tuple[Tensor, Tensor]:
        piece = to_piece(batch)
        latent = drawing.draw_latent(tf.shape(piece.classes)[0], self.steps, seed)
        return drawing.draw(self.generator, piece, latent, *self._window, min_p=self.settings.min_p)

    def critic_input(self, batch: Batch, sample: tuple[Tensor, Tensor]) -> MultiHot:
        piece = to_piece(batch)
        start, stop = self._window
        found = []
        for one in (piece, write(piece, *sample, start, stop)):
            steps = one.classes, shift(one.classes), one.onsets
            found.append(judged_index(*(tensor[:, start:stop] for tensor in steps)))
        index = tf.concat(found, axis=0)
        return multi_hot(tf.reshape(index, [-1, index.shape[-1]]), JUDGED)

    def represent(self, critic_input: MultiHot) -> Tensor:
        embedded = self.critic.embed(critic_input)
        return tf.reshape(embedded, [-1, self.steps, self.settings.embedding])

    def differentiable(
        self, batch: Batch, sample: tuple[Tensor, Tensor], fake: Tensor, seed: Tensor
    ) -> Tensor:
        embedding = straight_through.Linear(fake, self.critic.by_features)
        return straight_through.features(
            self.generator, to_piece(batch), *sample, *self._window, self.settings.min_p, embedding
        )

    def judge(self, representation: Tensor, batch: Batch) -> Tensor:
        piece = to_piece(batch)
        start, stop = self._window
        return self.critic(
            representation, piece.mask[:, start:stop], piece.conditions[:, start:stop]
        )

    def slope(self, gradient: Tensor) -> Tensor:
        return self.critic.slope(gradient)

    def likelihood(self, batch: Batch, seed: Tensor) -> Tensor:
        drop = dropout(self.settings.dropout, seed)
        closing = self.settings.closing
        return likelihood.mean(self.generator, to_piece(batch), *self._window, drop, closing)

    def cells(self, batch: Batch) -> Tensor:
        piece = to_piece(batch)
        return tf.reduce_sum(likelihood.weights(piece, *self._window, self.settings.closing))


class Unet:
    """`kantor.model.nets.unet` behind the form of `kantor.model.train.wgan.Networks`."""

    draws_ahead = False
    has_likelihood = False

    def __init__(self, steps: int = 32) -> None:
        if steps != unet.STEPS:
            raise InputError(
                f"params.yaml: the preset unet reads windows of {unet.STEPS} steps, not {steps}; "
                "set ingest.windows.steps or choose the preset chorale"
            )
        self.generator, self.critic = unet.unet_generator(), unet.unet_critic()

    def _real(self, batch: Batch) -> Tensor:
        return unet.to_rolls(batch["pitches"][:, CONTEXT : CONTEXT + unet.STEPS])

    def _melody(self, batch: Batch) -> Tensor:
        return self._real(batch)[..., :1]

    def sample(self, batch: Batch, seed: Tensor) -> Tensor:
        melody = self._melody(batch)
        latent = unet.draw_latent(tf.shape(melody)[0], seed)
        return self.generator([melody, latent], training=True)

    def critic_input(self, batch: Batch, sample: Tensor) -> Tensor:
        return tf.concat([self._real(batch), tf.stop_gradient(sample)], axis=0)

    def represent(self, critic_input: Tensor) -> Tensor:
        return critic_input

    def differentiable(self, batch: Batch, sample: Tensor, fake: Tensor, seed: Tensor) -> Tensor:
        return self.sample(batch, seed)

    def judge(self, representation: Tensor, batch: Batch) -> Tensor:
        return self.critic([representation, self._melody(batch)], training=True)

    def slope(self, gradient: Tensor) -> Tensor:
        return squared_norm(gradient)

    def likelihood(self, batch: Batch, seed: Tensor) -> Tensor:
        raise NotImplementedError("a roll through tanh states no probabilities")

    def cells(self, batch: Batch) -> Tensor:
        raise NotImplementedError("a roll through tanh states no probabilities")
