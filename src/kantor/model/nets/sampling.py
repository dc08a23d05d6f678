"""Sampling from the `chorale` generator, step by step and without a gradient.

The latent is one uniform number for each cell: it picks the pitch at which the cumulated
probabilities pass it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kantor.model import parts
from kantor.model.nets import heads
from kantor.model.nets import representation as rep
from kantor.model.nets.chorale import ORDER, ChoraleGenerator
from kantor.model.nets.inputs import Piece
from kantor.music.score import VOICES

Tensor = Any
NEVER = -1e9
"""A logit that is never drawn."""


class Latent(NamedTuple):
    """Uniform numbers for pitches and for strikes, both ``(batch, time, voice)``."""

    pitch: Tensor
    strike: Tensor


def draw_latent(batch: Tensor, time: Tensor, seed: Tensor) -> Latent:
    """The latent of a batch from one seed, ``(2,) int``."""
    uniform = parts.uniform([2, batch, time, len(VOICES)], seed, axis=1)
    return Latent(uniform[0], uniform[1])


def choose(logits: Tensor, latent: Tensor) -> Tensor:
    """The class at which the cumulated probabilities pass the latent, int32."""
    summed = tf.nn.softmax(logits) @ tf.constant(_SUM)
    # The sum may end a rounding error below one: scale the latent to what it ends at.
    passed = summed <= latent[..., None] * summed[..., -1:]
    return tf.reduce_sum(tf.cast(passed, tf.int32), axis=-1)


def truncate(logits: Tensor, min_p: Tensor) -> Tensor:
    """Logits without the classes less than `min_p` times as likely as the likeliest.

    What a model has hardly seen it cannot weigh: the many notes of which each is all but
    impossible add up to a wrong note now and then (min-p sampling, Nguyen et al. 2024).
    """
    best = tf.reduce_max(logits, axis=-1, keepdims=True)
    return tf.where(logits < best + tf.math.log(tf.maximum(min_p, 1e-30)), NEVER, logits)


_SUM = np.triu(np.ones((rep.CLASSES, rep.CLASSES), np.float32))


def draw(
    generator: ChoraleGenerator,
    piece: Piece,
    latent: Latent,
    start: int,
    stop: Tensor,
    temperature: Tensor = 1.0,
    min_p: Tensor = 0.0,
) -> tuple[Tensor, Tensor]:
    """Compose the cells from `start` to `stop` that are not given; what stands before is past.

    Parameters
    ----------
    latent : (batch, stop - start, voice)
    temperature : float
        Below 1 the likelier notes are preferred, above 1 the rarer ones.
    min_p : float
        Notes less than so many times as likely as the likeliest are left out; see `truncate`.

    Returns
    -------
    classes : (batch, stop - start, voice) int32
    onsets : (batch, stop - start, voice) float32
    """
    encoded = generator.encode(piece, start, stop)
    bias = generator.bias(piece.major_tonic)
    batch, steps = tf.shape(piece.classes)[0], stop - start

    def step(
        index: Tensor, past: Tensor, before: Tensor, classes: Tensor, onsets: Tensor
    ) -> tuple[Tensor, ...]:
        """One step of all pieces; what the next one needs of it, and what was composed."""
        at = start + index
        flat = tf.reshape(past, [batch, generator.reach * generator.memory])
        context = generator.context(encoded[:, index], piece.conditions[:, at], flat)
        given, numbers = piece.mask[:, at] > 0, Latent(*(part[:, index] for part in latent))
        now, struck = _chord(
            generator, context, tf.where(given, piece.classes[:, at], -1), before, bias, numbers,
            temperature, min_p,
        )  # fmt: skip
        onset = tf.cast((now > 0) & ((now != before) | struck), tf.float32)
        onset = tf.where(given, piece.onsets[:, at], onset)
        trace = generator.trace(now, before, onset)
        past = tf.concat([past[:, 1:], trace[:, None]], axis=1)
        return index + 1, past, now, classes.write(index, now), onsets.write(index, onset)

    before = piece.classes[:, start - 1] if start else tf.fill([batch, len(VOICES)], -1)
    past = generator.traces(piece, start, start)
    *_, classes, onsets = tf.while_loop(
        lambda index, *_: index < steps,
        step,
        (
            tf.constant(0),
            past,
            before,
            tf.TensorArray(tf.int32, steps, element_shape=before.shape),
            tf.TensorArray(tf.float32, steps, element_shape=before.shape),
        ),
    )
    return tf.transpose(classes.stack(), [1, 0, 2]), tf.transpose(onsets.stack(), [1, 0, 2])


def _chord(
    generator: ChoraleGenerator,
    context: Tensor,
    now: Tensor,
    before: Tensor,
    bias: Tensor,
    latent: Latent,
    temperature: Tensor,
    min_p: Tensor,
) -> tuple[Tensor, Tensor]:
    """One step's chord, voice by voice where `now (batch, voice)` is -1, and which are struck."""
    struck: list[Tensor] = [None] * len(VOICES)
    for voice in ORDER:
        out = heads.logits(generator.heads[voice : voice + 1], context, now[None], before)[0]
        out /= temperature
        logits = truncate(out[:, : rep.CLASSES] + bias[:, voice], min_p)
        choice = choose(logits, latent.pitch[:, voice])
        slot = tf.one_hot(voice, len(VOICES)) > 0
        now = tf.where(slot & (now < 0), choice[:, None], now)
        struck[voice] = tf.sigmoid(out[:, -1]) > latent.strike[:, voice]
    return now, tf.stack(struck, axis=1)
