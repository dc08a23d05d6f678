"""What people compose with, by numpy, is what the trained networks say in TensorFlow.

The training draws without looking ahead and without weighing given lines
(`kantor.model.nets.sampling.draw`, compared in `test_weights`). So the reference here says plainly,
in terms of the heads' logits in TensorFlow, what the defaults mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from tests.model.test_weights import surrounded

from kantor import runtime
from kantor.data.corpus import Corpus
from kantor.hyperparameters import Train
from kantor.model import generator
from kantor.model.generator import weights_of
from kantor.model.nets import heads, sampling
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.features import to_inputs
from kantor.model.nets.heads import SUCCESSOR_SCALE
from kantor.model.presets import Chorale
from kantor.music.conditioning import Conditioning, stack
from kantor.network.layout import CONTEXT, LARGEST_MOTION, MOTIONS
from kantor.network.tokens import REST, UNKNOWN
from kantor.runtime import SamplingParameters
from kantor.runtime.sampling import latent, refine

ROOT = Path(__file__).parents[2]
GIVEN = {
    "soprano": (0,),
    "bass": (3,),
    "an inner voice": (1,),
    "inner voices": (1, 2),
    "all but the tenor": (0, 1, 3),
    "every other quarter": (),
    "nothing": (),
}
SHORT = 32  # steps of each piece


def mask_of(kind: str) -> np.ndarray:
    """The cells ``(time, line)`` that a person gives."""
    mask = np.zeros((SHORT, 4), bool)
    mask[:, GIVEN[kind]] = True
    if kind == "every other quarter":
        mask[np.arange(SHORT) // 4 % 2 == 0] = True
    return mask


def first_steps(score: Any, mask: np.ndarray) -> Conditioning:
    whole = np.zeros(score.pitches.shape, bool)
    whole[:SHORT] = mask
    given = Conditioning.from_score(score, whole)
    parts = {name: getattr(given, name) for name in Conditioning.__dataclass_fields__}
    return Conditioning(
        **{name: part[:SHORT] if np.ndim(part) else part for name, part in parts.items()}
    )


@pytest.fixture(scope="module")
def batch(corpus: Corpus) -> Conditioning:
    """Pieces of several keys and meters; of each, other cells are given."""
    pairs = zip((*corpus, corpus[0]), GIVEN, strict=True)
    return stack([first_steps(piece.score, mask_of(kind)) for piece, kind in pairs])


def trained(preset: str, corpus: Corpus) -> ChoraleGenerator:
    """A generator of a preset's sizes after some steps of likelihood."""
    keras.utils.set_random_seed(2)
    block = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    network = Chorale(Train.model_validate(block | {"preset": preset}).chorale).generator
    whole = stack([first_steps(piece.score, mask_of("soprano")) for piece in corpus])
    known = [piece.score.pitches[:SHORT] for piece in corpus]
    arrays = surrounded(whole)
    steps = slice(CONTEXT, CONTEXT + SHORT)
    pitches, onsets = arrays["pitches"].numpy(), arrays["onsets"].numpy()
    pitches[:, steps] = known
    onsets[:, steps] = [piece.score.onsets[:SHORT] for piece in corpus]
    arrays |= {"pitches": tf.constant(pitches), "onsets": tf.constant(onsets)}
    inputs = to_inputs(arrays, network.layout.vocabulary)
    adam = keras.optimizers.Adam(0.005)
    adam.build(network.trainable_variables)

    @tf.function(autograph=False)
    def step() -> None:
        with tf.GradientTape() as tape:
            loss = sampling.likelihood(network, inputs, steps.start, steps.stop)
        variables = network.trainable_variables
        adam.apply(tape.gradient(loss, variables), variables)

    for _ in range(20):
        step()
    random = np.random.default_rng(1)
    for head in network.heads:  # what a longer training teaches, so that successions count
        head.successors.assign_add(random.normal(0, 0.03, head.successors.shape))
    return network


