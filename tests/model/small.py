"""A small network with decided opinions, random music, and samples of one drawn for the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kantor.model.nets import chorale, heads
from kantor.model.nets import representation as rep
from kantor.model.nets import sampling as drawing
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.inputs import Piece, condition
from kantor.model.nets.sampling import Latent
from kantor.model.train.batches import CONTEXT
from kantor.music.score import REST, VOICE_RANGES
from kantor.runtime.pitches import from_codes

PIECES, STEPS = 3, 12
TIME = CONTEXT + STEPS + 4


def small_generator() -> ChoraleGenerator:
    """A small network with large random weights, so that it has decided opinions."""
    network = ChoraleGenerator(width=8, decoder=16, head=8, memory=4, reach=3, dilations=(1, 2))
    random = np.random.default_rng(0)
    for variable in network.trainable_variables:
        variable.assign(random.normal(size=variable.shape, scale=0.3))
    for head in network.heads:  # to stay on a pitch is as likely as all else
        stay = tf.one_hot(rep.CLASSES + 1 + rep.LARGEST_MOTION, sum(heads.SIZES))
        head.outputs.bias.assign_add(4 * stay)
        head.successors.assign(head.successors / heads.BOLD)  # whose effect is multiplied
    network.tessitura.assign(network.tessitura / chorale.FIRM)
    return network


def random_piece() -> Piece:
    """Random music in the voices' ranges with a random mask, in three keys."""
    random = np.random.default_rng(1)
    shape = (PIECES, TIME, 4)
    low, high = np.array(VOICE_RANGES).T
    pitches = random.integers(low, high + 1, shape)
    pitches[random.random(shape) < 0.15] = REST
    pitches[:, 1::2] = np.where(random.random(shape) < 0.6, pitches, -9)[:, 1::2]
    held = pitches == -9
    pitches[:, 1:][held[:, 1:]] = pitches[:, :-1][held[:, 1:]]
    changed = np.concatenate([np.ones((PIECES, 1, 4)), np.diff(pitches, axis=1) != 0], axis=1)
    onsets = (pitches != REST) & ((changed > 0) | (random.random(shape) < 0.3))
    at = np.broadcast_to(np.arange(TIME), shape[:2])
    bars = tf.constant(np.stack([at % 16, np.full(shape[:2], 16)], axis=-1))
    major_tonic = tf.constant([0, 5, 9])
    return Piece(
        rep.to_classes(tf.constant(pitches), major_tonic),
        tf.constant(onsets, tf.float32),
        tf.constant(random.random(shape) < 0.3, tf.float32),
        condition(bars, tf.constant(at % 16 > 12), tf.constant(at < TIME - 2), major_tonic),
        major_tonic,
    )


def pitches_of(classes: Any, major_tonic: Any) -> np.ndarray:
    """Classes as MIDI numbers, -1 for a rest, as composing reads them."""
    return from_codes(np.asarray(classes) + 1, np.asarray(major_tonic))


def drawn_from(generator: ChoraleGenerator) -> Any:
    """`drawing.draw`, traced once for each start."""

    @tf.function
    def drawn(piece: Piece, latent: Latent, start: int) -> tuple[Any, Any]:
        return drawing.draw(generator, piece, latent, start, start + STEPS)

    return drawn


def latent(seed: int) -> Latent:
    return drawing.draw_latent(PIECES, STEPS, tf.constant([0, seed]))
