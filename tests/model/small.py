"""A small network with decided opinions, random music, and samples of one drawn for the other."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from kantor.ensemble import Ensemble
from kantor.model import Tensor
from kantor.model.nets import chorale, heads, sampling
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.features import Inputs, conditions, to_tokens
from kantor.model.nets.sampling import Latent
from kantor.music.score import REST
from kantor.network.layout import CONTEXT, LARGEST_MOTION

PIECES, STEPS = 3, 12
TIME = CONTEXT + STEPS + 4
MAJOR_TONIC = np.array([0, 5, 9])


class Small:
    """The network and the music of an ensemble."""

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble
        self.generator = small_generator(ensemble)
        self.layout, self.inputs = self.generator.layout, random_inputs(ensemble)

    def latent(self, seed: int) -> Latent:
        return sampling.draw_latent((PIECES, STEPS, len(self.ensemble)), tf.constant([0, seed]))

    @cached_property
    def draw(self) -> Any:
        """`sampling.draw`, traced once for each start."""

        @tf.function
        def drawn(inputs: Inputs, latent: Latent, start: int) -> tuple[Tensor, Tensor]:
            return sampling.draw(self.generator, inputs, latent, start, start + STEPS)

        return drawn


def small_generator(ensemble: Ensemble) -> ChoraleGenerator:
    """A small network with large random weights, so that it has decided opinions."""
    network = ChoraleGenerator(
        width=8, decoder=16, head=8, memory=4, reach=3, dilations=(1, 2), ensemble=ensemble
    )
    random = np.random.default_rng(0)
    for variable in network.trainable_variables:
        variable.assign(random.normal(size=variable.shape, scale=0.3))
    for head in network.heads[: ensemble.pitched]:  # to stay on a pitch is as likely as all else
        stay = head.blocks.at["motion"].start + LARGEST_MOTION
        head.outputs.bias.assign_add(4 * tf.one_hot(stay, head.blocks.size))
        head.successors.assign(head.successors / heads.SUCCESSOR_SCALE)  # its effect is multiplied
    network.tessitura.assign(network.tessitura / chorale.TESSITURA_SCALE)
    return network


def random_inputs(ensemble: Ensemble) -> Inputs:
    """Random music in the lines' ranges with a random mask, in three keys."""
    random = np.random.default_rng(1)
    shape = (PIECES, TIME, len(ensemble))
    low, high = np.array(ensemble.ranges).T
    pitches = random.integers(low, high + 1, shape)
    pitches[random.random(shape) < 0.15] = REST
    pitches[:, 1::2] = np.where(random.random(shape) < 0.6, pitches, -9)[:, 1::2]
    held = pitches == -9
    pitches[:, 1:][held[:, 1:]] = pitches[:, :-1][held[:, 1:]]
    changed = np.diff(pitches, axis=1, prepend=-9) != 0
    onsets = (pitches != REST) & (changed | (random.random(shape) < 0.3))
    at = np.broadcast_to(np.arange(TIME), shape[:2])
    bars = tf.constant(np.stack([at % 16, np.full(shape[:2], 16)], axis=-1))
    key = tf.constant(MAJOR_TONIC, tf.int32)
    return Inputs(
        to_tokens(tf.constant(pitches), key, chorale.Layout(ensemble).vocabulary),
        tf.constant(onsets, tf.float32),
        tf.constant(random.random(shape) < 0.3, tf.float32),
        conditions(bars, tf.constant(at % 16 > 12), tf.constant(at < TIME - 2), key),
        key,
    )
