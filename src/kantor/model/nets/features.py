"""A batch as the networks of `chorale` take it, and the features that they see of a step.

`kantor.network` has the tokens and the layout of the features; here they are computed in
TensorFlow. Tokens are int32, features float32.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kantor.model import Batch, Tensor
from kantor.network import layout as places
from kantor.network.layout import CONDITIONS, METER, Blocks, Layout, Place
from kantor.network.tokens import DRUM_CHOICES, HIT, REST, UNKNOWN, Vocabulary, frame_shift


class Inputs(NamedTuple):
    """A batch as the networks take it.

    Attributes
    ----------
    tokens : (batch, time, line) int32
        Where a sample is drawn, only the cells of the mask are read.
    onsets, mask : (batch, time, line) float32
        The mask is 1 where a cell is given.
    conditions : (batch, time, CONDITIONS) float32
        See `conditions`.
    major_tonic : (batch,) int32
    """

    tokens: Tensor
    onsets: Tensor
    mask: Tensor
    conditions: Tensor
    major_tonic: Tensor

    def written(self, tokens: Tensor, onsets: Tensor, start: int, stop: int) -> Inputs:
        """The same with a sample in the steps from `start` to `stop`."""
        return self._replace(
            tokens=tf.concat([self.tokens[:, :start], tokens, self.tokens[:, stop:]], axis=1),
            onsets=tf.concat([self.onsets[:, :start], onsets, self.onsets[:, stop:]], axis=1),
        )

    def steps(self, start: int, stop: int) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, tokens of the step before, and onsets, from `start` to `stop`."""
        music = self.tokens, shift(self.tokens), self.onsets
        tokens, before, onsets = (tensor[:, start:stop] for tensor in music)
        return tokens, before, onsets


def to_inputs(batch: Batch, vocabulary: Vocabulary) -> Inputs:
    """Arrays as in `kantor.model.train.batches.Pool`, with a mask, as the networks read them."""
    return Inputs(
        to_tokens(batch["pitches"], batch["major_tonic"], vocabulary),
        tf.cast(batch["onsets"], tf.float32),
        tf.cast(batch["mask"], tf.float32),
        conditions(batch["bars"], batch["fermatas"], batch["inside"], batch["major_tonic"]),
        tf.cast(batch["major_tonic"], tf.int32),
    )


def to_tokens(pitches: Tensor, major_tonic: Tensor, vocabulary: Vocabulary) -> Tensor:
    """MIDI numbers ``(batch, time, line)``, -1 for a rest; see `Vocabulary.to_tokens`."""
    pitches = tf.cast(pitches, tf.int32)
    tokens = pitches - frame_shift(tf.cast(major_tonic, tf.int32))[:, None, None] - vocabulary.base
    tokens = tf.clip_by_value(tokens, REST + 1, vocabulary.choices)
    tokens = tf.where(_drums(vocabulary), HIT, tokens)
    return tf.where(pitches < 0, REST, tokens)


def range_bias(vocabulary: Vocabulary, major_tonic: Tensor) -> Tensor:
    """Zero for what a line can choose in its range, a large negative number elsewhere:
    ``(batch, line, choice) float32``."""
    choice = tf.range(vocabulary.choices)
    midi = midi_of_choices(vocabulary, major_tonic)[:, None]
    low, high = np.array(vocabulary.ensemble.ranges, np.int32).T[..., None]
    pitched = ((midi >= low) & (midi <= high)) | (choice == 0)
    allowed = tf.where(_drums(vocabulary)[:, None], choice < DRUM_CHOICES, pitched)
    return tf.where(allowed, 0.0, -1e9)


def midi_of_choices(vocabulary: Vocabulary, major_tonic: Tensor) -> Tensor:
    """The MIDI number of each choice of a pitched line: ``(batch, choice) int32``."""
    tokens = tf.range(vocabulary.choices) + 1
    return tokens + vocabulary.base + frame_shift(tf.cast(major_tonic, tf.int32))[:, None]


def _drums(vocabulary: Vocabulary) -> Any:
    """Which lines are drums: ``(line,) bool``."""
    return np.arange(len(vocabulary.ensemble)) >= vocabulary.ensemble.pitched


def shift(tokens: Tensor) -> Tensor:
    """The tokens of the step before each step, unknown before the first."""
    return tf.pad(tokens[:, :-1], [[0, 0], [1, 0], [0, 0]], constant_values=UNKNOWN)


