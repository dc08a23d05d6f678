"""Networks of the preset `chorale`: a composer that writes step by step, and its critic.

The generator reads everything that is given, before and after, by convolutions over time
(the *encoder*), and writes from left to right (the *decoder*): in each step soprano, bass, tenor
and alto in turn, each knowing the chord so far. Its latent is the Gumbel noise of every cell:
drawing by the largest sum of logit and noise is sampling from the softmax (Maddison et al. 2017).
Every cell gets exactly one pitch or a rest, so the critic sees what a listener hears.

Shapes: `batch`, `time` in sixteenths, `voice` 4, classes and relations from `representation`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from kantor.model import replicas
from kantor.model import representation as rep
from kantor.music.score import VOICES

Tensor = Any

ORDER = (0, 3, 2, 1)
"""Outer voices first: soprano, bass, tenor, alto."""
CONDITION = rep.METER + 12 + 2
BOLD = 30.0
"""Adam moves every weight about as far; what is seldom needed must move further to be learned."""
FEATURES = len(VOICES) * (rep.CLASSES + 1) + rep.RELATIONS
JUDGED = FEATURES + rep.SUCCESSIONS


Dropout = Callable[[Tensor], Tensor]


def no_dropout(tensor: Tensor) -> Tensor:
    """For composing: everything passes."""
    return tensor


def dropout(rate: float, seed: Tensor) -> Dropout:
    """Dropout of whole channels, each dropped for all steps of a piece.

    Its masks follow from a seed ``(2,) int``, each call drawing the next. One mask a piece is
    what Gal and Ghahramani (2016) propose for sequences; it also costs a thirtieth of the random
    numbers.
    """
    calls = count()

    def drop(tensor: Tensor) -> Tensor:
        own = tf.random.experimental.stateless_fold_in(seed, next(calls))
        shape = [tf.shape(tensor)[0], 1, tensor.shape[-1]]
        kept = replicas.uniform(shape, own) >= rate
        return tensor * tf.cast(kept, tensor.dtype) / (1 - rate)

    return drop if rate > 0 else no_dropout


class Piece(NamedTuple):
    """A batch as the networks take it.

    Attributes
    ----------
    classes : (batch, time, voice) int32
        See `representation`; where a sample is drawn, only the cells of the mask are read.
    onsets, mask : (batch, time, voice) float32
        The mask is 1 where a cell is given.
    conditions : (batch, time, 42) float32
        Of `condition`.
    collection : (batch,) int32
    """

    classes: Tensor
    onsets: Tensor
    mask: Tensor
    conditions: Tensor
    collection: Tensor


def shift(classes: Tensor) -> Tensor:
    """The classes of the step before each step, -1 before the first."""
    return tf.pad(classes[:, :-1], [[0, 0], [1, 0], [0, 0]], constant_values=-1)


def score_features(classes: Tensor, before: Tensor, onsets: Tensor) -> Tensor:
    """A step as pitches, onsets, intervals and motions: ``(…, FEATURES) float32``."""
    return tf.concat(
        [
            rep.flatten(rep.one_hot(classes)),
            onsets,
            rep.intervals(classes),
            rep.spacing(classes),
            rep.motion(classes, before),
        ],
        axis=-1,
    )


def judged_features(classes: Tensor, before: Tensor, onsets: Tensor) -> Tensor:
    """A step as the critic sees it: `score_features` and what follows what, ``(…, JUDGED)``."""
    features = score_features(classes, before, onsets)
    return tf.concat([features, rep.successions(classes, before)], axis=-1)


@keras.saving.register_keras_serializable("kantor")
class TimeConv(keras.layers.Layer):  # type: ignore[misc]
    """A convolution over time as one matrix product, which XLA on CPU runs (and derives) faster."""

    def __init__(self, units: int, kernel: int = 3, dilation: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.kernel, self.dilation = units, kernel, dilation
        self.dense = keras.layers.Dense(units)

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.dense.build((*shape[:-1], self.kernel * int(shape[-1] or 0)))

    def call(self, inputs: Tensor) -> Tensor:
        reach = self.dilation * (self.kernel // 2)
        length = tf.shape(inputs)[1]
        padded = tf.pad(inputs, [[0, 0], [reach, reach], [0, 0]])
        taps = [
            padded[:, tap * self.dilation : tap * self.dilation + length]
            for tap in range(self.kernel)
        ]
        return self.dense(tf.concat(taps, axis=-1))


def condition(bars: Tensor, fermatas: Tensor, inside: Tensor, collection: Tensor) -> Tensor:
    """What is known of each step besides notes: meter, fermata, end of the piece, key.

    Returns
    -------
    (batch, time, 42) float32
    """
    time = tf.shape(bars)[1]
    key = tf.one_hot(tf.cast(collection, tf.int32), 12)
    flags = tf.stack([tf.cast(fermatas, tf.float32), tf.cast(inside, tf.float32)], axis=-1)
    return tf.concat(
        [rep.meter_features(bars), flags, tf.repeat(key[:, None], time, axis=1)], axis=-1
    )


@keras.saving.register_keras_serializable("kantor")
class Encoder(keras.layers.Layer):  # type: ignore[misc]
    """Given cells and conditions to a context of each step, by residual dilated convolutions."""

    def __init__(self, width: int, dilations: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.entry = TimeConv(width, 3)
        self.layers = [TimeConv(width, 3, dilation) for dilation in dilations]
        self.width = width

    def build(self, shape: Any = None) -> None:
        channels = FEATURES + len(VOICES) + CONDITION
        self.entry.build((None, None, channels))
        for layer in self.layers:
            layer.build((None, None, self.width))

    def call(
        self,
        given: Tensor,
        onsets: Tensor,
        mask: Tensor,
        conditions: Tensor,
        drop: Dropout = no_dropout,
    ) -> Tensor:
        features = [score_features(given, shift(given), onsets), mask, conditions]
        hidden = tf.nn.relu(self.entry(tf.concat(features, axis=-1)))
        for layer in self.layers:
            hidden = hidden + drop(tf.nn.relu(layer(hidden)))
        return hidden


@keras.saving.register_keras_serializable("kantor")
class Head(keras.layers.Layer):  # type: ignore[misc]
    """One voice's pitch in one step, from its context and the chord so far.

    Besides a logit for each pitch it states preferences relative to what is known: for each motion
    from its own last pitch, for each interval class and each distance from every other voice.
    """

    def __init__(self, voice: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.voice = voice
        self.others = tuple(other for other in range(len(VOICES)) if other != voice)
        self.width = width
        self.hidden = keras.layers.Dense(width)
        self.sizes = [rep.CLASSES, rep.MOTIONS, *[12, rep.DISTANCES] * len(self.others), 1]
        self.outputs = keras.layers.Dense(sum(self.sizes))
        self.successors = [
            keras.layers.Dense(12, use_bias=False, kernel_initializer="zeros") for _ in self.others
        ]

    def build(self, context: int) -> None:
        chord = len(VOICES) * rep.CLASSES + rep.RELATIONS + 12 * len(rep.PAIRS)
        self.hidden.build((None, context + chord))
        self.outputs.build((None, self.width))
        for table in self.successors:
            table.build((None, rep.PROGRESSIONS))

    def call(
        self, context: Tensor, now: Tensor, before: Tensor, drop: Dropout = no_dropout
    ) -> Tensor:
        """Logits of the pitch and of striking it anew where it equals the last one.

        Parameters
        ----------
        context : (…, context)
        now : (…, voice) int32
            Classes of the step's chord, -1 where a voice is not known yet.
        before : (…, voice) int32
            Classes of the step before.

        Returns
        -------
        (…, CLASSES + 1)
        """
        features = [
            context,
            rep.flatten(rep.one_hot(now)),
            rep.intervals(now),
            rep.spacing(now),
            rep.motion(now, before),
            rep.intervals(before),
        ]
        out = self.outputs(drop(tf.nn.relu(self.hidden(tf.concat(features, axis=-1)))))
        pitch, moves, *wishes, strike = tf.split(out, self.sizes, axis=-1)
        pitch += rep.by_motion(moves, before[..., self.voice])
        for other, interval, distance, table in zip(
            self.others, wishes[::2], wishes[1::2], self.successors, strict=True
        ):
            interval += BOLD * table(rep.progressions(before, now, self.voice, other))
            pitch += rep.by_interval(interval, now[..., other])
            pitch += rep.by_distance(distance, now[..., other])
        return tf.concat([pitch, strike], axis=-1)


@keras.saving.register_keras_serializable("kantor")
class ChoraleGenerator(keras.Model):  # type: ignore[misc]
    """The generator; see the module. `reach` steps of its own past are seen by the decoder."""

    def __init__(
        self,
        width: int = 128,
        decoder: int = 256,
        memory: int = 64,
        reach: int = 16,
        dilations: tuple[int, ...] = (1, 2, 4, 8),
        **kwargs: Any,
    ) -> None:
        # A fixed name, not one counted up: equal models are saved as equal bytes.
        super().__init__(**{"name": "chorale_generator", **kwargs})
        self.width, self.decoder, self.memory, self.reach = width, decoder, memory, reach
        self.dilations = tuple(dilations)
        self.encoder = Encoder(width, tuple(dilations))
        self.remember = keras.layers.Dense(memory)
        self.entry = keras.layers.Dense(decoder)
        self.inner = keras.layers.Dense(decoder)
        self.heads = [Head(voice, width) for voice in range(len(VOICES))]
        self.build()

    def get_config(self) -> dict[str, Any]:
        return {
            "width": self.width,
            "decoder": self.decoder,
            "memory": self.memory,
            "reach": self.reach,
            "dilations": self.dilations,
        }

    def build(self, shape: Any = None) -> None:
        width, decoder = self.width, self.decoder
        self.encoder.build()
        self.remember.build((None, FEATURES))
        self.entry.build((None, self.reach * self.memory + width + CONDITION))
        self.inner.build((None, decoder))
        for head in self.heads:
            head.build(decoder)
        self.built = True

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

    def encode(self, piece: Piece, drop: Dropout = no_dropout) -> Tensor:
        """The context that the given cells make, ``(batch, time, width)``."""
        given = tf.where(piece.mask > 0, piece.classes, -1)
        return self.encoder(
            given, piece.mask * piece.onsets, piece.mask, piece.conditions, drop=drop
        )

    def logits(self, piece: Piece, start: int, stop: int, drop: Dropout = no_dropout) -> Tensor:
        """Logits of the cells from `start` to `stop`, each with its own past as in `piece`.

        Returns
        -------
        (batch, stop - start, voice, CLASSES + 1)
        """
        encoded = self.encode(piece, drop)[:, start:stop]
        traces = self.traces(piece, start, stop)
        past = tf.concat(
            [traces[:, lag : lag + stop - start] for lag in range(self.reach)], axis=-1
        )
        context = self.context(encoded, piece.conditions[:, start:stop], past, drop)
        classes, before = piece.classes[:, start:stop], shift(piece.classes)[:, start:stop]
        known = piece.mask[:, start:stop] > 0
        logits: list[Tensor] = [None] * len(VOICES)
        for voice in ORDER:
            logits[voice] = self.heads[voice](
                context, tf.where(known, classes, -1), before, drop=drop
            )
            known |= tf.one_hot(voice, len(VOICES)) > 0
        return tf.stack(logits, axis=-2)

    def traces(self, piece: Piece, start: int, stop: int) -> Tensor:
        """Traces of the steps from ``start - reach`` to `stop`, zero before the first."""
        first = max(0, start - self.reach)
        classes, before = piece.classes[:, first:stop], shift(piece.classes)[:, first:stop]
        traces = self.trace(classes, before, piece.onsets[:, first:stop])
        return tf.pad(traces, [[0, 0], [max(0, self.reach - start), 0], [0, 0]])


@keras.saving.register_keras_serializable("kantor")
class ChoraleCritic(keras.Model):  # type: ignore[misc]
    """Scores a chorale as a score and its relations; hears two bars at once and in detail.

    A stack of strided convolutions whose last layer is a dense one (the whole window), to which
    the mean of local scores (a step and its neighbours) is added.
    """

    def __init__(self, width: int = 192, steps: int = 32, **kwargs: Any) -> None:
        # A fixed name, not one counted up: equal models are saved as equal bytes.
        super().__init__(**{"name": "chorale_critic", **kwargs})
        self.width, self.steps = width, steps
        self.entry = TimeConv(width, 3)
        self.succession = keras.layers.Dense(width, use_bias=False)
        self.local = TimeConv(width, 3)
        self.strided = [keras.layers.Dense(width) for _ in range(3)]
        self.local_score = keras.layers.Dense(1)
        self.score = keras.layers.Dense(1)
        self.build()

    def get_config(self) -> dict[str, Any]:
        return {"width": self.width, "steps": self.steps}

    def build(self, shape: Any = None) -> None:
        self.entry.build((None, None, FEATURES + len(VOICES) + CONDITION))
        self.succession.build((None, rep.SUCCESSIONS))
        self.local.build((None, None, self.width))
        for layer in self.strided:
            layer.build((None, None, 2 * self.width))
        self.local_score.build((None, None, self.width))
        self.score.build((None, self.steps // 2 ** len(self.strided) * self.width))
        self.built = True

    def call(self, features: Tensor, mask: Tensor, conditions: Tensor) -> Tensor:
        """Scores ``(batch,)`` of ``(batch, time, JUDGED)``, given mask and conditions."""
        seen, successions = features[..., :FEATURES], features[..., FEATURES:]
        hidden = self.entry(tf.concat([seen, mask, conditions], axis=-1))
        hidden = leaky(hidden + self.succession(successions))
        hidden = hidden + leaky(self.local(hidden))
        local = tf.reduce_mean(self.local_score(hidden), axis=(1, 2))
        for layer in self.strided:
            shape = tf.shape(hidden)
            hidden = tf.reshape(hidden, [shape[0], -1, 2 * self.width])
            hidden = leaky(layer(hidden))
        flat = tf.reshape(hidden, [tf.shape(hidden)[0], self.score.kernel.shape[0]])
        return self.score(flat)[:, 0] + local


def leaky(tensor: Tensor) -> Tensor:
    """Leaky ReLU with slope 0.2."""
    return tf.nn.leaky_relu(tensor, 0.2)
