"""In numpy the networks compose the notes, and the critic gives the scores, that Keras does."""

from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml
from tests.ensembles import BAND, tune
from tests.model.reference import Reference, surrounded
from tests.model.small import GIVEN, ask_each, smallest

from kantor import runtime
from kantor.data import windows
from kantor.data.corpus import Corpus
from kantor.ensemble import SATB
from kantor.hyperparameters import Train
from kantor.model.generator import Generator, weights_of
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.critic import ChoraleCritic
from kantor.model.nets.features import ones
from kantor.model.nets.layers import MultiHot
from kantor.model.train import batches
from kantor.model.train.monitor import opening
from kantor.model.train.trainer import Trainer
from kantor.music.conditioning import Conditioning, stack
from kantor.network.layout import CONTEXT
from kantor.runtime import SamplingParameters
from kantor.runtime.pieces import inside

ROOT = Path(__file__).parents[2]
SHORT = 32  # steps of each piece for the trained networks
SMALL = {"width": 16, "decoder": 24, "head": 12, "memory": 4, "reach": 4, "dilations": (1, 2)}
FAR = {"width": 12, "decoder": 8, "head": 20, "memory": 8, "reach": 20, "dilations": (1, 2, 4, 8)}


@pytest.fixture(scope="module", params=[(FAR, SATB), (SMALL, BAND)])
def network(request: pytest.FixtureRequest) -> ChoraleGenerator:
    """A small network with weights, biases and tables large enough to prefer some notes."""
    keras.utils.set_random_seed(2)
    sizes, ensemble = request.param
    made = ChoraleGenerator(**sizes, ensemble=ensemble)
    random = np.random.default_rng(1)
    for variable in made.trainable_variables:
        noise = random.normal(0, 0.2 / (10 if "successors" in variable.path else 1), variable.shape)
        variable.assign(2 * variable + noise)
    made.tessitura.assign(random.normal(0, 0.1, made.tessitura.shape))
    return made


@pytest.fixture(scope="module")
def reference(network: ChoraleGenerator) -> Reference:
    """It in TensorFlow, each head traced once."""
    return Reference(network)


@pytest.fixture(scope="module")
def batch(network: ChoraleGenerator, corpus: Corpus) -> Conditioning:
    """Pieces of several lengths, keys and meters; of each, other cells are given."""
    if network.ensemble == BAND:
        return ask_each([tune(row, steps) for row, steps in enumerate((28, 12, 20))], 32)
    return ask_each([opening(piece.score, 8 + 4 * row) for row, piece in enumerate(corpus)], 32)


def in_numpy(network: ChoraleGenerator, critic: ChoraleCritic | None = None) -> runtime.Generator:
    info = {"preset": "chorale", "ensemble": network.ensemble.to_dict()}
    return runtime.Generator(weights_of(network, critic), info, processes=1)


def compare(reference, numpy, batch: Conditioning, parameters: SamplingParameters, passes: int):
    """Note for note and onset for onset, for each kind of given cells."""
    seeds = np.array([5, 2**63 - 1, 0, -4, 17, 6, 1], np.int64)
    expected = reference.compose(batch, seeds, parameters, passes)
    take = numpy.compose(batch, seeds, passes=passes, **asdict(parameters))
    for row, kind in enumerate(GIVEN):
        assert np.array_equal(take[0][row], expected[0][row]), kind
        assert np.array_equal(take[1][row], expected[1][row]), kind
    assert len(np.unique(take[0][~batch.mask])) > 15  # the networks say something


@pytest.mark.parametrize(("temperature", "min_p", "passes"), [(0.6, 0.2, 2), (1.6, 0.0, 0)])
def test_takes_are_what_tensorflow_says(
    network, reference, batch, temperature, min_p, passes
) -> None:
    """For all lengths and keys and any ensemble, as the training draws, and with refinement."""
    plain = {"phrase_end": 1.0, "lookahead": 0.0, "reweighting": 0.0, "particles": 1}
    parameters = SamplingParameters(temperature, min_p, **plain)
    compare(reference, in_numpy(network), batch, parameters, passes)


def trained(preset: str, corpus: Corpus, cut: windows.Windows) -> ChoraleGenerator:
    """A generator of a preset's sizes after some steps of likelihood."""
    block = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    sizes = Train.model_validate(block | {"preset": preset}).chorale
    rates = {"likelihood": 0.005, "generator": 0.001, "critic": 0.001}
    trainer = Trainer(smallest(chorale=sizes, batch=12, warmup=20, learning_rates=rates), 32)
    pool = batches.pool(corpus, cut, "train")
    for _ in range(20):
        trainer.step(batches.batch_at(pool, 12, 1, trainer.iteration, "melody"))
    network, random = trainer.networks.generator, np.random.default_rng(1)
    for head in network.heads:  # what a longer training teaches, so that successions count
        head.successors.assign_add(random.normal(0, 0.03, head.successors.shape))
    return network


@pytest.mark.parametrize("preset", ["chorale", pytest.param("long", marks=pytest.mark.long)])
def test_takes_of_trained_networks(preset: str, corpus: Corpus, cut: windows.Windows) -> None:
    """Of both presets, with what people compose with."""
    network = trained(preset, corpus, cut)
    short = ask_each([opening(piece.score, SHORT) for piece in corpus], SHORT)
    numpy, reference, seeds = in_numpy(network), Reference(network), np.arange(7)
    compare(reference, numpy, short, SamplingParameters(1.1, particles=1), 0)
    take = numpy.compose(short, seeds, passes=1, particles=1)
    for name in ("phrase_end", "lookahead", "reweighting"):  # each of them changes something
        other = numpy.compose(short, seeds, passes=1, particles=1, **{name: 0.01})
        assert not np.array_equal(other[0], take[0]), name


def judged_by(critic: ChoraleCritic, given: Conditioning, pitches: Any, onsets: Any) -> list[float]:
    """The mean score of the windows of each piece, the pieces one by one."""
    scores, layout = [], critic.layout
    composed = replace(given, pitches=pitches, onsets=onsets)
    for row, length in enumerate(inside(given).sum(axis=1)):
        arrays = (getattr(composed, field.name)[row] for field in fields(Conditioning))
        # The last window may end after the piece.
        longer = stack([Conditioning(*arrays)], given.steps + critic.steps)
        inputs = surrounded(longer, layout.vocabulary)
        index = ones(layout, *inputs.steps(0, inputs.tokens.shape[1]))
        seen = critic.embed(MultiHot.of(index[0], layout.judged.size))[None]
        starts = range(CONTEXT, CONTEXT + max(int(length), 1), 16)
        windows = [slice(start, start + critic.steps) for start in starts]
        worth = [
            critic(seen[:, at], inputs.mask[:, at], inputs.conditions[:, at]) for at in windows
        ]
        scores.append(float(np.mean(worth)))
    return scores


def test_scores_are_those_of_keras(network: ChoraleGenerator, batch: Conditioning) -> None:
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


def test_weights_that_change(network: ChoraleGenerator, batch: Conditioning) -> None:
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
