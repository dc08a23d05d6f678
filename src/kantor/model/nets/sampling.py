"""Two uses of the `chorale` generator: drawing samples, and how likely it holds given music to be.

A sample is drawn step by step and without a gradient. The latent is one uniform number for each
cell: it picks the choice at which the cumulated probabilities pass it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kantor.model import Tensor, parts
from kantor.model.nets import heads
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.features import Inputs, held
from kantor.model.nets.layers import Dropout, no_dropout
from kantor.music.score import STEPS_PER_QUARTER
from kantor.network.layout import CONDITIONS
from kantor.network.tokens import REST, UNKNOWN

NEVER = -1e9
"""A logit that is never drawn."""


def draw_latent(shape: tuple[Tensor, Tensor, int], seed: Tensor) -> Tensor:
    """The latent of a shape ``(batch, time, line)`` from one seed, ``(2,) int``.

    It is ``(2, batch, time, line) float32``: uniform numbers for choices and for onsets.
    """
    return parts.random([2, *shape], seed, axis=1)


def choose(logits: Tensor, latent: Tensor) -> Tensor:
    """The choice at which the cumulated probabilities pass the latent, int32."""
    choices = logits.shape[-1]
    summed = tf.nn.softmax(logits) @ tf.constant(np.triu(np.ones((choices, choices), np.float32)))
    # The sum may end a rounding error below one: scale the latent to what it ends at.
    passed = summed <= latent[..., None] * summed[..., -1:]
    return tf.reduce_sum(tf.cast(passed, tf.int32), axis=-1)


def truncate(logits: Tensor, min_p: Tensor) -> Tensor:
    """Logits without the choices less than `min_p` times as likely as the likeliest.

    What a model has hardly seen it cannot weigh: the many notes of which each is all but
    impossible add up to a wrong note now and then (min-p sampling, Nguyen et al. 2024).
    """
    best = tf.reduce_max(logits, axis=-1, keepdims=True)
    return tf.where(logits < best + tf.math.log(tf.maximum(min_p, 1e-30)), NEVER, logits)


def draw(
    generator: ChoraleGenerator,
    inputs: Inputs,
    latent: Tensor,
    start: int,
    stop: int,
    min_p: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Compose the cells from `start` to `stop` that are not given; what stands before is past.

    For `min_p` see `truncate`. Returns tokens int32 and onsets float32, ``(batch, stop - start,
    line)`` each.
    """
    encoded = generator.encode(inputs, start, stop)
    bias = generator.bias(inputs.major_tonic)
    batch, steps, lines = tf.shape(inputs.tokens)[0], stop - start, len(generator.ensemble)
    pitched = generator.ensemble.pitched

    def chord(context: Tensor, now: Tensor, before: Tensor, latent: Tensor) -> tuple[Tensor, Any]:
        """A step's tokens, line by line where `now` has none, and which of them start anew."""
        again: dict[int, Tensor] = {}
        for line in generator.ensemble.order:
            head = generator.heads[line : line + 1]
            choice, onset = (part[0] for part in heads.logits(head, context, now[None], before))
            token = 1 + choose(truncate(choice + bias[:, line], min_p), latent[0, :, line])
            slot = tf.one_hot(line, lines) > 0
            now = tf.where(slot & (now == UNKNOWN), token[:, None], now)
            again[line] = tf.sigmoid(onset) > latent[1, :, line]
            if line >= pitched:  # each hit begins anew
                again[line] = tf.ones_like(again[line])
        return now, tf.stack([again[line] for line in range(lines)], axis=1)

    def step(
        index: Tensor, past: Tensor, before: Tensor, tokens: Tensor, onsets: Tensor
    ) -> tuple[Tensor, ...]:
        """One step of all pieces; what the next one needs of it, and what was composed."""
        at = start + index
        flat = tf.reshape(past, [batch, generator.reach * generator.memory])
        context = generator.context(encoded[:, index], inputs.conditions[:, at], flat)
        given = inputs.mask[:, at] > 0
        known = tf.where(given, inputs.tokens[:, at], UNKNOWN)
        now, again = chord(context, known, before, latent[:, :, index])
        onset = tf.cast((now > REST) & ((now != before) | again), tf.float32)
        onset = tf.where(given, inputs.onsets[:, at], onset)
        trace = generator.trace(now, before, onset)
        past = tf.concat([past[:, 1:], trace[:, None]], axis=1)
        return index + 1, past, now, tokens.write(index, now), onsets.write(index, onset)

    before = inputs.tokens[:, start - 1] if start else tf.fill([batch, lines], UNKNOWN)
    past = generator.traces(inputs, start, start)
    written = [
        tf.TensorArray(kind, steps, element_shape=before.shape) for kind in (tf.int32, tf.float32)
    ]
    *_, tokens, onsets = tf.while_loop(
        lambda index, *_: index < steps, step, (tf.constant(0), past, before, *written)
    )
    return tf.transpose(tokens.stack(), [1, 0, 2]), tf.transpose(onsets.stack(), [1, 0, 2])


def likelihood(
    generator: ChoraleGenerator,
    inputs: Inputs,
    start: int,
    stop: int,
    drop: Dropout = no_dropout,
    closing: float = 1.0,
) -> Tensor:
    """Mean negative log-likelihood of the cells that are not given, in nats a cell.

    Cells on which a phrase ends count `closing` times; see `cell_weights`.
    """
    logits = generator.logits(inputs, start, stop, drop)
    tokens, before, onsets = inputs.steps(start, stop)
    choice = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens - 1, logits.choice)
    onset = tf.nn.sigmoid_cross_entropy_with_logits(onsets, logits.onset)
    weights = cell_weights(inputs, start, stop, closing)
    stays = held(tokens, before, generator.ensemble.pitched)
    # A note outside its line's range (a crossing, another edition) must not swamp the batch.
    total = tf.reduce_sum(weights * (tf.minimum(choice, 20.0) + stays * onset))
    return total / tf.maximum(tf.reduce_sum(weights), 1.0)


def cell_weights(inputs: Inputs, start: int, stop: int, closing: float) -> Tensor:
    """How much each cell counts in the likelihood: ``(batch, stop - start, line)``.

    Given cells count nothing, those under a fermata and in the quarter before it `closing` times.
    """
    free = 1 - inputs.mask[:, start:stop]
    if closing == 1:
        return free
    fermatas = inputs.conditions[..., CONDITIONS.at["fermata"].start]
    fermatas = tf.pad(fermatas, [[0, 0], [0, STEPS_PER_QUARTER]])
    ahead = [fermatas[:, lag : lag + stop] for lag in range(STEPS_PER_QUARTER + 1)]
    near = tf.reduce_max(tf.stack(ahead), axis=0)[:, start:stop]
    return free * (1 + (closing - 1) * near[..., None])
