"""A batch computed in parts: on several devices, or side by side on the cores of one.

Each part has an equal share of the rows. Random numbers are drawn for the whole batch and a part
takes those of its rows, so the parts together compute what one device does, but for rounding.

Within a graph that XLA has compiled, large matrix products keep all cores busy, but the many small
steps by which samples are drawn run on one of them. Parts of a sample keep the others busy too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar

import tensorflow as tf

from kantor.errors import SetupError
from kantor.hyperparameters import Strategy
from kantor.model import Tensor

Step = Callable[..., Any]
N = TypeVar("N")

_PART: ContextVar[tuple[Any, int]] = ContextVar("part", default=(0, 1))


@contextmanager
def part_of(index: Any, count: int) -> Iterator[None]:
    """Let what is computed within be part `index`, an int or a scalar tensor, of `count`."""
    token = _PART.set((index, count))
    try:
        yield
    finally:
        _PART.reset(token)


def count() -> int:
    """Parts into which the batch is split where this is called."""
    return _PART.get()[1]


def rows(tensors: N, axis: int = 0) -> N:
    """A part's own rows of the tensors of a whole batch; None stays None."""
    index, parts = _PART.get()
    if parts == 1:
        return tensors
    return tf.nest.map_structure(  # type: ignore[no-any-return]
        # Looked up: XLA would compile a function anew for each place that it slices.
        lambda tensor: (
            None if tensor is None else tf.gather(tf.stack(tf.split(tensor, parts, axis)), index)
        ),
        tensors,
    )


def random(
    shape: Sequence[Any], seed: Tensor, axis: int = 0, distribution: str = "uniform"
) -> Tensor:
    """Random numbers of a shape for a part's rows, which are the axis `axis`."""
    whole = [*shape]
    if count() > 1:
        whole[axis] *= count()
    draw = getattr(tf.random, f"stateless_{distribution}")
    return rows(draw(whole, seed, alg="philox"), axis)


def mean(tensors: N) -> N:
    """The mean over all devices of each tensor."""
    if count() == 1:
        return tensors
    context = tf.distribute.get_replica_context()
    means = context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.nest.flatten(tensors))
    return tf.nest.pack_sequence_as(tensors, means)  # type: ignore[no-any-return]


def side_by_side(function: Step, parts: int, compiled: Callable[[Step], Step]) -> Step:
    """A function of a batch and a seed, computed of all parts of the batch at once.

    The first axis of all its tensors is the batch, a multiple of `parts`. `compiled` makes a graph
    of a function; all parts run the same one.
    """

    def of_part(batch: Any, seed: Tensor, index: Tensor) -> Any:
        with part_of(index, parts):
            return function(batch, seed)

    graph = compiled(of_part)

    def run(batch: Any, seed: Tensor) -> Any:
        results = []
        for index in range(parts):
            with part_of(index, parts):
                own = rows(batch)
            results.append(graph(own, seed, tf.constant(index)))
        return tf.nest.map_structure(lambda *values: tf.concat(values, axis=0), *results)

    return run


def on_devices(step: Step, strategy: tf.distribute.Strategy) -> Step:
    """A step run on all devices of a strategy, each with its rows of all arguments but the last.

    What it returns is joined where it has rows; of scalars the mean is taken.
    """
    if strategy.num_replicas_in_sync == 1:
        return step

    def on_one(*arguments: Any) -> Any:
        context = tf.distribute.get_replica_context()
        index = tf.get_static_value(context.replica_id_in_sync_group)
        with part_of(int(index), context.num_replicas_in_sync):
            return step(*rows(arguments[:-1]), arguments[-1])

    def joined(value: Any) -> Tensor:
        values = strategy.experimental_local_results(value)
        return tf.concat(values, axis=0) if values[0].shape.rank else tf.reduce_mean(values)

    return lambda *arguments: tf.nest.map_structure(joined, strategy.run(on_one, arguments))


def strategy(name: Strategy, batch: int) -> tf.distribute.Strategy:
    """Of one device, or of all that this machine has.

    Raises
    ------
    SetupError
        If the devices cannot share a batch.
    """
    chosen = _mirrored() if name == "mirrored" else tf.distribute.get_strategy()
    count = chosen.num_replicas_in_sync
    if batch % count:
        raise SetupError(
            f"params.yaml: train.batch: {batch} windows cannot be shared equally among "
            f"{count} devices; choose a multiple of {count}"
        )
    return chosen


@cache
def _mirrored() -> tf.distribute.Strategy:
    """One for all trainers of a process: a second one would number its exchanges as the first."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) == 1:
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy([device.name for device in devices])
