"""The two presets as the training and the composing see them."""

from __future__ import annotations

from typing import Any, Literal

import tensorflow as tf
from pydantic import Field

from kantor.model import chorale, drawing, unet
from kantor.model import representation as rep
from kantor.model.batches import CONTEXT
from kantor.music.score import ScoreError
from kantor.settings import Block

Tensor = Any
Batch = dict[str, Tensor]
PresetName = Literal["chorale", "unet"]


class ChoraleSettings(Block):
    """Sizes of the preset `chorale`."""

    width: int = Field(128, ge=8)
    decoder: int = Field(256, ge=8)
    memory: int = Field(64, ge=4)
    reach: int = Field(16, ge=1)
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    critic: int = Field(192, ge=8)
    dropout: float = Field(0.4, ge=0, lt=1)


class Chorale:
    """`kantor.model.chorale` behind the form of `kantor.model.wgan.Networks`."""

    draws_ahead = True
    has_likelihood = True

    def __init__(self, settings: ChoraleSettings, steps: int = 32) -> None:
        self.steps, self.dropout = steps, settings.dropout
        self.generator = chorale.ChoraleGenerator(
            settings.width,
            settings.decoder,
            settings.memory,
            settings.reach,
            settings.dilations,
        )
        self.critic = chorale.ChoraleCritic(settings.critic, steps)

    @property
    def _window(self) -> tuple[int, int]:
        return CONTEXT, CONTEXT + self.steps

    def real(self, batch: Batch) -> Tensor:
        piece = to_piece(batch)
        return self._features(piece.classes, piece.onsets)

    def sample(self, batch: Batch, seed: Tensor) -> tuple[Tensor, Tensor]:
        piece = to_piece(batch)
        latent = drawing.draw_latent(tf.shape(piece.classes)[0], self.steps, seed)
        return drawing.draw(self.generator, piece, latent, *self._window)

    def fake(self, batch: Batch, sample: tuple[Tensor, Tensor]) -> Tensor:
        written = drawing.write(to_piece(batch), *sample, *self._window)
        return self._features(written.classes, written.onsets)

    def _features(self, classes: Tensor, onsets: Tensor) -> Tensor:
        features = chorale.judged_features(classes, chorale.shift(classes), onsets)
        start, stop = self._window
        return features[:, start:stop]

    def differentiable(self, batch: Batch, sample: tuple[Tensor, Tensor], seed: Tensor) -> Tensor:
        return drawing.straight_through(self.generator, to_piece(batch), *sample, *self._window)

    def judge(self, representation: Tensor, batch: Batch) -> Tensor:
        start, stop = self._window
        piece = to_piece(batch)
        return self.critic(
            representation, piece.mask[:, start:stop], piece.conditions[:, start:stop]
        )

    def likelihood(self, batch: Batch, seed: Tensor) -> Tensor:
        drop = chorale.dropout(self.dropout, seed)
        return drawing.likelihood(self.generator, to_piece(batch), *self._window, drop)

    def cells(self, batch: Batch) -> Tensor:
        start, stop = self._window
        return tf.math.count_nonzero(~batch["mask"][:, start:stop])


class Unet:
    """`kantor.model.unet` behind the form of `kantor.model.wgan.Networks`."""

    draws_ahead = False
    has_likelihood = False

    def __init__(self, steps: int = 32) -> None:
        if steps != unet.STEPS:
            raise ScoreError(
                f"params.yaml: the preset unet reads windows of {unet.STEPS} steps, not {steps}; "
                "set ingest.windows.steps or choose the preset chorale"
            )
        self.generator, self.critic = unet.unet_generator(), unet.unet_critic()

    def real(self, batch: Batch) -> Tensor:
        return unet.to_rolls(batch["pitches"][:, CONTEXT : CONTEXT + unet.STEPS])

    def _melody(self, batch: Batch) -> Tensor:
        return self.real(batch)[..., :1]

    def sample(self, batch: Batch, seed: Tensor) -> Tensor:
        melody = self._melody(batch)
        latent = unet.draw_latent(tf.shape(melody)[0], seed)
        return self.generator([melody, latent], training=True)

    def fake(self, batch: Batch, sample: Tensor) -> Tensor:
        return tf.stop_gradient(sample)

    def differentiable(self, batch: Batch, sample: Tensor, seed: Tensor) -> Tensor:
        return self.sample(batch, seed)

    def judge(self, representation: Tensor, batch: Batch) -> Tensor:
        return self.critic([representation, self._melody(batch)], training=True)

    def likelihood(self, batch: Batch, seed: Tensor) -> Tensor:
        raise NotImplementedError("a roll through tanh states no probabilities")

    def cells(self, batch: Batch) -> Tensor:
        raise NotImplementedError("a roll through tanh states no probabilities")


def to_piece(batch: Batch) -> chorale.Piece:
    """Arrays as in `kantor.model.batches.Pool`, with a mask, as the networks of `chorale` read."""
    return chorale.Piece(
        rep.to_classes(batch["pitches"], batch["collection"]),
        tf.cast(batch["onsets"], tf.float32),
        tf.cast(batch["mask"], tf.float32),
        chorale.condition(batch["bars"], batch["fermatas"], batch["inside"], batch["collection"]),
        tf.cast(batch["collection"], tf.int32),
    )
