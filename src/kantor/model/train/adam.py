"""Adam by TensorFlow's own operation.

Keras computes a dozen operations for each weight. Run as they are they take longer than some
networks, and XLA compiles them for longer than it compiles the rest of a step; TensorFlow has one
operation that does all of it.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

Tensor = Any


class Adam(keras.optimizers.Adam):  # type: ignore[misc]
    """As Keras's optimizer, schedules and weight decay included (Kingma and Ba 2015)."""

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:
        """Move a variable and its two moments, which Keras keeps."""
        index = self._get_variable_index(variable)
        moments = self._momentums[index], self._velocities[index]
        steps = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=moments[0].value.handle,
            v=moments[1].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), steps),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), steps),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )
