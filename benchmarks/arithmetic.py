"""Counts the arithmetic of a training step from the graph that TensorFlow runs.

Conventions
-----------
Counted are *multiply-adds* of matrix products and convolutions, forwards and backwards, from the
shapes of their operands in the graph of the traced step: what the graph computes, not what a
formula for the layers says. Operations whose results nobody reads are left out, as TensorFlow
leaves them out, and what is computed twice from the same operands counts once, as TensorFlow and
XLA merge it. The body of a loop counts as often as it runs: the only loop of a training is
that over the steps of a window. Element-wise work (activations, one-hot vectors, gathers, Adam)
is not counted. A convolution counts the zeros at its edges.

TensorFlow's own profiler counts single operations alike, but a loop's body once and also what
nobody reads.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_PRODUCTS = ("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
_CONVOLUTIONS = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter")
# Also matrix work: were one of them to turn up, a count without it would be wrong.
_UNKNOWN = ("Einsum", "Conv3D", "DepthwiseConv2dNative", "XlaDot", "XlaDotV2", "SparseMatMul")

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Product:
    """A product of two tensors, ``kind`` the operation's type.

    For a matrix product `one` and `other` are its operands' shapes; for a convolution the shapes
    of its smaller-grid image (what comes out forwards) and of its filter.
    """

    kind: str
    one: Shape
    other: Shape
    transpose_one: bool = False
    transpose_other: bool = False

    @property
    def is_matrix_product(self) -> bool:
        return self.kind in _PRODUCTS

    @property
    def multiply_adds(self) -> int:
        if self.is_matrix_product:
            columns = self.other[-2] if self.transpose_other else self.other[-1]
            return math.prod(self.one) * columns
        height, width, channels, _ = self.other
        return math.prod(self.one) * height * width * channels


def products(graph: Any, loop_steps: int) -> Counter[Product]:
    """Every product of a graph with how often it is computed.

    Parameters
    ----------
    graph : tf.Graph
        Of a concrete function, traced with tensors of known shapes.
    loop_steps : int
        How often the body of each loop runs.

    Raises
    ------
    ValueError
        If a shape is not known or an operation is of a kind that cannot be counted.
    """
    found: Counter[Product] = Counter()
    for operation in _merged(_needed(graph)):
        kind = operation.type
        if kind in _UNKNOWN:
            raise ValueError(f"{operation.name}: cannot count operations of type {kind}")
        if kind in _PRODUCTS or kind in _CONVOLUTIONS:
            found[_product(operation)] += 1
        for name, times in _called(operation, loop_steps):
            inner = graph._get_function(name).graph
            for product, count in products(inner, loop_steps).items():
                found[product] += times * count
    return found


def total(found: Counter[Product]) -> int:
    """Multiply-adds of all products."""
    return sum(product.multiply_adds * count for product, count in found.items())


def _needed(graph: Any) -> list[Any]:
    """The operations on which the graph's outputs and side effects depend."""
    waiting = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    seen: dict[str, Any] = {}
    while waiting:
        operation = waiting.pop()
        if operation.name in seen:
            continue
        seen[operation.name] = operation
        waiting += [tensor.op for tensor in operation.inputs] + list(operation.control_inputs)
    return [operation for operation in graph.get_operations() if operation.name in seen]


def _merged(operations: list[Any]) -> list[Any]:
    """One of each set of operations that compute the same from the same.

    Variables are read before they are written in every step of a training, so that reading one
    twice is no exception.
    """
    kept: dict[Any, Any] = {}
    stands_for: dict[str, str] = {}
    for operation in operations:
        pure = operation.type == "ReadVariableOp" or not operation.op_def.is_stateful
        key: Any = operation.name
        if pure and operation.type != "Placeholder":
            inputs = tuple(stands_for[tensor.name] for tensor in operation.inputs)
            key = (operation.type, inputs, _attributes(operation))
        same = kept.setdefault(key, operation)
        for own, other in zip(operation.outputs, same.outputs, strict=True):
            stands_for[own.name] = other.name
    return list(kept.values())


def _attributes(operation: Any) -> tuple[tuple[str, bytes], ...]:
    """What an operation is told besides its inputs, notes for the runtime left out."""
    return tuple(
        (name, value.SerializeToString(deterministic=True))
        for name, value in sorted(operation.node_def.attr.items())
        if not name.startswith("_")
    )


def _called(operation: Any, loop_steps: int) -> Iterator[tuple[str, int]]:
    """The functions that an operation calls, and how often."""
    if operation.type in ("While", "StatelessWhile"):
        yield operation.get_attr("body").name, loop_steps
    elif operation.type in ("PartitionedCall", "StatefulPartitionedCall"):
        yield operation.get_attr("f").name, 1
    elif operation.type in ("If", "StatelessIf", "Case", "StatelessCase"):
        raise ValueError(f"{operation.name}: cannot tell which branch runs")


def _product(operation: Any) -> Product:
    kind, inputs = operation.type, operation.inputs
    if kind in _PRODUCTS:
        first, second = ("transpose_a", "transpose_b") if kind == "MatMul" else ("adj_x", "adj_y")
        return Product(
            kind,
            _shape(operation, inputs[0]),
            _shape(operation, inputs[1]),
            operation.get_attr(first),
            operation.get_attr(second),
        )
    if kind == "Conv2D":
        return Product(kind, _shape(operation, operation.outputs[0]), _shape(operation, inputs[1]))
    if kind == "Conv2DBackpropInput":
        return Product(kind, _shape(operation, inputs[2]), _shape(operation, inputs[1]))
    return Product(kind, _shape(operation, inputs[2]), _shape(operation, operation.outputs[0]))


def _shape(operation: Any, tensor: Any) -> Shape:
    if not tensor.shape.is_fully_defined():
        raise ValueError(f"{operation.name}: shape {tensor.shape} is not known")
    return tuple(tensor.shape.as_list())
