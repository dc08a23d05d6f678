"""The critic of the preset `chorale`.

Its first layer is linear in each step's features, and everything after sees only what that layer
makes of them (the *embedding*). So a mixture of real and generated music has the mixture of their
embeddings, and the gradient penalty needs no product as wide as the features.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kantor.ensemble import SATB, Ensemble
from kantor.model import Tensor
from kantor.model.nets.layers import MultiHot, TimeConv, leaky, product
from kantor.network.layout import Layout

HALVINGS = 3


@keras.saving.register_keras_serializable("kantor")
class ChoraleCritic(keras.Model):  # type: ignore[misc]
    """Scores a window by its notes and their relations, as a whole and in detail.

    A stack of strided convolutions whose last layer is a dense one (the whole window), to which
    the mean of local scores (a step and its neighbours) is added.

    `embedding` and `width` are units of the embedding and of every layer after it, `steps` is the
    length of a window. In the metric in which the critic's slope is limited, successions of
    intervals count `emphasis` times as much as other features: what is rare and wrong is worth as
    much as what is common. The ensemble is as in `ChoraleGenerator`.
    """

    def __init__(
        self,
        width: int = 128,
        embedding: int = 96,
        emphasis: float = 1.0,
        steps: int = 32,
        ensemble: Ensemble | dict[str, Any] = SATB,
        **kwargs: Any,
    ) -> None:
        # A fixed name, not one counted up: equal models are saved as equal bytes.
        super().__init__(**{"name": "chorale_critic", **kwargs})
        self.width, self.embedding, self.emphasis = width, embedding, emphasis
        self.steps = steps
        self.ensemble = Ensemble.from_dict(ensemble) if isinstance(ensemble, dict) else ensemble
        self.layout = Layout(self.ensemble)
        self.seen = keras.layers.Dense(embedding, use_bias=False)
        self.surroundings = keras.layers.Dense(embedding)
        self.local = TimeConv(width)
        self.strided = [keras.layers.Dense(width) for _ in range(HALVINGS)]
        self.local_score = keras.layers.Dense(1)
        self.score = keras.layers.Dense(1)
        scale = np.ones((self.layout.judged.size, 1), np.float32)
        scale[self.layout.judged.at["succession"]] = emphasis
        self.scale = scale
        self.build()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this network again."""
        sizes = ("width", "embedding", "emphasis", "steps")
        return {name: getattr(self, name) for name in sizes} | {"ensemble": self.ensemble.to_dict()}

    def build(self, shape: Any = None) -> None:
        """Make all weights."""
        self.seen.build((None, self.layout.judged.size))
        self.surroundings.build((None, self.layout.around.size))
        self.local.build((None, None, self.embedding))
        for layer in self.strided:
            layer.build((None, None, 2 * self.width))
        self.local_score.build((None, None, self.width))
        self.score.build((None, self.steps // 2**HALVINGS * self.width))
        self.built = True

    def embed(self, steps: MultiHot) -> Tensor:
        """Steps, by their features that are one, as embedded linearly: ``(row, embedding)``."""
        return steps.times(self._kernel())

    def by_features(self, gradient: Tensor) -> Tensor:
        """The gradient ``(batch, time, feature)`` by the features from that by their embedding."""
        return product(gradient, tf.transpose(self._kernel()))

    def _kernel(self) -> Tensor:
        return tf.constant(self.scale) * self.seen.kernel

    def call(self, embedded: Tensor, mask: Tensor, conditions: Tensor) -> Tensor:
        """Scores ``(batch,)`` of embedded steps, given mask and conditions."""
        around = self.surroundings(tf.concat([mask, conditions], axis=-1))
        hidden = leaky(self.local(leaky(embedded + around)))
        local = tf.reduce_mean(self.local_score(hidden), axis=(1, 2))
        for layer in self.strided:
            shape = tf.shape(hidden)
            hidden = tf.reshape(hidden, [shape[0], -1, 2 * self.width])
            hidden = leaky(layer(hidden))
        flat = tf.reshape(hidden, [tf.shape(hidden)[0], self.score.kernel.shape[0]])
        return self.score(flat)[:, 0] + local

    def slope(self, gradient: Tensor) -> Tensor:
        """The squared norm ``(batch,)`` of the scores' gradient by the features.

        It follows from that by the embedding, ``(batch, time, embedding)``, in the metric in which
        successions are longer by `emphasis`.
        """
        gram = tf.matmul(self.seen.kernel, self.seen.kernel, transpose_a=True)
        flat = tf.reshape(gradient, [-1, self.embedding])
        squares = tf.reshape(flat * (flat @ gram), tf.shape(gradient))
        return tf.reduce_sum(squares, axis=(1, 2))
