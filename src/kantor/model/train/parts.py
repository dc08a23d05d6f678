"""A batch computed in parts, side by side on the cores of one device.

Within a graph that XLA has compiled, large matrix products keep all cores busy, but the many small
steps by which samples are drawn run on one of them. So a sample is drawn in equal parts at once,
each by one call of the same compiled function. A part sees itself as a replica (`replicas`): its
random numbers are those that its rows have in the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kantor.model.train import replicas

Tensor = Any
Step = Callable[..., Any]


def side_by_side(function: Step, parts: int, compiled: Callable[[Step], Step]) -> Step:
    """A function of a batch and a seed, computed of all parts of the batch at once.

    Parameters
    ----------
    function
        Of a structure of tensors whose first axis is the batch, and of a seed; so are the tensors
        that it returns.
    parts
        How many; the batch must be a multiple of it.
    compiled
        What makes a graph of a function; all parts run the same one.
    """

    def of_part(batch: Any, seed: Tensor, index: Tensor) -> Any:
        """One part's share, of random numbers too."""
        with replicas.taking(index, parts):
            return function(batch, seed)

    graph = compiled(of_part)

    def run(batch: Any, seed: Tensor) -> Any:
        """All parts, joined."""
        found = []
        for index in range(parts):
            with replicas.taking(index, parts):
                own = replicas.part(batch)
            found.append(graph(own, seed, tf.constant(index)))
        return tf.nest.map_structure(lambda *rows: tf.concat(rows, axis=0), *found)

    return run
