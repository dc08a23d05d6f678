"""One batch on several devices: who computes which rows, and how the replicas agree.

A replica is a copy of the networks on a device of its own. All replicas hold the whole batch, each
computes its own equal part of the rows, and means over the parts are means over the batch. Random
numbers are drawn for the whole batch and each replica takes those of its rows: so a training on
several devices is that on one, but for rounding. With one replica every function here does nothing.
The parts of a batch that one device computes side by side count as replicas of their own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kantor.errors import InputError
from kantor.hyperparameters import Strategy

Tensor = Any
N = TypeVar("N")


_TAKEN: ContextVar[tuple[Tensor, int] | None] = ContextVar("taken", default=None)


@contextmanager
def taking(number: Tensor, parts: int) -> Iterator[None]:
    """Let what is computed within be one of the parts of a device's batch, a scalar's number."""
    token = _TAKEN.set((number, parts))
    try:
        yield
    finally:
        _TAKEN.reset(token)


def count() -> int:
    """Replicas among which the batch is shared, where this is called within one of them."""
    taken = _TAKEN.get()
    if taken:
        return taken[1]
    context = tf.distribute.get_replica_context()
    return int(context.num_replicas_in_sync) if context else 1


def index() -> Any:
    """Which of the replicas this is called within: an int, or a part's scalar tensor."""
    taken = _TAKEN.get()
    if taken:
        return taken[0]
    context = tf.distribute.get_replica_context()
    return int(tf.get_static_value(context.replica_id_in_sync_group)) if context else 0


def part(tensors: N, axis: int = 0) -> N:
    """A replica's own rows of the tensors of a whole batch."""
    if count() == 1:
        return tensors

    def own(tensor: Tensor) -> Tensor:
        """This replica's rows."""
        if tensor is None:
            return None
        # Looked up: XLA would compile a function anew for each place that it slices.
        return tf.gather(tf.stack(tf.split(tensor, count(), axis)), index())

    return tf.nest.map_structure(own, tensors)  # type: ignore[no-any-return]


def whole(tensors: N) -> N:
    """The tensors of a whole batch of which each replica brings its own rows."""
    if count() == 1:
        return tensors

    def joined(own: Tensor) -> Tensor:
        """The rows of all: each adds its own to the others' zeros."""
        rows = [own if at == index() else tf.zeros_like(own) for at in range(count())]
        return _reduced(tf.distribute.ReduceOp.SUM, tf.concat(rows, axis=0))

    return tf.nest.map_structure(joined, tensors)  # type: ignore[no-any-return]


def drawn(draw: Callable[[list[Any]], Tensor], shape: Sequence[Any], axis: int = 0) -> Tensor:
    """Random numbers for a replica's rows, as `draw` makes them of a shape for the whole batch.

    Parameters
    ----------
    shape
        Of what is returned; the batch is its axis `axis`.
    """
    whole = [*shape]
    if count() > 1:
        whole[axis] *= count()
    return part(draw(whole), axis)


def uniform(shape: Sequence[Any], seed: Tensor, axis: int = 0) -> Tensor:
    """Uniform numbers for a replica's rows; see `drawn`."""
    return drawn(lambda whole: tf.random.stateless_uniform(whole, seed, alg="philox"), shape, axis)


def mean(tensors: N) -> N:
    """The replicas' mean of each tensor."""
    return tensors if count() == 1 else _reduced(tf.distribute.ReduceOp.MEAN, tensors)


def _reduced(operation: tf.distribute.ReduceOp, tensors: N) -> N:
    reduced = tf.distribute.get_replica_context().all_reduce(operation, tf.nest.flatten(tensors))
    return tf.nest.pack_sequence_as(tensors, reduced)  # type: ignore[no-any-return]


def divided(tensors: list[Tensor]) -> list[Tensor]:
    """What each replica brings to a sum over all, so that the sum is what all of them hold."""
    parts = count()
    return tensors if parts == 1 else [tensor / parts for tensor in tensors]


@dataclass(frozen=True)
class Team:
    """The devices and processes that train together.

    Attributes
    ----------
    index, size : int
        Which of so many processes this one is; number 0, the *chief*, alone writes files.
    """

    strategy: Any
    index: int = 0
    size: int = 1

    @classmethod
    def of(cls, name: Strategy, batch: int) -> Team:
        """Gather the devices; waits until all workers are there.

        Raises
        ------
        InputError
            If TF_CONFIG does not say who the workers are, or the devices cannot share the batch.
        """
        team = _workers() if name == "workers" else cls(_local(name))
        if batch % team.replicas:
            raise InputError(
                f"params.yaml: train.batch: {batch} windows cannot be shared equally among "
                f"{team.replicas} devices; choose a multiple of {team.replicas}"
            )
        return team

    @property
    def replicas(self) -> int:
        return int(self.strategy.num_replicas_in_sync)

    @property
    def alone(self) -> bool:
        """Whether everything is computed by one device of one process."""
        return self.replicas == 1

    @property
    def leads(self) -> bool:
        """Whether this process is the chief."""
        return self.index == 0

    def run(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """What `step` returns on every replica, all returning the same."""
        found = self.strategy.run(step, arguments)
        return tf.nest.map_structure(lambda value: self._local(value)[0], found)

    def _local(self, value: Any) -> Any:
        return self.strategy.experimental_local_results(value)

    def total(self, values: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """Sums over the processes of arrays that each brings; all must call this together."""
        if self.size == 1:
            return values
        return [np.asarray(value) for value in self._sum([tf.constant(value) for value in values])]

    @cached_property
    def _sum(self) -> Callable[[list[Tensor]], list[Tensor]]:
        def reduce(values: list[Tensor]) -> list[Tensor]:
            """The sums, to which one replica of each process brings its values."""
            first = index() % (self.replicas // self.size) == 0  # of its process
            # A graph's own inputs are on no device, but what is made of them here is.
            own = [tf.identity(value) if first else tf.zeros_like(value) for value in values]
            # One by one: they may be of several types.
            return [_reduced(tf.distribute.ReduceOp.SUM, value) for value in own]

        return tf.function(lambda values: self.run(reduce, values), autograph=False)  # type: ignore[no-any-return]


def _local(name: Strategy) -> Any:
    """The strategy for the devices of this machine."""
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if name == "default" or len(devices) == 1:
        return tf.distribute.get_strategy()
    return _mirrored(*(device.name for device in devices))


@cache
def _mirrored(*devices: str) -> Any:
    """One for all trainers of a process: a second one would number its exchanges as the first."""
    return tf.distribute.MirroredStrategy(devices)


def _workers() -> Team:
    """The processes that TF_CONFIG names."""
    try:
        config = json.loads(os.environ["TF_CONFIG"])
        size = sum(len(config["cluster"].get(kind, ())) for kind in ("chief", "worker"))
        kind, index = config["task"]["type"], int(config["task"]["index"])
        config["cluster"][kind][index]
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"TF_CONFIG: {type(error).__name__} {error}; train.strategy workers reads who they are "
            "from it, see docs/training.md"
        ) from None
    if size == 1:
        return Team(_local("mirrored"))
    if kind == "worker":
        index += len(config["cluster"].get("chief", ()))
    return Team(tf.distribute.MultiWorkerMirroredStrategy(), index, size)
