"""The networks' activations, on arrays that may be overwritten."""

from __future__ import annotations

import numpy as np

from kantor.runtime.weights import Array

_zeros = np.zeros(0, np.float32)


def rectify(array: Array) -> Array:
    """ReLU in place, of a contiguous array.

    numpy compares two arrays three times as fast as an array and a number.
    """
    global _zeros
    zeros = _zeros  # another thread may put a shorter one in its place
    if len(zeros) < array.size:
        zeros = _zeros = np.zeros(2 * array.size, np.float32)
    flat = array.reshape(-1)
    np.maximum(flat, zeros[: array.size], out=flat)
    return array


def leaky(array: Array) -> Array:
    """Leaky ReLU with slope 0.2, in place."""
    np.maximum(array, np.float32(0.2) * array, out=array)
    return array
