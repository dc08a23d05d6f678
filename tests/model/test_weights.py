"""In numpy the networks compose the notes, and the critic gives the scores, that Keras does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from tests.ensembles import BAND, tune
from tests.model.reference import AROUND, Reference, surrounded
from tests.model.small import GIVEN, ask_each

from kantor import runtime
from kantor.data.corpus import Corpus
from kantor.ensemble import SATB
from kantor.hyperparameters import Train
from kantor.model import generator
from kantor.model.generator import Generator, weights_of
from kantor.model.nets import chorale, sampling
from kantor.model.nets.critic import ChoraleCritic
from kantor.model.nets.features import ones, to_inputs
from kantor.model.nets.layers import MultiHot
from kantor.model.presets import Chorale
from kantor.model.train.monitor import opening
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import REST
from kantor.network.layout import CONTEXT
from kantor.runtime import SamplingParameters
from kantor.runtime.pieces import inside

ROOT = Path(__file__).parents[2]
SHORT = 32  # steps of each piece for the trained networks
SIZES: tuple[dict[str, Any], ...] = (
    {"width": 16, "decoder": 24, "head": 12, "memory": 4, "reach": 4, "dilations": (1, 2)},
    {"width": 12, "decoder": 8, "head": 20, "memory": 8, "reach": 20, "dilations": (1, 2, 4, 8)},
)
NETWORKS = ((SIZES[0], SATB), (SIZES[1], SATB), (SIZES[0], BAND))


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
    if network.ensemble == BAND:
        return ask_each([tune(row, steps) for row, steps in enumerate((40, 24, 32))], 44)
    return ask_each([opening(piece.score, 20 + 4 * row) for row, piece in enumerate(corpus)], 44)


@pytest.fixture(scope="module")
def short(corpus: Corpus) -> Conditioning:
    return ask_each([opening(piece.score, SHORT) for piece in corpus], SHORT)


def in_numpy(
    network: chorale.ChoraleGenerator, critic: ChoraleCritic | None = None
) -> runtime.Generator:
    info = {"preset": "chorale", "ensemble": network.ensemble.to_dict()}
    return runtime.Generator(weights_of(network, critic), info, processes=1)


def compare(
    reference: Reference,
    numpy: runtime.Generator,
    batch: Conditioning,
    parameters: SamplingParameters,
    passes: int,
) -> None:
    """Note for note and onset for onset, for each kind of given cells."""
    seeds = np.array([5, 2**63 - 1, 0, -4, 17, 6, 1], np.int64)
    expected = reference.compose(batch, seeds, parameters, passes)
    take = numpy.compose(batch, seeds, passes=passes, **asdict(parameters))
    for row, kind in enumerate(GIVEN):
        assert np.array_equal(take[0][row], expected[0][row]), kind
        assert np.array_equal(take[1][row], expected[1][row]), kind
    assert len(np.unique(take[0][~batch.mask])) > 15  # the networks say something


PLAIN = {"phrase_end": 1.0, "lookahead": 0.0, "reweighting": 0.0}


@pytest.mark.parametrize(("temperature", "min_p", "passes"), [(0.6, 0.2, 2), (1.6, 0.0, 0)])
def test_takes_are_what_tensorflow_says(
    network: chorale.ChoraleGenerator,
    batch: Conditioning,
    temperature: float,
    min_p: float,
    passes: int,
) -> None:
    """For all lengths and keys and any ensemble, as the training draws, and with refinement."""
    parameters = SamplingParameters(temperature, min_p, **PLAIN)
    compare(Reference(network), in_numpy(network), batch, parameters, passes)


def trained(preset: str, corpus: Corpus) -> chorale.ChoraleGenerator:
    """A generator of a preset's sizes after some steps of likelihood."""
    keras.utils.set_random_seed(2)
    block = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    network = Chorale(Train.model_validate(block | {"preset": preset}).chorale).generator
    whole = np.ones((SHORT, 4), bool)
    arrays = surrounded(
        stack([Conditioning.from_score(opening(piece.score, SHORT), whole) for piece in corpus])
    )
    inside = arrays["inside"].numpy()[..., None]
    arrays["mask"] = tf.constant(~inside | (np.arange(4) == 0))  # the sopranos are given
    inputs = to_inputs(arrays, network.layout.vocabulary)
    adam = keras.optimizers.Adam(0.005)
    adam.build(network.trainable_variables)

    @tf.function(autograph=False)
    def step() -> None:
        with tf.GradientTape() as tape:
            loss = sampling.likelihood(network, inputs, CONTEXT, CONTEXT + SHORT)
        variables = network.trainable_variables
        adam.apply(tape.gradient(loss, variables), variables)

    for _ in range(20):
        step()
    random = np.random.default_rng(1)
    for head in network.heads:  # what a longer training teaches, so that successions count
        head.successors.assign_add(random.normal(0, 0.03, head.successors.shape))
    return network


@pytest.mark.parametrize("preset", ["chorale", pytest.param("long", marks=pytest.mark.long)])
def test_takes_of_trained_networks(preset: str, corpus: Corpus, short: Conditioning) -> None:
    """Of both presets, with what people compose with."""
    network = trained(preset, corpus)
    numpy, reference, seeds = in_numpy(network), Reference(network), np.arange(7)
    compare(reference, numpy, short, SamplingParameters(), 0)
    compare(reference, numpy, short, SamplingParameters(1.1), 1)
    take = numpy.compose(short, seeds, passes=1)
    for name in ("phrase_end", "lookahead", "reweighting"):  # each of them changes something
        other = numpy.compose(short, seeds, passes=1, **{name: 0.01})
        assert not np.array_equal(other[0], take[0]), name


@pytest.mark.skipif(not (ROOT / "build/model/generator.keras").is_file(), reason="no model built")
def test_takes_of_the_built_model(short: Conditioning) -> None:
    """The same of the model that the line has made."""
    reference = Reference(generator.load(ROOT / "build/model").network)
    compare(reference, runtime.load(ROOT / "build/model"), short, SamplingParameters(1.1), 1)


def judged_by(critic: ChoraleCritic, given: Conditioning, pitches: Any, onsets: Any) -> list[float]:
    """The mean score of the windows of each piece, the pieces one by one."""
    scores, layout = [], critic.layout
    beyond = ((0, 0), (0, critic.steps), (0, 0))  # the last window may end after the piece
    for row, length in enumerate(inside(given).sum(axis=1)):
        names = Conditioning.__dataclass_fields__
        one = Conditioning(*(getattr(given, name)[row] for name in names))
        arrays = surrounded(stack([one], given.steps + critic.steps))
        notes = np.pad(pitches[row : row + 1], beyond, constant_values=REST)
        notes = np.pad(notes, AROUND, constant_values=REST).astype(np.int32)
        struck = np.pad(np.pad(onsets[row : row + 1], beyond), AROUND)
        arrays |= {"pitches": tf.constant(notes), "onsets": tf.constant(struck)}
        inputs = to_inputs(arrays, layout.vocabulary)
        index = ones(layout, *inputs.steps(0, inputs.tokens.shape[1]))
        seen = critic.embed(MultiHot.of(index[0], layout.judged.size))[None]
        starts = range(CONTEXT, CONTEXT + max(int(length), 1), 16)
        windows = [slice(start, start + critic.steps) for start in starts]
        worth = [
            critic(seen[:, at], inputs.mask[:, at], inputs.conditions[:, at]) for at in windows
        ]
        scores.append(float(np.mean(worth)))
    return scores


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
