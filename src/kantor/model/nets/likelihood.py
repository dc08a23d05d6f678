"""How likely the `chorale` generator holds given music to be."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from kantor.model.nets import representation as rep
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.inputs import FERMATA, Piece, held
from kantor.model.nets.layers import Dropout, no_dropout
from kantor.music.score import STEPS_PER_QUARTER

Tensor = Any


def mean(
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
    logits = out[..., : rep.CLASSES] + generator.bias(piece.major_tonic)[:, None]
    pitch = tf.nn.sparse_softmax_cross_entropy_with_logits(piece.classes[:, start:stop], logits)
    strike = tf.nn.sigmoid_cross_entropy_with_logits(piece.onsets[:, start:stop], out[..., -1])
    counted = weights(piece, start, stop, closing)
    # A note outside its voice's range (a crossing, another edition) must not swamp the batch.
    total = tf.reduce_sum(counted * (tf.minimum(pitch, 20.0) + held(piece, start, stop) * strike))
    return total / tf.maximum(tf.reduce_sum(counted), 1.0)


def weights(piece: Piece, start: int, stop: int, closing: float) -> Tensor:
    """How much each cell counts in the likelihood: ``(batch, stop - start, voice)``.

    Given cells count nothing, those under a fermata and in the quarter before it `closing` times.
    """
    free = 1 - piece.mask[:, start:stop]
    if closing == 1:
        return free
    fermatas = tf.pad(piece.conditions[..., FERMATA], [[0, 0], [0, STEPS_PER_QUARTER]])
    ahead = [fermatas[:, lag : lag + stop] for lag in range(STEPS_PER_QUARTER + 1)]
    near = tf.reduce_max(tf.stack(ahead), axis=0)[:, start:stop]
    return free * (1 + (closing - 1) * near[..., None])
