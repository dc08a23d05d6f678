"""In numpy the networks compose the notes, and the critic gives the scores, that they do in Keras.

The reference is what the training draws with (`sampling.draw`) and the critic itself, called window
by window.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tests.ensembles import BAND, tune

from kantor import runtime
from kantor.data.corpus import Corpus
from kantor.ensemble import SATB
from kantor.model import generator
from kantor.model.generator import Generator, weights_of
from kantor.model.nets import chorale, sampling
from kantor.model.nets.critic import ChoraleCritic
from kantor.model.nets.features import ones, to_inputs
from kantor.model.nets.layers import MultiHot
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import REST, Score
from kantor.network.layout import CONTEXT
from kantor.runtime.pieces import inside
from kantor.runtime.sampling import latent, refine

Asked = Callable[..., Conditioning]
AROUND = ((0, 0), (CONTEXT, CONTEXT), (0, 0))
SIZES: tuple[dict[str, Any], ...] = (
    {"width": 16, "decoder": 24, "head": 12, "memory": 4, "reach": 4, "dilations": (1, 2)},
    {"width": 12, "decoder": 8, "head": 20, "memory": 8, "reach": 20, "dilations": (1, 2, 4, 8)},
)
NETWORKS = ((SIZES[0], SATB), (SIZES[1], SATB), (SIZES[0], BAND))
MASKS = ("melody", "bass", "inner", "bars", "cells", "nothing", "everything")


def mask_of(kind: str, score: Score, random: np.random.Generator) -> np.ndarray:
    """Given cells of every kind that a person may ask for."""
    mask, ensemble = np.zeros(score.pitches.shape, bool), score.ensemble
    outer = [ensemble.leads, ensemble.bass]
    if kind == "inner":
        mask[:] = ~np.isin(np.arange(len(ensemble)), outer)
    if kind in ("melody", "bass"):
        mask[:, outer[kind == "bass"]] = True
    if kind == "bars":
        mask[:16] = mask[32:48] = True
    if kind == "cells":
        mask = random.random(mask.shape) < 0.4
    return mask | (kind == "everything")


@pytest.fixture(scope="module", params=NETWORKS, ids=("short reach", "long reach", "band"))
def network(request: pytest.FixtureRequest) -> chorale.ChoraleGenerator:
    """A small network with weights, biases and tables large enough to prefer some notes."""
    keras.utils.set_random_seed(2)
    sizes, ensemble = request.param
    made = chorale.ChoraleGenerator(**sizes, ensemble=ensemble)
    random = np.random.default_rng(1)
    for variable in made.trainable_variables:
        noise = random.normal(0, 0.2 / (10 if "successors" in variable.path else 1), variable.shape)
        variable.assign(2 * variable + noise)
    made.tessitura.assign(random.normal(0, 0.1, made.tessitura.shape))
    return made


@pytest.fixture(scope="module")
def batch(network: chorale.ChoraleGenerator, corpus: Corpus) -> Conditioning:
    """Pieces of several lengths, keys and meters; of each, other cells are given."""
    random = np.random.default_rng(3)
    scores = [piece.score for piece in corpus]
    if network.ensemble == BAND:
        scores = [tune(row, steps) for row, steps in enumerate((64, 40, 52))]
    pieces = []
    for place, kind in enumerate(MASKS):
        score = scores[place % len(scores)]
        pieces.append(Conditioning.from_score(score, mask_of(kind, score, random)))
    return stack(pieces, 72)


@pytest.fixture(scope="module")
def reference(network: chorale.ChoraleGenerator) -> Reference:
    return Reference(network)


def in_numpy(
    network: chorale.ChoraleGenerator, critic: ChoraleCritic | None = None
) -> runtime.Generator:
    """The same networks in numpy."""
    info = {"preset": "chorale", "ensemble": network.ensemble.to_dict()}
    return runtime.Generator(weights_of(network, critic), info)


class Reference:
    """Composes and judges with Keras."""

    def __init__(self, network: chorale.ChoraleGenerator) -> None:
        self.network = network
        self.draw = tf.function(self._draw, reduce_retracing=True, autograph=False)

    def compose(
        self, given: Conditioning, seeds: np.ndarray, temperature: float, min_p: float, passes: int
    ) -> tuple[np.ndarray, np.ndarray]:
        def once(given: Conditioning, seeds: np.ndarray, temperature: float) -> Any:
            numbers = np.stack(
                [latent(int(seed), given.steps, len(self.network.ensemble)) for seed in seeds]
            )
            parameters = (tf.constant(parameter, tf.float32) for parameter in (temperature, min_p))
            vocabulary = self.network.layout.vocabulary
            tokens, onsets = self.draw(surrounded(given), tf.constant(numbers), *parameters)
            pitches = vocabulary.to_pitches(tokens.numpy(), given.major_tonic)
            return (
                np.where(given.mask, given.pitches, pitches),
                np.where(given.mask, given.onsets, onsets.numpy() > 0),
            )

        take = once(given, seeds, temperature)
        return refine(once, given, take, seeds, temperature, passes)

    def _draw(self, batch: Any, latent: Any, temperature: Any, min_p: Any) -> Any:
        inputs = to_inputs(batch, self.network.layout.vocabulary)
        stop = tf.shape(inputs.tokens)[1] - CONTEXT
        numbers = tf.transpose(latent, [2, 0, 1, 3])
        return sampling.draw(self.network, inputs, numbers, CONTEXT, stop, temperature, min_p)


def surrounded(given: Conditioning) -> dict[str, tf.Tensor]:
    """What the networks read of a batch, with `CONTEXT` steps outside each piece around it."""
    within = np.pad(inside(given), AROUND[:2])
    last = CONTEXT + np.maximum(inside(given).sum(axis=1), 1) - 1
    at = np.clip(np.arange(within.shape[1])[None], CONTEXT, last[:, None]) - CONTEXT
    arrays = {
        "pitches": np.pad(given.pitches, AROUND, constant_values=REST).astype(np.int32),
        "onsets": np.pad(given.onsets, AROUND),
        "mask": np.pad(given.mask, AROUND, constant_values=True),
        "bars": np.take_along_axis(given.bars, at[..., None], axis=1).astype(np.int32),
        "fermatas": np.pad(given.fermatas, AROUND[:2]) & within,
        "inside": within,
        "major_tonic": given.major_tonic.astype(np.int32),
    }
    return {name: tf.constant(array) for name, array in arrays.items()}


def judged_by(critic: ChoraleCritic, given: Conditioning, pitches: Any, onsets: Any) -> list[float]:
    """The mean score of the windows of each piece, the pieces one by one."""
    scores = []
    for row, length in enumerate(inside(given).sum(axis=1)):
        names = Conditioning.__dataclass_fields__
        one = Conditioning(*(getattr(given, name)[row] for name in names))
        padded = stack([one], given.steps + critic.steps)
        pad = ((0, 0), (0, critic.steps), (0, 0))
        arrays = surrounded(padded)
        answer = np.pad(pitches[row : row + 1], pad, constant_values=REST)
        arrays["pitches"] = tf.constant(
            np.pad(answer, AROUND, constant_values=REST).astype(np.int32)
        )
        arrays["onsets"] = tf.constant(np.pad(np.pad(onsets[row : row + 1], pad), AROUND))
        layout = critic.layout
        inputs = to_inputs(arrays, layout.vocabulary)
        index = ones(layout, *inputs.steps(0, inputs.tokens.shape[1]))
        seen = critic.embed(MultiHot.of(index[0], layout.judged.size))[None]
        windows = [
            slice(start, start + critic.steps)
            for start in range(CONTEXT, CONTEXT + max(int(length), 1), 16)
        ]
        worth = [
            critic(seen[:, at], inputs.mask[:, at], inputs.conditions[:, at]) for at in windows
        ]
        scores.append(float(np.mean(worth)))
    return scores


@pytest.mark.parametrize(
    ("temperature", "min_p", "passes"),
    [(1.0, 0.05, 0), (0.6, 0.0, 0), (1.6, 0.2, 0), (1.0, 0.02, 3)],
)
def test_takes_are_those_of_keras(
    network: chorale.ChoraleGenerator,
    reference: Reference,
    batch: Conditioning,
    temperature: float,
    min_p: float,
    passes: int,
) -> None:
    """Note for note and onset for onset: all masks, lengths, keys, with and without refinement."""
    seeds = np.array([5, 2**63 - 1, 0, -4, 17, 6, 1], np.int64)
    expected = reference.compose(batch, seeds, temperature, min_p, passes)
    plain = {"phrase_end": 1.0, "lookahead": 0.0, "reweighting": 0.0}
    plain |= {"temperature": temperature, "min_p": min_p}
    pitches, onsets = in_numpy(network).compose(batch, seeds, passes=passes, **plain)
    assert np.array_equal(pitches, expected[0])
    assert np.array_equal(onsets, expected[1])
    free = ~batch.mask
    assert len(np.unique(pitches[free])) > 20  # the network says something
    assert 0.02 < (onsets[free] & (pitches[free] != REST)).mean() < 0.98


def test_scores_are_those_of_keras(network: chorale.ChoraleGenerator, batch: Conditioning) -> None:
    """For every mask and length, the last windows reaching beyond the piece's end."""
    keras.utils.set_random_seed(4)
    critic = ChoraleCritic(width=8, embedding=12, emphasis=3.0, ensemble=network.ensemble)
    random = np.random.default_rng(5)
    for variable in critic.trainable_variables:
        variable.assign(variable + random.normal(0, 0.1, variable.shape))
    numpy = in_numpy(network, critic)
    take = numpy.compose(batch, np.arange(7))
    scores = numpy.judge(batch, *take)
    assert (scores.shape, scores.dtype) == ((7,), np.float32)
    assert np.ptp(scores) > 0.01
    assert scores == pytest.approx(judged_by(critic, batch, *take), abs=1e-5)


