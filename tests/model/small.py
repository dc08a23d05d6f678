"""For the tests of models: small music, small settings, a small network with decided opinions."""

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
from kantor.model.nets.features import Inputs, to_inputs
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


GIVEN = ("melody", "bass", "one inner line", "inner lines", "all but one", "beats", "nothing")
"""Kinds of cells that a person may give."""


def ask_each(scores: Sequence[Score], steps: int) -> Conditioning:
    """A batch of pieces, padded to so many steps; of each, other cells are given (`GIVEN`)."""
    pieces = []
    for place, score in zip(range(len(GIVEN)), cycle(scores), strict=False):
        lines, beats = np.arange(len(score.ensemble)), np.arange(score.steps)[:, None] // 4
        leads, bass = lines == score.ensemble.leads, lines == score.ensemble.bass
        inner = ~leads & ~bass & (lines < score.ensemble.pitched)
        first = inner & (inner.cumsum() == 1)
        masks = (leads, bass, first, inner, ~first, beats % 2 == 0, lines < 0)
        mask = np.broadcast_to(masks[place], score.pitches.shape)
        pieces.append(Conditioning.from_score(score, mask))
    return stack(pieces, steps)


SIZES = {"width": 8, "decoder": 8, "head": 8, "memory": 4, "reach": 2, "dilations": (1,)}
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
    "chorale": SIZES | {"critic": 8, "embedding": 8, "dropout": 0.4},
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
        return tf.function(
            lambda inputs, latent, start: sampling.draw(
                self.generator, inputs, latent, start, start + STEPS
            ),
            autograph=False,
        )


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
    holds = random.random(shape) < 0.4
    pitches[:, 1::2] = np.where(holds[:, 1::2], pitches[:, :-1:2], pitches[:, 1::2])
    changed = np.diff(pitches, axis=1, prepend=-9) != 0
    at = np.broadcast_to(np.arange(TIME), shape[:2])
    music = {
        "pitches": pitches,
        "onsets": (pitches != REST) & (changed | (random.random(shape) < 0.3)),
        "mask": random.random(shape) < 0.3,
        "bars": np.stack([at % 16, np.full(shape[:2], 16)], axis=-1),
        "fermatas": at % 16 > 12,
        "inside": at < TIME - 2,
        "major_tonic": MAJOR_TONIC,
    }
    return to_inputs(music, Layout(ensemble).vocabulary)