def held(tokens: Tensor, before: Tensor, pitched: int) -> Tensor:
    """1 where a line sounds what it sounded in the step before: ``(…, line) float32``.

    Of the first `pitched` lines; a drum's hits all begin anew.
    """
    same = (tokens > REST) & (tokens == before)
    if pitched < tokens.shape[-1]:
        same &= tf.range(tokens.shape[-1]) < pitched
    return tf.cast(same, tf.float32)


def flatten(tensor: Tensor) -> Tensor:
    """Join the last two axes, whose sizes are static, into one."""
    size = tensor.shape[-2] * tensor.shape[-1]
    return tf.reshape(tensor, tf.concat([tf.shape(tensor)[:-2], [size]], 0))


def place(block: str, layout: Layout, tokens: Tensor, before: Tensor) -> Tensor:
    """Which place of each row of a block of `Layout.judged` is one: ``(…, row) int32``, -1: none.

    `tokens` and `before`, ``(…, line) int32``, are those of a step and of the one before it.
    """
    pitched = layout.ensemble.pitched
    now, then = tokens[..., :pitched], before[..., :pitched]
    if block == "pitch":
        return now - 1
    if block == "hit":
        return tokens[..., pitched:] - 1
    if block == "interval":
        relation = places.interval(*pairs(layout, now))
    elif block == "spacing":
        upper, lower = now[..., :-1], now[..., 1:]
        relation = Place(spacing_kind(upper - lower), places.interval(upper, lower).known)
    elif block == "motion":
        relation = places.motion(now, then)
    else:
        relation = places.succession(*pairs(layout, now), *pairs(layout, then))
    return tf.where(relation.known, relation.index, -1)


def pairs(layout: Layout, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """The tokens of the upper and of the lower line of each pair: ``(…, pair)`` each."""
    upper, lower = zip(*layout.ensemble.pairs, strict=True)
    return tf.gather(tokens, upper, axis=-1), tf.gather(tokens, lower, axis=-1)


def spacing_kind(distance: Tensor) -> Tensor:
    """Which kind of distance, in semitones, lies between neighbours; see `SPACING_BOUNDS`."""
    return tf.reduce_sum(tf.cast(places.above_bounds(distance), tf.int32), axis=-1)


def features(
    blocks: Blocks, layout: Layout, tokens: Tensor, before: Tensor, onsets: Tensor = None
) -> Tensor:
    """Some blocks of `Layout.judged`, side by side: ``(…, blocks.size) float32``."""
    parts = []
    for name, shape in blocks.shapes.items():
        if name == "onset":
            parts.append(onsets)
        elif shape[0]:
            parts.append(flatten(tf.one_hot(place(name, layout, tokens, before), shape[1])))
    return tf.concat(parts, axis=-1)


def ones(layout: Layout, tokens: Tensor, before: Tensor, onsets: Tensor) -> Tensor:
    """Which features by `Layout.judged` are one: ``(…, count) int32``, -1 for none.

    Onsets must be 0 or 1.
    """
    parts = []
    for name, shape in layout.judged.shapes.items():
        if not shape[0]:
            continue
        if name == "onset":
            index, size = tf.cast(onsets, tf.int32) - 1, 1
        else:
            index, size = place(name, layout, tokens, before), shape[1]
        first = layout.judged.at[name].start + size * tf.range(shape[0])
        parts.append(tf.where(index >= 0, index + first, -1))
    return tf.concat(parts, axis=-1)


def conditions(bars: Tensor, fermatas: Tensor, inside: Tensor, major_tonic: Tensor) -> Tensor:
    """What is known of each step besides notes: ``(batch, time, CONDITIONS) float32``.

    `bars (batch, time, 2)` are steps since the bar line and the bar's length; the flags are
    ``(batch, time)``, `major_tonic` is ``(batch,)``.
    """
    since, length = tf.unstack(tf.cast(bars, tf.int32), axis=-1)
    sizes = [CONDITIONS.shapes[name][0] for name in METER]
    parts = [
        tf.one_hot(tf.clip_by_value(index, 0, size - 1), size)
        for index, size in zip(places.meter(since, length), sizes, strict=True)
    ]
    flags = tf.stack([tf.cast(fermatas, tf.float32), tf.cast(inside, tf.float32)], axis=-1)
    key = tf.one_hot(tf.cast(major_tonic, tf.int32), 12)
    time = tf.shape(bars)[1]
    return tf.concat([*parts, flags, tf.repeat(key[:, None], time, axis=1)], axis=-1)