def test_folder_is_read_by_both(
    network: chorale.ChoraleGenerator, batch: Conditioning, tmp_path: Path
) -> None:
    """What a training saves composes and judges the same with and without TensorFlow."""
    critic = ChoraleCritic(width=8, embedding=8, ensemble=network.ensemble)
    generator.save(tmp_path, network, {"preset": "chorale"}, critic)
    with_, without = generator.load(tmp_path), runtime.load(tmp_path)
    seeds = np.arange(7)
    take, other = with_.compose(batch, seeds, passes=1), without.compose(batch, seeds, passes=1)
    assert all(map(np.array_equal, take, other))
    assert np.array_equal(with_.judge(batch, *take), without.judge(batch, *take))
    assert without.info == with_.info


def test_weights_that_change(network: chorale.ChoraleGenerator, batch: Conditioning) -> None:
    """In a training the takes follow the network's weights."""
    model = Generator(network, {"preset": "chorale"})
    seeds = np.arange(7)
    before = model.compose(batch, seeds)
    kept = network.tessitura.numpy()
    network.tessitura.assign(np.roll(kept, 5, axis=1))
    changed = model.compose(batch, seeds)
    network.tessitura.assign(kept)
    assert not np.array_equal(before[0], changed[0])
    assert np.array_equal(before[0], model.compose(batch, seeds)[0])
