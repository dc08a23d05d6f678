"""The gradient of the critic through a drawn sample.

It reaches the generator by the straight-through estimator (Bengio, Léonard and Courville 2013): the
probabilities of all cells are computed again in one pass, each with the sample as its past, and a
cell's one-hot choice is differentiated as its probabilities. What a choice does to later choices is
left to the gradients of those.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kantor.model.nets import relations
from kantor.model.nets import representation as rep
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.inputs import Piece, held, judged_features, shift, write
from kantor.model.nets.sampling import truncate
from kantor.music.score import VOICES

Tensor = Any


class Linear(NamedTuple):
    """A linear function of a sample's features, computed without them.

    Attributes
    ----------
    found : (batch, time, …)
        What it makes of the sample.
    back
        The gradient by the features ``(batch, time, JUDGED)``, from that by the function.
    """

    found: Tensor
    back: Callable[[Tensor], Tensor]


def features(
    generator: ChoraleGenerator,
    piece: Piece,
    drawn: Tensor,
    struck: Tensor,
    start: int,
    stop: int,
    min_p: Tensor = 0.0,
    of: Linear | None = None,
) -> Tensor:
    """The features of a drawn sample, through which a gradient passes to the generator.

    Parameters
    ----------
    drawn, struck : (batch, stop - start, voice)
        What `draw` returned for `piece` and `min_p`.

    Returns
    -------
    (batch, stop - start, JUDGED) float32
        `judged_features` of the sample, or a function of them.
    """
    written = write(piece, drawn, struck, start, stop)
    out = generator.logits(written, start, stop)
    logits = out[..., : rep.CLASSES] + generator.bias(piece.major_tonic)[:, None]
    soft = tf.nn.softmax(truncate(logits, min_p))
    free = 1 - piece.mask[:, start:stop]
    strike = tf.sigmoid(out[..., -1])
    before = shift(written.classes)[:, start:stop]
    return relate(
        free[..., None] * soft, struck + _through(free * held(written, start, stop) * strike),
        drawn, before, of,
    )  # fmt: skip


def _through(tensor: Tensor) -> Tensor:
    """Nothing, with the gradient of `tensor`."""
    return tensor - tf.stop_gradient(tensor)


def relate(
    voices: Tensor, onsets: Tensor, classes: Tensor, before: Tensor, of: Linear | None = None
) -> Tensor:
    """`judged_features` of `classes`, or a function of them, with their gradient by one-hot voices.

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
    of = of or Linear(judged_features(classes, before, onsets), lambda upstream: upstream)

    @tf.custom_gradient
    def function(voices: Tensor, onsets: Tensor) -> tuple[Tensor, Any]:
        """What is known already, with its gradient by voices and onsets."""
        return tf.identity(of.found), lambda upstream: _gradient(of.back(upstream), classes, before)

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
    total += relations.by_motion(motions, before)
    total += _earlier(relations.by_motion(tf.reverse(motions, [-1]), classes))
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
    chroma = tf.where(known[..., None], relations.turned(weights, -rep.BASE - other), 0.0)
    shape = tf.concat([tf.shape(chroma)[:-2], [len(VOICES), -1, 12]], 0)
    return relations.by_chroma(tf.reduce_sum(tf.reshape(chroma, shape), axis=-2))


def _by_intervals(weights: Tensor, classes: Tensor) -> Tensor:
    """What each pitch of a voice would bring by its interval to each other one."""
    other = tf.gather(classes, _OTHER, axis=-1)
    return _of_voices(_both_ways(weights), other, other > 0)


def _by_spacings(weights: Tensor, classes: Tensor) -> Tensor:
    """What each pitch would bring by its distance from the voices above and below."""
    kinds = rep.spacing_kind(tf.range(-rep.LARGEST_DISTANCE, rep.LARGEST_DISTANCE + 1))
    distances = tf.gather(weights, kinds, axis=-1)
    down = relations.by_distance(distances, classes[..., 1:])
    up = relations.by_distance(tf.reverse(distances, [-1]), classes[..., :-1])
    none = tf.zeros_like(down[..., :1, :])
    return tf.concat([down, none], axis=-2) + tf.concat([none, up], axis=-2)


def _by_successions(weights: Tensor, classes: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """What each pitch would bring as the end of a succession, and as the start of the next.

    Both voices of a pair complete the same succession, so its row (or column) is looked up once.
    """
    table = tf.reshape(weights, tf.concat([tf.shape(weights)[:-1], [12, 12]], 0))
    own, other = (tf.gather(classes, voices, axis=-1) for voices in (_OWN, _OTHER))
    own_then, other_then = (tf.gather(before, voices, axis=-1) for voices in (_OWN, _OTHER))
    moves = (other > 0) & (other_then > 0) & (other != other_then)
    # By the interval class that follows on the last one, and by the one that came before.
    following = relations.row_of(table, _between(before))
    leading = relations.row_of(tf.linalg.matrix_transpose(table), _between(classes))
    now = _of_voices(_both_ways(following), other, moves & (own_then > 0))
    then = _of_voices(_both_ways(leading), other_then, moves & (own > 0))
    return _leaving(now, before), _leaving(then, classes)


def _between(classes: Tensor) -> Tensor:
    """The interval class of each pair, upper minus lower voice: ``(…, pair)``."""
    upper, lower = zip(*rep.PAIRS, strict=True)
    return (tf.gather(classes, upper, axis=-1) - tf.gather(classes, lower, axis=-1)) % 12


def _both_ways(weights: Tensor) -> Tensor:
    """Weights ``(…, pair, 12)`` of an upper voice's interval, as each of `_OWN` sees it."""
    weights = tf.gather(weights, _PAIR, axis=-2)
    falling = tf.roll(tf.reverse(weights, [-1]), 1, axis=-1)  # seen from below: its complement
    return tf.where(_UPPER[:, None], weights, falling)


def _leaving(tensor: Tensor, classes: Tensor) -> Tensor:
    """`tensor (…, voice, CLASSES)`, zero at a voice's own class: staying on it moves nothing."""
    return tf.where(tf.range(rep.CLASSES) != classes[..., None], tensor, 0.0)


def _earlier(tensor: Tensor) -> Tensor:
    """What a step says of the one before it, ``(batch, time, …)`` moved back by one step."""
    return tf.concat([tensor[:, 1:], tf.zeros_like(tensor[:, :1])], axis=1)
