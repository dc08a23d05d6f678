"""Composing with the networks of the preset `unet`, which know rolls of two bars."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kantor.errors import InputError
from kantor.model.nets import unet
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST, VOICES, Flags, Pitches, onset_floor
from kantor.runtime.pieces import inside

HOP = 16
_KEY = 2**64 - 1


def compose(
    network: keras.Model, given: Conditioning, seeds: NDArray[np.int64]
) -> tuple[Pitches, Flags]:
    """Harmonise the sopranos of a batch.

    Returns
    -------
    pitches : (batch, time, voice) int8
    onsets : (batch, time, voice) bool
        Given cells unchanged; composed notes start where their pitch changes.

    Raises
    ------
    InputError
        If anything but whole sopranos is given.
    """
    if not given.mask[..., 0].all():
        raise InputError(
            "a model of the preset unet harmonises a whole soprano only; "
            "use one of the preset chorale"
        )
    pitches = np.full(given.pitches.shape, REST, np.int8)
    lengths = inside(given).sum(axis=1)
    for index, (length, seed) in enumerate(zip(lengths, seeds, strict=True)):
        melody = given.pitches[index, :length, :1]
        pitches[index, :length] = _under(network, melody, int(seed))
    onsets = np.moveaxis(onset_floor(np.moveaxis(pitches, 1, 0)), 0, 1)
    return (
        np.where(given.mask, given.pitches, pitches),
        np.where(given.mask, given.onsets, onsets),
    )


def _windows(pitches: Pitches) -> NDArray[np.float32]:
    """Rolls in {-1, 1} of the windows of a piece, each half a window after the last."""
    steps = len(pitches)
    whole = max(unet.STEPS, -(-steps // HOP) * HOP)
    padded = np.pad(pitches, ((0, whole - steps), (0, 0)), constant_values=REST)
    roll = unet.to_rolls(tf.constant(padded[None])).numpy()[0]
    starts = range(0, whole - unet.STEPS + 1, HOP)
    return np.stack([roll[start : start + unet.STEPS] for start in starts])


def _under(network: Any, melody: Pitches, seed: int) -> Pitches:
    """One melody ``(time, 1)`` to four voices: its windows overlap by half and fade."""
    windows = _windows(melody)
    random = np.random.Generator(np.random.Philox(key=seed & _KEY))
    latent = random.standard_normal(unet.LATENT, np.float32).clip(-2, 2)
    latents = np.repeat(latent[None], len(windows), axis=0)
    parts = network([windows, latents], training=False).numpy()
    fade = np.minimum(np.arange(unet.STEPS), np.arange(unet.STEPS)[::-1]) + 1.0
    whole = HOP * (len(windows) - 1) + unet.STEPS
    total = np.zeros((whole, unet.PITCHES, len(VOICES)), np.float32)
    for index, part in enumerate(parts):
        total[index * HOP : index * HOP + unet.STEPS] += part * fade[:, None, None]
    voices = unet.from_rolls(tf.constant(total[None, : len(melody)])).numpy()
    return np.asarray(voices[0], dtype=np.int8)
