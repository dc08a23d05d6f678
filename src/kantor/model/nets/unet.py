"""Networks of the preset `unet`: those of the DeepComposer workshop's GAN notebook.

The generator is a U-Net on the melody's roll: four strided 4 x 4 convolutions down to 2 x 8, the
latent joined to them there, four up-sampling convolutions back up with skip connections, tanh on
four tracks (8.27 million weights). The critic sees roll and melody through four strided
convolutions (2.77 million). Rolls are in {-1, 1}. The networks know windows of two bars of the
ensemble SATB; longer melodies are harmonised window by window.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kantor.ensemble import SATB
from kantor.errors import InputError
from kantor.model import Tensor, parts
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, Flags, Pitches, onset_floor
from kantor.runtime.pieces import inside

STEPS, PITCHES, LINES = 32, 128, len(SATB)
HOP = 16
"""Steps from one window of a melody to the next."""
FILTERS = (64, 128, 256, 512)
LATENT = (STEPS // 16, PITCHES // 16, 512)


def unet_generator() -> keras.Model:
    """Melody ``(batch, 32, 128, 1)`` and latent ``(batch, 2, 8, 512)`` to a roll in [-1, 1].

    The output is ``(batch, 32, 128, 4)``.
    """
    melody = keras.Input((STEPS, PITCHES, 1), name="melody")
    latent = keras.Input(LATENT, name="latent")
    levels = [melody]
    for filters in FILTERS:
        levels.append(_down(levels[-1], filters))
    hidden = keras.layers.Concatenate()([levels[-1], latent])
    for filters, skip in zip(FILTERS[-2::-1], levels[-2:0:-1], strict=True):
        hidden = keras.layers.UpSampling2D(2)(hidden)
        hidden = keras.layers.Conv2D(filters, 4, padding="same", activation="relu")(hidden)
        hidden = keras.layers.BatchNormalization(momentum=0.8)(hidden)
        hidden = keras.layers.Concatenate()([hidden, skip])
    hidden = keras.layers.UpSampling2D(2)(hidden)
    roll = keras.layers.Conv2D(LINES, 4, padding="same", activation="tanh")(hidden)
    return keras.Model([melody, latent], roll, name="unet_generator")


def unet_critic() -> keras.Model:
    """Roll ``(batch, 32, 128, 4)`` and melody ``(batch, 32, 128, 1)`` to a score ``(batch,)``."""
    roll = keras.Input((STEPS, PITCHES, LINES), name="roll")
    melody = keras.Input((STEPS, PITCHES, 1), name="melody")
    hidden = keras.layers.Concatenate()([roll, melody])
    for filters in FILTERS:
        hidden = _down(hidden, filters)
    score = keras.layers.Dense(1)(keras.layers.Flatten()(hidden))
    return keras.Model([roll, melody], keras.layers.Reshape(())(score), name="unet_critic")


def _down(inputs: Tensor, filters: int) -> Tensor:
    """Half the size in both directions."""
    hidden = keras.layers.Conv2D(filters, 4, strides=2, padding="same")(inputs)
    return keras.layers.LeakyReLU(0.2)(hidden)


def draw_latent(batch: Tensor, seed: Tensor) -> Tensor:
    """Truncated normal latents ``(batch, 2, 8, 512)`` from one seed ``(2,) int``."""
    return parts.random([batch, *LATENT], seed, distribution="truncated_normal")


def to_rolls(pitches: Tensor) -> Tensor:
    """MIDI numbers ``(batch, time, line)`` as rolls in {-1, 1}, ``(batch, time, 128, line)``."""
    rolls = 2 * tf.one_hot(tf.cast(pitches, tf.int32), PITCHES) - 1
    return tf.transpose(rolls, [0, 1, 3, 2])


def from_rolls(rolls: Tensor) -> Tensor:
    """The loudest pitch of each line and step where it is above zero, else a rest; int32."""
    loudest = tf.argmax(rolls, axis=-2, output_type=tf.int32)
    return tf.where(tf.reduce_max(rolls, axis=-2) > 0, loudest, -1)


def compose(
    network: keras.Model, given: Conditioning, seeds: NDArray[np.int64]
) -> tuple[Pitches, Flags]:
    """Harmonise the sopranos of a batch; `InputError` if anything but whole sopranos is given.

    Returns pitches int8 and onsets bool, ``(batch, time, line)`` each: given cells unchanged;
    composed notes start where their pitch changes.
    """
    if not given.mask[..., 0].all():
        raise InputError(
            "a model of the preset unet harmonises a whole soprano only; "
            "use one of the preset chorale"
        )
    pitches = np.full(given.pitches.shape, REST, np.int8)
    for row, (length, seed) in enumerate(zip(inside(given).sum(axis=1), seeds, strict=True)):
        melody = given.pitches[row, :length, :1]
        pitches[row, :length] = _harmonised(network, melody, int(seed))
    onsets = np.moveaxis(onset_floor(np.moveaxis(pitches, 1, 0)), 0, 1)
    return (
        np.where(given.mask, given.pitches, pitches),
        np.where(given.mask, given.onsets, onsets),
    )


def _harmonised(network: Any, melody: Pitches, seed: int) -> NDArray[np.int32]:
    """One melody ``(time, 1)`` to all lines: its windows overlap by half and fade."""
    steps = max(STEPS, -(-len(melody) // HOP) * HOP)
    padded = np.pad(melody, ((0, steps - len(melody)), (0, 0)), constant_values=REST)
    roll = to_rolls(tf.constant(padded[None])).numpy()[0]
    starts = range(0, steps - STEPS + 1, HOP)
    windows = np.stack([roll[start : start + STEPS] for start in starts])
    random = np.random.Generator(np.random.Philox(key=seed & (2**64 - 1)))
    latent = random.standard_normal(LATENT, np.float32).clip(-2, 2)
    latents = np.repeat(latent[None], len(windows), axis=0)
    fade = np.minimum(np.arange(STEPS), np.arange(STEPS)[::-1]) + 1.0
    total = np.zeros((steps, PITCHES, LINES), np.float32)
    outputs = network([windows, latents], training=False).numpy()
    for start, output in zip(starts, outputs, strict=True):
        total[start : start + STEPS] += output * fade[:, None, None]
    lines: NDArray[np.int32] = from_rolls(tf.constant(total[None, : len(melody)])).numpy()[0]
    return lines
