"""Composing in TensorFlow, said plainly in terms of the heads' logits: what numpy must equal.

The training draws without looking ahead and without weighing given lines, so `sampling.draw` is not
all that composing does.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from kantor.model.nets import heads, sampling
from kantor.model.nets.chorale import ChoraleGenerator
from kantor.model.nets.features import Inputs, to_inputs
from kantor.model.nets.heads import SUCCESSOR_SCALE
from kantor.music.conditioning import Conditioning
from kantor.music.score import REST as SILENT
from kantor.network.layout import CONTEXT, LARGEST_MOTION, MOTIONS
from kantor.network.tokens import REST, UNKNOWN, Vocabulary
from kantor.runtime import SamplingParameters
from kantor.runtime.pieces import inside
from kantor.runtime.sampling import latent, refine

Take = tuple[np.ndarray, np.ndarray]


def surrounded(given: Conditioning, vocabulary: Vocabulary) -> Inputs:
    """A batch as the networks read it, with `CONTEXT` steps outside each piece around it."""
    around = ((0, 0), (CONTEXT, CONTEXT), (0, 0))
    within = np.pad(inside(given), around[:2])
    last = CONTEXT + np.maximum(inside(given).sum(axis=1), 1) - 1
    at = np.clip(np.arange(within.shape[1])[None], CONTEXT, last[:, None]) - CONTEXT
    arrays = {
        "pitches": np.pad(given.pitches, around, constant_values=SILENT),
        "onsets": np.pad(given.onsets, around),
        "mask": np.pad(given.mask, around, constant_values=True),
        "bars": np.take_along_axis(given.bars, at[..., None], axis=1),
        "fermatas": np.pad(given.fermatas, around[:2]) * within,
        "inside": within,
        "major_tonic": given.major_tonic,
    }
    return to_inputs(arrays, vocabulary)


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
        self._head = [self._logits_of(line) for line in range(len(self.order))]

    def _logits_of(self, line: int) -> Any:
        @tf.function(autograph=False)
        def logits(context: Any, now: Any, before: Any) -> Any:
            own = self.network.heads[line : line + 1]
            return [part[0] for part in heads.logits(own, context, now[None], before)]

        return logits

    def compose(
        self, given: Conditioning, seeds: np.ndarray, parameters: SamplingParameters, passes: int
    ) -> Take:
        return refine(self._once, given, seeds, parameters, passes)

    def _once(self, given: Conditioning, seeds: np.ndarray, parameters: SamplingParameters) -> Take:
        self.parameters, temperature = parameters, parameters.temperature
        inputs = surrounded(given, self.layout.vocabulary)
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
            ahead = given.fermatas[:, step : step + 5]  # a quarter before as well
            phrase_ends = (ahead == 1).any(axis=1)
            cool = np.where(phrase_ends, temperature * self.parameters.phrase_end, temperature)
            cool = cool.astype(np.float32)
            now, again = shown[:, at].copy(), np.zeros(before.shape, bool)
            for line in self.order:
                choice, onset = self._weighed(line, context, now, before, shown[:, at + 1], cool)
                logits = choice / cool[:, None] + self.bias[:, line]
                likely = sampling.truncate(tf.constant(logits), self.parameters.min_p)
                token = 1 + sampling.choose(likely, numbers[:, step, 0, line]).numpy()
                now[:, line] = np.where(now[:, line] == UNKNOWN, token, now[:, line])
                again[:, line] = tf.sigmoid(onset / cool) > numbers[:, step, 1, line]
                again[:, line] |= line >= self.layout.ensemble.pitched
            onsets = (now > REST) & ((now != before) | again)
            onsets = np.where(shown[:, at] == UNKNOWN, onsets, inputs.onsets[:, at].numpy() > 0)
            trace = self.network.trace(now, before, tf.cast(onsets, tf.float32))
            past = tf.concat([past[:, 1:], trace[:, None]], axis=1)
            before = now
            drawn.append(now)
            starts.append(onsets)
        pitches = self.layout.vocabulary.to_pitches(np.stack(drawn, axis=1), given.major_tonic)
        onsets = np.where(given.mask, given.onsets, np.stack(starts, axis=1))
        return np.where(given.mask, given.pitches, pitches), onsets

    def _weighed(
        self, line: int, context: Any, now: Any, before: Any, ahead: Any, temperature: Any
    ) -> Take:
        """A line's logits, plus what the next step and the given later lines say."""
        parameters = self.parameters
        choice, onset = (part.numpy() for part in self._head[line](context, now, before))
        if parameters.lookahead:
            choice = choice + parameters.lookahead * self._gains(line, now, ahead)
        if not parameters.reweighting:
            return choice, onset
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

    def _said(self, later: int, line: int, context: Any, now: Any, before: Any) -> np.ndarray:
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

    def _completed(self, line: int, other: int, own: Any, others: Any) -> float:
        """What a line's head prefers an interval by, after the interval and motion before it."""
        motion = others[1] - others[0] + LARGEST_MOTION
        if not 0 <= motion < MOTIONS:
            return 0.0
        row = (own[0] - others[0]) % 12 * MOTIONS + motion
        return float(self.successors[line, other][row, (own[1] - others[1]) % 12])
