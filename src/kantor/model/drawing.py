"""Sampling from the `chorale` generator, and the gradient through a sample.

The latent is one uniform number for each cell: it picks the pitch at which the cumulated
probabilities pass it. A sample is drawn step by step without a gradient. The gradient of the
critic then reaches the generator by the straight-through estimator (Bengio, Léonard and Courville
2013): the probabilities of all cells are computed again in one pass, each with the sample as its
past, and a cell's one-hot choice is differentiated as its probabilities. What a choice does to
later choices is left to the gradients of those.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kantor.model import replicas
from kantor.model import representation as rep
from kantor.model.chorale import (
    ORDER,
    ChoraleGenerator,
    Dropout,
    Piece,
    judged_features,
    no_dropout,
    shift,
)
from kantor.music.score import VOICES

Tensor = Any


class Latent(NamedTuple):
    """Uniform numbers for pitches and for strikes, both ``(batch, time, voice)``."""

    pitch: Tensor
    strike: Tensor


def draw_latent(batch: Tensor, time: Tensor, seed: Tensor) -> Latent:
    """The latent of a batch from one seed, ``(2,) int``."""
    uniform = replicas.uniform([2, batch, time, len(VOICES)], seed, axis=1)
    return Latent(uniform[0], uniform[1])


def choose(logits: Tensor, latent: Tensor) -> Tensor:
    """The class at which the cumulated probabilities pass the latent, int32."""
    summed = tf.nn.softmax(logits) @ tf.constant(_SUM)
    # The sum may end a rounding error below one: scale the latent to what it ends at.
    passed = summed <= latent[..., None] * summed[..., -1:]
    return tf.reduce_sum(tf.cast(passed, tf.int32), axis=-1)


_SUM = np.triu(np.ones((rep.CLASSES, rep.CLASSES), np.float32))


def draw(
    generator: ChoraleGenerator,
    piece: Piece,
    latent: Latent,
    start: int,
    stop: Tensor,
    temperature: Tensor = 1.0,
) -> tuple[Tensor, Tensor]:
    """Compose the cells from `start` to `stop` that are not given; what stands before is past.

    Parameters
    ----------
    latent : (batch, stop - start, voice)

    Returns
    -------
    classes : (batch, stop - start, voice) int32
    onsets : (batch, stop - start, voice) float32
    """
    encoded = generator.encode(piece)
    bias = rep.range_bias(piece.collection)
    batch, steps = tf.shape(piece.classes)[0], stop - start

    def step(
        index: Tensor, past: Tensor, before: Tensor, classes: Tensor, onsets: Tensor
    ) -> tuple[Tensor, ...]:
        at = start + index
        flat = tf.reshape(past, [batch, generator.reach * generator.memory])
        context = generator.context(encoded[:, at], piece.conditions[:, at], flat)
        given = piece.mask[:, at] > 0
        now = tf.where(given, piece.classes[:, at], -1)
        strikes = []
        for voice in ORDER:
            out = generator.heads[voice](context, now, before) / temperature
            choice = choose(out[:, : rep.CLASSES] + bias[:, voice], latent.pitch[:, index, voice])
            slot = tf.one_hot(voice, len(VOICES)) > 0
            now = tf.where(slot & ~given, choice[:, None], now)
            strikes.append(tf.sigmoid(out[:, -1]) > latent.strike[:, index, voice])
        struck = tf.stack([strikes[ORDER.index(voice)] for voice in range(len(VOICES))], axis=1)
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


def straight_through(
    generator: ChoraleGenerator, piece: Piece, drawn: Tensor, struck: Tensor, start: int, stop: int
) -> Tensor:
    """The features of a drawn sample, through which a gradient passes to the generator.

    Parameters
    ----------
    drawn, struck : (batch, stop - start, voice)
        What `draw` returned for `piece`.

    Returns
    -------
    (batch, stop - start, JUDGED) float32
        `judged_features` of the sample.
    """
    written = write(piece, drawn, struck, start, stop)
    out = generator.logits(written, start, stop)
    soft = tf.nn.softmax(out[..., : rep.CLASSES] + rep.range_bias(piece.collection)[:, None])
    free = 1 - piece.mask[:, start:stop]
    strike = tf.sigmoid(out[..., -1])
    before = shift(written.classes)[:, start:stop]
    return relate(
        free[..., None] * soft, struck + _through(free * _held(written, start, stop) * strike),
        drawn, before,
    )  # fmt: skip


def _through(tensor: Tensor) -> Tensor:
    """Nothing, with the gradient of `tensor`."""
    return tensor - tf.stop_gradient(tensor)


def write(piece: Piece, drawn: Tensor, struck: Tensor, start: int, stop: int) -> Piece:
    """The piece with a sample in the steps from `start` to `stop`."""
    return piece._replace(
        classes=tf.concat([piece.classes[:, :start], drawn, piece.classes[:, stop:]], axis=1),
        onsets=tf.concat([piece.onsets[:, :start], struck, piece.onsets[:, stop:]], axis=1),
    )


def relate(voices: Tensor, onsets: Tensor, classes: Tensor, before: Tensor) -> Tensor:
    """`judged_features` of `classes`, with the gradient that they have by one-hot voices.

    The features are sums of products of one-hot vectors, so the derivative by a cell's pitch is
    the weight of the relations which that pitch would have to the cells around it: a gather.

    Parameters
    ----------
    voices : (batch, time, voice, CLASSES)
        What receives the gradient; its values are not read.
    onsets : (batch, time, voice) float32
    classes, before : (batch, time, voice) int32
        The sample, and the step before each of its steps.
    """

    @tf.custom_gradient
    def function(voices: Tensor, onsets: Tensor) -> tuple[Tensor, Any]:
        features = judged_features(classes, before, onsets)
        return features, lambda upstream: _gradient(upstream, classes, before)

    return function(voices, onsets)


def _gradient(upstream: Tensor, classes: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """The derivatives of `relate` by voices and onsets."""
    voices = len(VOICES)
    sizes = [rep.CLASSES] * voices + [voices] + [12] * len(rep.PAIRS)
    sizes += [len(rep.SPACINGS) + 1] * (voices - 1) + [rep.MOTIONS] * voices
    sizes += [144] * len(rep.PAIRS)
    parts = iter(tf.split(upstream, sizes, axis=-1))
    total = [next(parts) for _ in range(voices)]
    onsets = next(parts)
    for upper, lower in rep.PAIRS:
        weights = next(parts)
        total[upper] += rep.by_interval(weights, classes[..., lower])
        falling = tf.roll(tf.reverse(weights, [-1]), 1, axis=-1)  # the interval seen from above
        total[lower] += rep.by_interval(falling, classes[..., upper])
    for upper in range(voices - 1):
        weights, lower = next(parts), upper + 1
        kinds = rep.spacing_kind(tf.range(-rep.LARGEST_DISTANCE, rep.LARGEST_DISTANCE + 1))
        distances = tf.gather(weights, kinds, axis=-1)
        total[upper] += rep.by_distance(distances, classes[..., lower])
        total[lower] += rep.by_distance(tf.reverse(distances, [-1]), classes[..., upper])
    for voice in range(voices):
        weights = next(parts)
        total[voice] += rep.by_motion(weights, before[..., voice])
        leaving = rep.by_motion(tf.reverse(weights, [-1]), classes[..., voice])
        total[voice] += _earlier(leaving)
    for upper, lower in rep.PAIRS:
        weights = next(parts)
        square = tf.reshape(weights, tf.concat([tf.shape(weights)[:-1], [12, 12]], 0))
        # Seen from the other voice an interval is its complement.
        turned = tf.roll(tf.reverse(square, [-2, -1]), [1, 1], axis=[-2, -1])
        for own, other, table in ((upper, lower, square), (lower, upper, turned)):
            now, then = classes[..., own], before[..., own]
            beside, beside_then = classes[..., other], before[..., other]
            flat = rep.flatten(table)
            total[own] += rep.by_succession(flat, then, beside, beside_then)
            # The same succession as the step before has it: backwards in time.
            mirrored = rep.flatten(tf.linalg.matrix_transpose(table))
            total[own] += _earlier(rep.by_succession(mirrored, now, beside_then, beside))
    return tf.stack(total, axis=-2), onsets


def _earlier(tensor: Tensor) -> Tensor:
    """What a step says of the one before it, ``(batch, time, …)`` moved back by one step."""
    return tf.pad(tensor[:, 1:], [[0, 0], [0, 1], [0, 0]])


def _held(piece: Piece, start: int, stop: int) -> Tensor:
    """1 where a cell sounds the pitch of the step before it."""
    classes, before = piece.classes[:, start:stop], shift(piece.classes)[:, start:stop]
    return tf.cast((classes > 0) & (classes == before), tf.float32)


def likelihood(
    generator: ChoraleGenerator, piece: Piece, start: int, stop: int, drop: Dropout = no_dropout
) -> Tensor:
    """Mean negative log-likelihood of the cells that are not given, in nats a cell."""
    out = generator.logits(piece, start, stop, drop)
    logits = out[..., : rep.CLASSES] + rep.range_bias(piece.collection)[:, None]
    pitch = tf.nn.sparse_softmax_cross_entropy_with_logits(piece.classes[:, start:stop], logits)
    strike = tf.nn.sigmoid_cross_entropy_with_logits(piece.onsets[:, start:stop], out[..., -1])
    free = 1 - piece.mask[:, start:stop]
    # A note outside its voice's range (a crossing, another edition) must not swamp the batch.
    total = tf.reduce_sum(free * (tf.minimum(pitch, 20.0) + _held(piece, start, stop) * strike))
    return total / tf.maximum(tf.reduce_sum(free), 1.0)
