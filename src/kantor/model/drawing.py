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

from kantor.model import heads, replicas
from kantor.model import representation as rep
from kantor.model.chorale import ORDER, ChoraleGenerator
from kantor.model.layers import Dropout, no_dropout
from kantor.model.piece import FERMATA, Piece, judged_features, shift
from kantor.music.score import VOICES

Tensor = Any
QUARTER = 4
NEVER = -1e9
"""A logit that is never drawn."""


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
    bias = generator.bias(piece.collection)
    batch, steps = tf.shape(piece.classes)[0], stop - start

    def step(
        index: Tensor, past: Tensor, before: Tensor, classes: Tensor, onsets: Tensor
    ) -> tuple[Tensor, ...]:
        at = start + index
        flat = tf.reshape(past, [batch, generator.reach * generator.memory])
        context = generator.context(encoded[:, index], piece.conditions[:, at], flat)
        given = piece.mask[:, at] > 0
        now = tf.where(given, piece.classes[:, at], -1)
        strikes = []
        for voice in ORDER:
            head = generator.heads[voice : voice + 1]
            out = heads.logits(head, context, now[None], before)[0] / temperature
            logits = truncate(out[:, : rep.CLASSES] + bias[:, voice], min_p)
            choice = choose(logits, latent.pitch[:, index, voice])
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
    generator: ChoraleGenerator,
    piece: Piece,
    drawn: Tensor,
    struck: Tensor,
    start: int,
    stop: int,
    min_p: Tensor = 0.0,
) -> Tensor:
    """The features of a drawn sample, through which a gradient passes to the generator.

    Parameters
    ----------
    drawn, struck : (batch, stop - start, voice)
        What `draw` returned for `piece` and `min_p`.

    Returns
    -------
    (batch, stop - start, JUDGED) float32
        `judged_features` of the sample.
    """
    written = write(piece, drawn, struck, start, stop)
    out = generator.logits(written, start, stop)
    logits = out[..., : rep.CLASSES] + generator.bias(piece.collection)[:, None]
    soft = tf.nn.softmax(truncate(logits, min_p))
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


_VOICES = range(len(VOICES))
_OWN, _OTHER = zip(*((v, o) for v in _VOICES for o in _VOICES if v != o), strict=True)
_PAIR = [rep.PAIRS.index((min(pair), max(pair))) for pair in zip(_OWN, _OTHER, strict=True)]
_UPPER = np.array(_OWN) < np.array(_OTHER)
"""Every voice with every other one, a voice's three pairs together: which pair, seen from where."""