class Reference:
    """Composes with TensorFlow, step by step, line by line."""

    def __init__(self, network: ChoraleGenerator) -> None:
        self.network, self.order = network, network.ensemble.order
        self.layout = network.layout
        self.successors = {
            (head.line, other): SUCCESSOR_SCALE * head.successors[place].numpy()
            for head in network.heads
            for place, other in enumerate(self.layout.others(head.line))
        }
        self._head = [
            tf.function(self._logits_of(line), autograph=False) for line in range(len(self.order))
        ]

    def _logits_of(self, line: int) -> Any:
        def logits(context: Any, now: Any, before: Any) -> Any:
            own = self.network.heads[line : line + 1]
            return [part[0] for part in heads.logits(own, context, now[None], before)]

        return logits

    def compose(
        self, given: Conditioning, seeds: np.ndarray, parameters: SamplingParameters, passes: int
    ) -> tuple[np.ndarray, np.ndarray]:
        def once(given: Conditioning, seeds: np.ndarray, temperature: float) -> Any:
            return self._once(given, seeds, parameters, temperature)

        take = once(given, seeds, parameters.temperature)
        return refine(once, given, take, seeds, parameters.temperature, passes)

    def _once(
        self, given: Conditioning, seeds: np.ndarray, parameters: SamplingParameters, hot: float
    ) -> tuple[np.ndarray, np.ndarray]:
        inputs = to_inputs(surrounded(given), self.layout.vocabulary)
        numbers = np.stack([latent(int(seed), given.steps, len(self.order)) for seed in seeds])
        shown = np.where(inputs.mask.numpy() > 0, inputs.tokens.numpy(), UNKNOWN)
        encoded = self.network.encode(inputs, CONTEXT, CONTEXT + given.steps)
        self.bias = self.network.bias(inputs.major_tonic).numpy()
        past = self.network.traces(inputs, CONTEXT, CONTEXT)
        before, drawn, starts = shown[:, CONTEXT - 1], [], []
        for step in range(given.steps):
            at = CONTEXT + step
            flat = tf.reshape(past, [len(seeds), -1])
            context = self.network.context(encoded[:, step], inputs.conditions[:, at], flat)
            phrase_ends = given.fermatas[:, step : step + 5].any(axis=1)  # a quarter before as well
            cool = np.where(phrase_ends, hot * parameters.phrase_end, hot).astype(np.float32)
            now, again = shown[:, at].copy(), np.zeros(before.shape, bool)
            for line in self.order:
                choice, onset = self._weighed(
                    line, context, now, before, shown[:, at + 1], parameters, cool
                )
                likely = sampling.truncate(
                    tf.constant(choice / cool[:, None] + self.bias[:, line]), parameters.min_p
                )
                token = 1 + sampling.choose(likely, numbers[:, step, 0, line]).numpy()
                now[:, line] = np.where(now[:, line] == UNKNOWN, token, now[:, line])
                again[:, line] = tf.sigmoid(onset / cool) > numbers[:, step, 1, line]
            onsets = (now > REST) & ((now != before) | again)
            onsets = np.where(shown[:, at] == UNKNOWN, onsets, inputs.onsets[:, at].numpy() > 0)
            trace = self.network.trace(now, before, tf.cast(onsets, tf.float32))
            past = tf.concat([past[:, 1:], trace[:, None]], axis=1)
            before = now
            drawn.append(now)
            starts.append(onsets)
        pitches = self.layout.vocabulary.to_pitches(np.stack(drawn, axis=1), given.major_tonic)
        return (
            np.where(given.mask, given.pitches, pitches),
            np.where(given.mask, given.onsets, np.stack(starts, axis=1)),
        )

    def _weighed(
        self,
        line: int,
        context: Any,
        now: np.ndarray,
        before: np.ndarray,
        ahead: np.ndarray,
        parameters: SamplingParameters,
        temperature: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """A line's logits, plus what the next step and the given later lines say."""
        choice, onset = (part.numpy() for part in self._head[line](context, now, before))
        choice = choice + parameters.lookahead * self._gains(line, now, ahead)
        whole = choice + self.bias[:, line]
        # What min_p leaves before the lines are weighed; nothing else is taken.
        gap = -np.log(parameters.min_p) * np.maximum(temperature, 1)
        left = whole >= (whole.max(axis=1) - gap)[:, None]
        for later in self.order[self.order.index(line) + 1 :]:
            in_range = self.bias[np.arange(len(now)), later, now[:, later] - 1] > -1e8
            rows = np.flatnonzero((now[:, later] > REST) & in_range)
            if len(rows):
                said = self._said(later, line, context, now, before)
                weighed = np.where(left, parameters.reweighting * said, sampling.NEVER)
                choice[rows] += weighed[rows]
        return choice, onset

    def _said(
        self, later: int, line: int, context: Any, now: np.ndarray, before: np.ndarray
    ) -> np.ndarray:
        """How likely a later line's head holds its given pitch for each choice of a line."""
        choices = self.layout.vocabulary.choices
        supposed = np.repeat(now, choices, axis=0)
        supposed[:, line] = np.tile(1 + np.arange(choices), len(now))
        supposed[:, list(self.order[self.order.index(later) :])] = UNKNOWN
        logits = self._head[later](
            tf.repeat(context, choices, axis=0), supposed, np.repeat(before, choices, axis=0)
        )[0].numpy()
        logits = logits.reshape(len(now), choices, choices) + self.bias[:, None, later]
        likely = tf.nn.log_softmax(logits).numpy()
        return likely[np.arange(len(now)), :, now[:, later] - 1]

    def _gains(self, line: int, now: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        """What each choice gains where a line and another one are given in the next step."""
        gains = np.zeros((len(now), self.layout.vocabulary.choices), np.float32)
        for row, other in np.ndindex(*now.shape):
            known = min(now[row, other], ahead[row, line], ahead[row, other]) > REST
            if other == line or not known or now[row, other] == ahead[row, other]:
                continue
            for token in range(REST + 1, 1 + gains.shape[1]):
                if token != ahead[row, line]:
                    steps = (token, ahead[row, line]), (now[row, other], ahead[row, other])
                    gains[row, token - 1] += self._completed(line, other, *steps)
                    gains[row, token - 1] += self._completed(other, line, *steps[::-1])
        return gains

    def _completed(
        self, line: int, other: int, own: tuple[int, int], others: tuple[int, int]
    ) -> float:
        """What a line's head prefers an interval by, after the interval and motion before it."""
        motion = others[1] - others[0] + LARGEST_MOTION
        if not 0 <= motion < MOTIONS:
            return 0.0
        row = (own[0] - others[0]) % 12 * MOTIONS + motion
        return float(self.successors[line, other][row, (own[1] - others[1]) % 12])


@pytest.mark.parametrize("preset", ["chorale", pytest.param("long", marks=pytest.mark.long)])
def test_takes_are_what_tensorflow_says(preset: str, corpus: Corpus, batch: Conditioning) -> None:
    """Note for note and onset for onset, of trained networks of both presets: with the defaults,
    and warmer with a pass of refinement, for each kind of given cells."""
    network = trained(preset, corpus)
    numpy, seeds = runtime.Generator(weights_of(network), {"preset": preset}), np.arange(7)
    compare(network, numpy, batch)
    take = numpy.compose(batch, seeds, passes=1)
    for name in ("phrase_end", "lookahead", "reweighting"):  # each of them changes something
        other = numpy.compose(batch, seeds, passes=1, **{name: 0.01})
        assert not np.array_equal(other[0], take[0]), name


@pytest.mark.skipif(not (ROOT / "build/model/generator.keras").is_file(), reason="no model built")
def test_the_built_model_composes_what_tensorflow_says(batch: Conditioning) -> None:
    """The same of the model that the line has made."""
    network = generator.load(ROOT / "build/model").network
    compare(network, runtime.load(ROOT / "build/model"), batch)


def compare(network: ChoraleGenerator, numpy: runtime.Generator, batch: Conditioning) -> None:
    reference, seeds = Reference(network), np.array([5, 2**63 - 1, 0, -4, 17, 6, 1], np.int64)
    for passes, parameters in ((0, SamplingParameters()), (1, SamplingParameters(1.1))):
        expected = reference.compose(batch, seeds, parameters, passes)
        take = numpy.compose(batch, seeds, temperature=parameters.temperature, passes=passes)
        for row, kind in enumerate(GIVEN):
            assert np.array_equal(take[0][row], expected[0][row]), kind
            assert np.array_equal(take[1][row], expected[1][row]), kind
        assert len(np.unique(take[0][~batch.mask])) > 15  # the networks say something
