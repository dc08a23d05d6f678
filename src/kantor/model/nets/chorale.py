"""The generator of the preset `chorale`: a composer that writes step by step.

It reads everything that is given, before and after, by convolutions over time (the *encoder*),
and writes from left to right (the *decoder*): in each step one line after the other, in the
ensemble's order, each knowing the chord so far. Every cell gets exactly one pitch, hit or rest, so
the critic sees what a listener hears.

Shapes: `batch`, `time` in sixteenths, `line` of the ensemble; tokens and features from
`kantor.network`.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kantor.ensemble import SATB, Ensemble
from kantor.model import Tensor
from kantor.model.nets import heads
from kantor.model.nets.features import Inputs, features, midi_of_choices, range_bias, shift
from kantor.model.nets.heads import Head, Logits
from kantor.model.nets.layers import Dropout, TimeConv, no_dropout
from kantor.network.layout import MIDI, Layout
from kantor.network.tokens import UNKNOWN

TESSITURA_SCALE = 10.0
"""As `heads.SUCCESSOR_SCALE`, for what all steps of a line share."""


class Encoder(keras.layers.Layer):  # type: ignore[misc]
    """Given cells and conditions to a context of each step, by residual dilated convolutions."""

    def __init__(self, layout: Layout, width: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.layout, self.width = layout, width
        self.entry = keras.layers.Dense(width)
        self.layers = [TimeConv(width, dilation) for dilation in dilations]

    def build(self, shape: Any = None) -> None:
        """Make all weights."""
        self.entry.build((None, self.layout.read.size))
        for layer in self.layers:
            layer.build((None, None, self.width))

    def call(
        self,
        given: Tensor,
        onsets: Tensor,
        mask: Tensor,
        conditions: Tensor,
        drop: Dropout = no_dropout,
        padded: bool = True,
    ) -> Tensor:
        """``(batch, time, width)`` of the tokens of given cells, the others not known.

        Not `padded`: only the steps that have `reach` steps on either side.
        """
        score = features(self.layout.score, self.layout, given, shift(given), onsets)
        hidden = tf.nn.relu(self.entry(tf.concat([score, mask, conditions], axis=-1)))
        for layer in self.layers:
            own = hidden if padded else hidden[:, layer.reach : -layer.reach]
            hidden = own + drop(tf.nn.relu(layer(hidden, padded=padded)))
        return hidden

    @property
    def reach(self) -> int:
        """Steps that are seen on either side of a step."""
        return sum(layer.reach for layer in self.layers)


@keras.saving.register_keras_serializable("kantor")
class ChoraleGenerator(keras.Model):  # type: ignore[misc]
    """The generator; see the module.

    `width`, `decoder` and `head` are units of the encoder's convolutions, of the decoder's layers
    and of each head's hidden layer. The decoder sees `reach` steps of its own past, `memory` units
    of each. The ensemble is a dict, as Keras stores it, where a network is read.
    """

    def __init__(
        self,
        width: int = 96,
        decoder: int = 192,
        head: int = 96,
        memory: int = 32,
        reach: int = 16,
        dilations: tuple[int, ...] = (1, 2, 4, 8),
        ensemble: Ensemble | dict[str, Any] = SATB,
        **kwargs: Any,
    ) -> None:
        # A fixed name, not one counted up: equal models are saved as equal bytes.
        super().__init__(**{"name": "chorale_generator", **kwargs})
        self.width, self.decoder, self.head = width, decoder, head
        self.memory, self.reach, self.dilations = memory, reach, tuple(dilations)
        self.ensemble = Ensemble.from_dict(ensemble) if isinstance(ensemble, dict) else ensemble
        self.layout = Layout(self.ensemble)
        self.encoder = Encoder(self.layout, width, self.dilations)
        self.remember = keras.layers.Dense(memory)
        self.entry = keras.layers.Dense(decoder)
        self.inner = keras.layers.Dense(decoder)
        self.heads = [Head(self.layout, line, head) for line in range(len(self.ensemble))]
        shape = (self.ensemble.pitched, MIDI)
        self.tessitura = self.add_weight(shape=shape, initializer="zeros", name="tessitura")
        self.build()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this network again."""
        sizes = ("width", "decoder", "head", "memory", "reach", "dilations")
        return {name: getattr(self, name) for name in sizes} | {"ensemble": self.ensemble.to_dict()}

    def build(self, shape: Any = None) -> None:
        """Make all weights."""
        self.encoder.build()
        self.remember.build((None, self.layout.score.size))
        self.entry.build((None, self.layout.decoder(self.reach, self.memory, self.width).size))
        self.inner.build((None, self.decoder))
        for head in self.heads:
            head.build(self.decoder)
        self.built = True

    def bias(self, major_tonic: Tensor) -> Tensor:
        """What is added to a line's logits in all steps: ``(batch, line, choice)``.

        A large negative number outside the line's range; within it, how a pitched line likes to
        lie, learned for MIDI numbers and so for all keys together.
        """
        vocabulary = self.layout.vocabulary
        midi = tf.clip_by_value(midi_of_choices(vocabulary, major_tonic), 0, MIDI - 1)
        learned = tf.transpose(tf.gather(self.tessitura, midi, axis=1), [1, 0, 2])
        learned = tf.pad(learned, [[0, 0], [0, len(self.ensemble) - self.ensemble.pitched], [0, 0]])
        return range_bias(vocabulary, major_tonic) + TESSITURA_SCALE * learned

    def trace(self, tokens: Tensor, before: Tensor, onsets: Tensor) -> Tensor:
        """What the decoder keeps of a step: ``(…, memory)``."""
        score = features(self.layout.score, self.layout, tokens, before, onsets)
        return tf.nn.relu(self.remember(score))

    def context(
        self, encoded: Tensor, conditions: Tensor, past: Tensor, drop: Dropout = no_dropout
    ) -> Tensor:
        """What the heads know of a step before its chord: ``(…, decoder)``.

        ``past (…, reach * memory)`` holds the traces of the steps before, the oldest first.
        """
        hidden = tf.nn.relu(self.entry(tf.concat([drop(past), encoded, conditions], axis=-1)))
        return hidden + drop(tf.nn.relu(self.inner(drop(hidden))))

    def encode(self, inputs: Inputs, start: int, stop: int, drop: Dropout = no_dropout) -> Tensor:
        """The context that the given cells make from `start` to `stop`: ``(batch, …, width)``."""
        given = tf.where(inputs.mask > 0, inputs.tokens, UNKNOWN)
        read = given, inputs.mask * inputs.onsets, inputs.mask, inputs.conditions
        low, reach = start - self.encoder.reach, self.encoder.reach
        if low < 1 or stop + reach > inputs.tokens.shape[1]:
            return self.encoder(*read, drop=drop)[:, start:stop]
        # With enough around them, the window's steps are computed alone. The first step that is
        # read needs the one before it, of which it shows the motion.
        part = (tensor[:, low - 1 : stop + reach] for tensor in read)
        return self.encoder(*part, drop=drop, padded=False)[:, 1:]

    def logits(self, inputs: Inputs, start: int, stop: int, drop: Dropout = no_dropout) -> Logits:
        """Logits of the cells from `start` to `stop`, each with its own past as in `inputs`.

        They are ``(batch, stop - start, line, choice)``, `bias` included, and ``(batch, stop -
        start, line)``.
        """
        encoded = self.encode(inputs, start, stop, drop)
        traces, steps = self.traces(inputs, start, stop), stop - start
        past = tf.concat([traces[:, lag : lag + steps] for lag in range(self.reach)], axis=-1)
        context = self.context(encoded, inputs.conditions[:, start:stop], past, drop)
        tokens, before, _ = inputs.steps(start, stop)
        known, chords = inputs.mask[:, start:stop] > 0, {}
        for line in self.ensemble.order:
            chords[line] = tf.where(known, tokens, UNKNOWN)
            known |= tf.one_hot(line, len(self.ensemble)) > 0
        now = tf.stack([chords[line] for line in range(len(self.ensemble))])
        choice, onset = heads.logits(self.heads, context, now, before, drop)
        choice = tf.stack(tf.unstack(choice), axis=-2) + self.bias(inputs.major_tonic)[:, None]
        return Logits(choice, tf.stack(tf.unstack(onset), axis=-1))

    def traces(self, inputs: Inputs, start: int, stop: int) -> Tensor:
        """Traces of the steps from ``start - reach`` to `stop`, zero before the first."""
        first = max(0, start - self.reach)
        traces = self.trace(*inputs.steps(first, stop))
        return tf.pad(traces, [[0, 0], [max(0, self.reach - start), 0], [0, 0]])