def _gradient(upstream: Tensor, classes: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """The derivatives of `relate` by voices and onsets."""
    voices, pairs = len(VOICES), len(rep.PAIRS)
    kinds = len(rep.SPACINGS) + 1
    sizes = [voices * rep.CLASSES, voices, 12 * pairs, kinds * (voices - 1)]
    sizes += [rep.MOTIONS * voices, 144 * pairs]
    pitch, onsets, *parts = tf.split(upstream, sizes, axis=-1)
    intervals, spacings, motions, successions = (
        _unflatten(part, count)
        for part, count in zip(parts, (pairs, 3, voices, pairs), strict=True)
    )
    total = _unflatten(pitch, voices)
    total += _by_intervals(intervals, classes)
    total += _by_spacings(spacings, classes)
    total += rep.by_motion(motions, before)
    total += _earlier(rep.by_motion(tf.reverse(motions, [-1]), classes))
    now, then = _by_successions(successions, classes, before)
    total += now + _earlier(then)
    return total, onsets


def _unflatten(tensor: Tensor, count: int) -> Tensor:
    """``(…, count * size)`` as ``(…, count, size)``."""
    shape = [count, tensor.shape[-1] // count]
    return tf.reshape(tensor, tf.concat([tf.shape(tensor)[:-1], shape], 0))


def _of_voices(weights: Tensor, other: Tensor, known: Tensor) -> Tensor:
    """Weights of a voice's intervals to each other one, as weights of its pitches.

    Parameters
    ----------
    weights : (…, 12, 12)
        Of each of `_OWN`, by the interval class above its `_OTHER`.
    other : (…, 12) int32
        The other one's class.
    known : (…, 12) bool
        Where the weights count.

    Returns
    -------
    (…, voice, CLASSES)
        Sums over each voice's three pairs.
    """
    chroma = tf.where(known[..., None], rep.turned(weights, -rep.BASE - other), 0.0)
    shape = tf.concat([tf.shape(chroma)[:-2], [len(VOICES), -1, 12]], 0)
    return rep.by_chroma(tf.reduce_sum(tf.reshape(chroma, shape), axis=-2))


def _by_intervals(weights: Tensor, classes: Tensor) -> Tensor:
    """What each pitch of a voice would bring by its interval to each other one."""
    weights = tf.gather(weights, _PAIR, axis=-2)
    falling = tf.roll(tf.reverse(weights, [-1]), 1, axis=-1)  # the interval seen from above
    other = tf.gather(classes, _OTHER, axis=-1)
    return _of_voices(tf.where(_UPPER[:, None], weights, falling), other, other > 0)


def _by_spacings(weights: Tensor, classes: Tensor) -> Tensor:
    """What each pitch would bring by its distance from the voices above and below."""
    kinds = rep.spacing_kind(tf.range(-rep.LARGEST_DISTANCE, rep.LARGEST_DISTANCE + 1))
    distances = tf.gather(weights, kinds, axis=-1)
    down = rep.by_distance(distances, classes[..., 1:])
    up = rep.by_distance(tf.reverse(distances, [-1]), classes[..., :-1])
    none = tf.zeros_like(down[..., :1, :])
    return tf.concat([down, none], axis=-2) + tf.concat([none, up], axis=-2)


def _by_successions(weights: Tensor, classes: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """What each pitch would bring as the end of a succession, and as the start of the next."""
    square = tf.reshape(weights, tf.concat([tf.shape(weights)[:-1], [12, 12]], 0))
    square = tf.gather(square, _PAIR, axis=-3)
    # Seen from the other voice an interval is its complement.
    turned = tf.roll(tf.reverse(square, [-2, -1]), [1, 1], axis=[-2, -1])
    table = tf.where(_UPPER[:, None, None], square, turned)
    own, other = (tf.gather(classes, voices, axis=-1) for voices in (_OWN, _OTHER))
    own_then, other_then = (tf.gather(before, voices, axis=-1) for voices in (_OWN, _OTHER))
    moves = (other > 0) & (other_then > 0) & (other != other_then)

    def completed(table: Tensor, own: Tensor, ends: tuple[Tensor, Tensor]) -> Tensor:
        """By the pitch that follows on `own` while the other voice moves from end to end."""
        row = rep.row_of(table, (own - ends[0]) % 12)
        return _of_voices(row, ends[1], moves & (own > 0))

    now = completed(table, own_then, (other_then, other))
    # The same succession as the step before has it: backwards in time.
    then = completed(tf.linalg.matrix_transpose(table), own, (other, other_then))
    return _leaving(now, before), _leaving(then, classes)


def _leaving(tensor: Tensor, classes: Tensor) -> Tensor:
    """`tensor (…, voice, CLASSES)`, zero at a voice's own class: staying on it moves nothing."""
    return tf.where(tf.range(rep.CLASSES) != classes[..., None], tensor, 0.0)


def _earlier(tensor: Tensor) -> Tensor:
    """What a step says of the one before it, ``(batch, time, …)`` moved back by one step."""
    return tf.concat([tensor[:, 1:], tf.zeros_like(tensor[:, :1])], axis=1)


def _held(piece: Piece, start: int, stop: int) -> Tensor:
    """1 where a cell sounds the pitch of the step before it."""
    classes, before = piece.classes[:, start:stop], shift(piece.classes)[:, start:stop]
    return tf.cast((classes > 0) & (classes == before), tf.float32)


def likelihood(
    generator: ChoraleGenerator,
    piece: Piece,
    start: int,
    stop: int,
    drop: Dropout = no_dropout,
    closing: float = 1.0,
) -> Tensor:
    """Mean negative log-likelihood of the cells that are not given, in nats a cell.

    Cells on which a phrase ends count `closing` times; see `weights`.
    """
    out = generator.logits(piece, start, stop, drop)
    logits = out[..., : rep.CLASSES] + generator.bias(piece.collection)[:, None]
    pitch = tf.nn.sparse_softmax_cross_entropy_with_logits(piece.classes[:, start:stop], logits)
    strike = tf.nn.sigmoid_cross_entropy_with_logits(piece.onsets[:, start:stop], out[..., -1])
    counted = weights(piece, start, stop, closing)
    # A note outside its voice's range (a crossing, another edition) must not swamp the batch.
    total = tf.reduce_sum(counted * (tf.minimum(pitch, 20.0) + _held(piece, start, stop) * strike))
    return total / tf.maximum(tf.reduce_sum(counted), 1.0)


def weights(piece: Piece, start: int, stop: int, closing: float) -> Tensor:
    """How much each cell counts in the likelihood: ``(batch, stop - start, voice)``.

    Given cells count nothing, those under a fermata and in the quarter before it `closing` times.
    """
    free = 1 - piece.mask[:, start:stop]
    if closing == 1:
        return free
    fermatas = tf.pad(piece.conditions[..., FERMATA], [[0, 0], [0, QUARTER]])
    ahead = [fermatas[:, lag : lag + stop] for lag in range(QUARTER + 1)]
    near = tf.reduce_max(tf.stack(ahead), axis=0)[:, start:stop]
    return free * (1 + (closing - 1) * near[..., None])
