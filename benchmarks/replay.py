"""How long the matrix products of a training step take when nothing else is computed.

Each product runs many times in a loop that is compiled as the training is: in the same memory, as
in a step, and one after the other, as each changes one number of the next one's operand. What a
training computes side by side, as the drawing of samples in parts, is replayed side by side.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from arithmetic import Product

REPLAYS = 7
"""Runs of a loop, of which the median counts."""
_LENGTH = 2e9
"""Arithmetic operations of a loop: some twenty milliseconds."""


def seconds(found: Counter[Product], xla: bool, side: int = 1) -> float:
    """Seconds of all products, `side` of each running at a time."""
    return sum(count * _of_one(product, xla, side) for product, count in found.items())


def _of_one(product: Product, xla: bool, side: int) -> float:
    """Median seconds of a product, as its share of the time of `side` loops at once."""
    times = max(4, round(_LENGTH / (2 * product.multiply_adds)))
    loop = _loop(product, times, xla)
    taken = []
    with ThreadPoolExecutor(side) as threads:
        for _ in range(REPLAYS + 1):
            began = time.perf_counter()
            for ended in [threads.submit(loop) for _ in range(side)]:
                ended.result()
            taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:]) / times / side  # the first compiled it


def _loop(product: Product, times: int, xla: bool) -> Callable[[], float]:
    """A compiled loop over equal products of random matrices."""
    import tensorflow as tf

    one, other = (
        tf.random.stateless_uniform(shape, [0, number])
        for number, shape in enumerate((product.one, product.other))
    )
    turned = product.transpose_one, product.transpose_other
    first = [[0] * len(product.one)]

    def step(index: Any, one: Any, result: Any) -> tuple[Any, Any, Any]:
        """One product, and one of its numbers put into the next one's operand."""
        result = tf.matmul(one, other, *turned)
        number = tf.reshape(result, [-1])[:1]
        return index + 1, tf.tensor_scatter_nd_update(one, first, number), result

    @tf.function(jit_compile=xla)
    def loop(one: Any) -> Any:
        """The last operand's first number: it depends on all products."""
        result = tf.zeros_like(tf.matmul(one, other, *turned))
        _, one, _ = tf.while_loop(lambda index, *_: index < times, step, (0, one, result))
        return tf.reshape(one, [-1])[0]

    return lambda: float(loop(one))
