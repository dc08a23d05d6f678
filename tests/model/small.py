"""For the tests of models: small music, small settings, a small network with decided opinions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import yaml

from kantor.ensemble import Ensemble
from kantor.hyperparameters import Train
from kantor.model import Tensor
from kantor.model.nets import chorale, heads, sampling
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.features import Inputs, conditions, to_tokens
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import REST, Key, Meter, Score, onset_floor
from kantor.network.layout import CONTEXT, LARGEST_MOTION, Layout

SCALE = np.array([0, 2, 4, 5, 7, 9, 11])
CHORDS = ((-2, -4, -14), (-3, -5, -14), (-2, -5, -11))
"""Steps of the scale from the soprano down to the other voices."""
PICKUPS = (0, 4, 0, 0, 4, 0)
METERS = (Meter(), Meter(), Meter(3, 4), Meter(), Meter(), Meter())
LENGTHS = (64, 68, 60, 48, 52, 64)


def made_chorale(row: int) -> Score:
    """A walk up and down the scale in quarters, chords below it, moved into key `row`."""
    random, steps = np.random.default_rng(row), LENGTHS[row]
    walk = 5 + np.abs((np.cumsum(random.integers(-1, 2, steps // 4)) + 4) % 8 - 4)
    below = np.array([(0, *CHORDS[index]) for index in random.integers(0, 3, steps // 4)])
    octaves, degrees = np.divmod(walk[:, None] + below, 7)
    pitches = np.repeat(60 + 12 * octaves + SCALE[degrees], 4, axis=0).astype(np.int8)
    onsets = onset_floor(pitches)
    onsets[::8] = True
    fermatas = np.arange(steps) % 32 >= 28
    score = Score(pitches, onsets, METERS[row], PICKUPS[row], Key(0), 90.0, f"Made {row}", fermatas)
    return score.transposed((0, 2, -1, 1, -2, 0)[row])


def ask(score: Score, given: tuple[int, ...] = (0,)) -> Conditioning:
    """Give some voices of a piece, by default the soprano, and ask for the others."""
    mask = np.zeros(score.pitches.shape, bool)
    mask[:, given] = True
    return Conditioning.from_score(score, mask)


GIVEN = (
    "melody",
    "bass",
    "an inner line",
    "inner lines",
    "all but an inner line",
    "every other quarter",
    "nothing",
)
"""Kinds of cells that a person may give."""


def ask_each(scores: Sequence[Score], steps: int) -> Conditioning:
    """A batch of pieces, padded to so many steps; of each, other cells are given."""
    pieces = []
    for kind, score in zip(GIVEN, cycle(scores), strict=False):
        outer = [score.ensemble.leads, score.ensemble.bass]
        inner = [line for line in range(score.ensemble.pitched) if line not in outer]
        mask = np.zeros(score.pitches.shape, bool)
        if kind in ("melody", "bass"):
            mask[:, outer[kind == "bass"]] = True
        elif kind == "every other quarter":
            mask[np.arange(score.steps) // 4 % 2 == 0] = True
        elif kind != "nothing":
            mask[:, inner if kind == "inner lines" else inner[:1]] = True
        if kind == "all but an inner line":
            mask = ~mask
        pieces.append(Conditioning.from_score(score, mask))
    return stack(pieces, steps)


SMALLEST = {
    "batch": 2,
    "warmup": 1,
    "iterations": 2,
    "minutes": 5,
    "critic_steps": 1,
    "learning_rates": {"likelihood": 0.002, "generator": 0.001, "critic": 0.001},
    "drawn": 6,
    "likelihood_every": 1,
    "weight_decay": 0.01,
    "average": 0.5,
    "xla": False,
    "parts": 1,
    "log_every": 1,
    "measure_every": 3,
    "checkpoint_every": 1,
    "melodies": 2,
    "chorale": {"width": 8, "decoder": 8, "head": 8, "memory": 4, "reach": 2, "dilations": (1,)}
    | {"critic": 8, "embedding": 8, "dropout": 0.4},
}
"""What a training of three iterations changes in `params.yaml`."""


def smallest(**changes: Any) -> Train:
    """Settings of a training of three iterations, some of them changed."""
    block = yaml.safe_load(Path(__file__).parents[2].joinpath("params.yaml").read_text())["train"]
    return Train.model_validate(block | SMALLEST | changes)


PIECES, STEPS = 3, 12
TIME = CONTEXT + STEPS + 4
MAJOR_TONIC = np.array([0, 5, 9])


class Small:
    """The network and the music of an ensemble."""

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble
        self.generator = small_generator(ensemble)
        self.layout, self.inputs = self.generator.layout, random_inputs(ensemble)

    def latent(self, seed: int) -> Tensor:
        return sampling.draw_latent((PIECES, STEPS, len(self.ensemble)), tf.constant([0, seed]))

    @cached_property
    def draw(self) -> Any:
        """`sampling.draw`, traced once for each start."""

        @tf.function
        def drawn(inputs: Inputs, latent: Tensor, start: int) -> tuple[Tensor, Tensor]:
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
        to_tokens(tf.constant(pitches), key, Layout(ensemble).vocabulary),
        tf.constant(onsets, tf.float32),
        tf.constant(random.random(shape) < 0.3, tf.float32),
        conditions(bars, tf.constant(at % 16 > 12), tf.constant(at < TIME - 2), key),
        key,
    )
