"""Networks of the preset `unet`: those of the DeepComposer workshop's GAN notebook.

The generator is a U-Net on the melody's roll: four strided 4 x 4 convolutions down to 2 x 8, the
latent joined to them there, four up-sampling convolutions back up with skip connections, tanh on
four tracks (8.27 million weights). The critic sees roll and melody through four strided
convolutions (2.77 million). Rolls are in {-1, 1}.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kantor.model import parts
from kantor.music.score import VOICES

Tensor = Any

STEPS, PITCHES = 32, 128
FILTERS = (64, 128, 256, 512)
LATENT = (STEPS // 16, PITCHES // 16, 512)


def down(inputs: Tensor, filters: int) -> Tensor:
    """Half the size in both directions: a strided convolution and a leaky ReLU of slope 0.2."""
    hidden = keras.layers.Conv2D(filters, 4, strides=2, padding="same")(inputs)
    return keras.layers.LeakyReLU(0.2)(hidden)


def up(inputs: Tensor, skip: Tensor, filters: int) -> Tensor:
    """Twice the size in both directions, joined with the level that had it on the way down."""
    hidden = keras.layers.UpSampling2D(2)(inputs)
    hidden = keras.layers.Conv2D(filters, 4, padding="same", activation="relu")(hidden)
    hidden = keras.layers.BatchNormalization(momentum=0.8)(hidden)
    return keras.layers.Concatenate()([hidden, skip])


def unet_generator() -> keras.Model:
    """Melody ``(batch, 32, 128, 1)`` and latent ``(batch, 2, 8, 512)`` to a roll in [-1, 1].

    The output is ``(batch, 32, 128, 4)``.
    """
    melody = keras.Input((STEPS, PITCHES, 1), name="melody")
    latent = keras.Input(LATENT, name="latent")
    levels = [melody]
    for filters in FILTERS:
        levels.append(down(levels[-1], filters))
    hidden = keras.layers.Concatenate()([levels[-1], latent])
    for filters, skip in zip(FILTERS[-2::-1], levels[-2:0:-1], strict=True):
        hidden = up(hidden, skip, filters)
    hidden = keras.layers.UpSampling2D(2)(hidden)
    roll = keras.layers.Conv2D(len(VOICES), 4, padding="same", activation="tanh")(hidden)
    return keras.Model([melody, latent], roll, name="unet_generator")


def unet_critic() -> keras.Model:
    """Roll ``(batch, 32, 128, 4)`` and melody ``(batch, 32, 128, 1)`` to a score ``(batch,)``."""
    roll = keras.Input((STEPS, PITCHES, len(VOICES)), name="roll")
    melody = keras.Input((STEPS, PITCHES, 1), name="melody")
    hidden = keras.layers.Concatenate()([roll, melody])
    for filters in FILTERS:
        hidden = down(hidden, filters)
    score = keras.layers.Dense(1)(keras.layers.Flatten()(hidden))
    return keras.Model([roll, melody], keras.layers.Reshape(())(score), name="unet_critic")


def draw_latent(batch: Tensor, seed: Tensor) -> Tensor:
    """Truncated normal latents ``(batch, 2, 8, 512)`` from one seed ``(2,) int``."""
    return parts.drawn(
        lambda shape: tf.random.stateless_truncated_normal(shape, seed, alg="philox"),
        [batch, *LATENT],
    )


def to_rolls(pitches: Tensor) -> Tensor:
    """MIDI numbers ``(batch, time, voice)`` as rolls in {-1, 1}, ``(batch, time, 128, voice)``."""
    rolls = 2 * tf.one_hot(tf.cast(pitches, tf.int32), PITCHES) - 1
    return tf.transpose(rolls, [0, 1, 3, 2])


def from_rolls(rolls: Tensor) -> Tensor:
    """The loudest pitch of each voice and step where it is above zero, else a rest; int32."""
    loudest = tf.argmax(rolls, axis=-2, output_type=tf.int32)
    return tf.where(tf.reduce_max(rolls, axis=-2) > 0, loudest, -1)
