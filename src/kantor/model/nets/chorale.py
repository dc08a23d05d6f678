"""The generator of the preset `chorale`: a composer that writes step by step.

It reads everything that is given, before and after, by convolutions over time (the *encoder*),
and writes from left to right (the *decoder*): in each step soprano, bass, tenor and alto in turn,
each knowing the chord so far. Every cell gets exactly one pitch or a rest, so the critic sees what
a listener hears.

Shapes: `batch`, `time` in sixteenths, `voice` 4, classes and relations from `representation`.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kantor.model.nets import heads
from kantor.model.nets import representation as rep
from kantor.model.nets.heads import Head
from kantor.model.nets.inputs import CONDITION, FEATURES, Piece, score_features, shift
from kantor.model.nets.layers import Dropout, TimeConv, no_dropout
from kantor.music.score import VOICES
from kantor.runtime import pitches

Tensor = Any

ORDER = pitches.ORDER
FIRM = 10.0
"""As `heads.BOLD`, for what all steps of a voice share."""


@keras.saving.register_keras_serializable("kantor")
class Encoder(keras.layers.Layer):  # type: ignore[misc]
    """Given cells and conditions to a context of each step, by residual dilated convolutions."""

    def __init__(self, width: int, dilations: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.entry = keras.layers.Dense(width)
        self.layers = [TimeConv(width, 3, dilation) for dilation in dilations]
        self.width = width

    def build(self, shape: Any = None) -> None:
        """Make all weights."""
        self.entry.build((None, FEATURES + len(VOICES) + CONDITION))
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
        """``(batch, time, width)`` of given cells, -1 where none is given.

        Not `padded`: only the steps that have `reach` steps on either side.
        """
        features = [score_features(given, shift(given), onsets), mask, conditions]
        hidden = tf.nn.relu(self.entry(tf.concat(features, axis=-1)))
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

    Parameters
    ----------
    width, dilations
        Units and dilations of the encoder's convolutions.
    decoder, head
        Units of the decoder's layers and of each voice's hidden layer.
    memory, reach
        Units kept of each step of its own past, and how many steps of it the decoder sees.
    """

    def __init__(
        self,
        width: int = 96,
        decoder: int = 192,
        head: int = 96,
        memory: int = 32,
        reach: int = 16,
        dilations: tuple[int, ...] = (1, 2, 4, 8),
        **kwargs: Any,
    ) -> None:
        # A fixed name, not one counted up: equal models are saved as equal bytes.
        super().__init__(**{"name": "chorale_generator", **kwargs})
        self.width, self.decoder, self.head = width, decoder, head
        self.memory, self.reach = memory, reach
        self.dilations = tuple(dilations)
        self.encoder = Encoder(width, tuple(dilations))
        self.remember = keras.layers.Dense(memory)
        self.entry = keras.layers.Dense(decoder)
        self.inner = keras.layers.Dense(decoder)
        self.heads = [Head(voice, head) for voice in range(len(VOICES))]
        shape = (len(VOICES), rep.MIDI)
        self.tessitura = self.add_weight(shape=shape, initializer="zeros", name="tessitura")
        self.build()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this network again."""
        return {
            "width": self.width,
            "decoder": self.decoder,
            "head": self.head,
            "memory": self.memory,
            "reach": self.reach,
            "dilations": self.dilations,
        }

    def build(self, shape: Any = None) -> None:
        """Make all weights."""
        width, decoder = self.width, self.decoder
        self.encoder.build()
        self.remember.build((None, FEATURES))
        self.entry.build((None, self.reach * self.memory + width + CONDITION))
        self.inner.build((None, decoder))
        for head in self.heads:
            head.build(decoder)
        self.built = True

    def bias(self, major_tonic: Tensor) -> Tensor:
        """What is added to a voice's logits in all steps: ``(batch, voice, CLASSES)``.

        A large negative number outside the voice's range; within it, how the voice likes to lie,
        learned for MIDI numbers and so for all keys together.
        """
        midi = rep.BASE + tf.range(rep.CLASSES) + rep.frame_shift(major_tonic)[:, None]
        learned = tf.gather(self.tessitura, midi, axis=1)
        return rep.range_bias(major_tonic) + FIRM * tf.transpose(learned, [1, 0, 2])

    def trace(self, classes: Tensor, before: Tensor, onsets: Tensor) -> Tensor:
        """What the decoder keeps of a step: ``(…, memory)``."""
        return tf.nn.relu(self.remember(score_features(classes, before, onsets)))

    def context(
        self, encoded: Tensor, conditions: Tensor, past: Tensor, drop: Dropout = no_dropout
    ) -> Tensor:
        """What the heads know of a step before its chord: ``(…, decoder)``.

        ``past (…, reach * memory)`` holds the traces of the steps before, the oldest first.
        """
        hidden = tf.nn.relu(self.entry(tf.concat([drop(past), encoded, conditions], axis=-1)))
        return hidden + drop(tf.nn.relu(self.inner(drop(hidden))))

    def encode(self, piece: Piece, start: int, stop: Tensor, drop: Dropout = no_dropout) -> Tensor:
        """The context that the given cells make from `start` to `stop`: ``(batch, …, width)``."""
        given = tf.where(piece.mask > 0, piece.classes, -1)
        read = given, piece.mask * piece.onsets, piece.mask, piece.conditions
        low, reach = start - self.encoder.reach, self.encoder.reach
        span = piece.classes.shape[1]
        if low < 1 or not isinstance(stop, int) or span is None or stop + reach > span:
            return self.encoder(*read, drop=drop)[:, start:stop]
        # With enough around them, the window's steps are computed alone. The first step that is
        # read needs the one before it, of which it shows the motion.
        part = (tensor[:, low - 1 : stop + reach] for tensor in read)
        return self.encoder(*part, drop=drop, padded=False)[:, 1:]

    def logits(self, piece: Piece, start: int, stop: int, drop: Dropout = no_dropout) -> Tensor:
        """Logits of the cells from `start` to `stop`, each with its own past as in `piece`.

        Returns
        -------
        (batch, stop - start, voice, CLASSES + 1)
        """
        encoded = self.encode(piece, start, stop, drop)
        traces = self.traces(piece, start, stop)
        past = tf.concat(
            [traces[:, lag : lag + stop - start] for lag in range(self.reach)], axis=-1
        )
        context = self.context(encoded, piece.conditions[:, start:stop], past, drop)
        classes, before = piece.classes[:, start:stop], shift(piece.classes)[:, start:stop]
        known, chords = piece.mask[:, start:stop] > 0, {}
        for voice in ORDER:
            chords[voice] = tf.where(known, classes, -1)
            known |= tf.one_hot(voice, len(VOICES)) > 0
        now = tf.stack([chords[voice] for voice in range(len(VOICES))])
        return tf.stack(tf.unstack(heads.logits(self.heads, context, now, before, drop)), axis=-2)

    def traces(self, piece: Piece, start: int, stop: int) -> Tensor:
        """Traces of the steps from ``start - reach`` to `stop`, zero before the first."""
        first = max(0, start - self.reach)
        classes, before = piece.classes[:, first:stop], shift(piece.classes)[:, first:stop]
        traces = self.trace(classes, before, piece.onsets[:, first:stop])
        return tf.pad(traces, [[0, 0], [max(0, self.reach - start), 0], [0, 0]])
