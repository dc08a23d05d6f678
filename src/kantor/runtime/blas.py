"""The cores there are, and keeping numpy's matrix products to one of them.

So several threads can each use their own core. It also makes sums come out alike: a product that
is shared among cores adds up in another order.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

_PREFIXES = ("scipy_openblas", "openblas")
_SUFFIXES = ("64_", "")
_lock = threading.Lock()
_users = 0
_before = 1
_most = 1024


def cores() -> int:
    """How many this process may use; `only` limits them."""
    try:
        found = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        found = os.cpu_count() or 1
    return min(found, _most)


def only(count: int) -> None:
    """Let this process use no more than so many cores."""
    global _most
    _most = count


@cache
def _functions() -> tuple[Any, Any] | None:
    """How OpenBLAS, if numpy uses it, is told and asked its number of threads."""
    try:
        library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None
    for prefix in _PREFIXES:
        for suffix in _SUFFIXES:
            names = (f"{prefix}_{verb}_num_threads{suffix}" for verb in ("set", "get"))
            try:
                tell, ask = (getattr(library, name) for name in names)
            except AttributeError:
                continue
            return tell, ask
    return None


@cache
def warm() -> None:
    """Let OpenBLAS use, once, more of its buffer than composing needs.

    Before that some of its products take up to four times as long on AMD's Zen: of inputs of 256,
    as the decoder's first layer has them. 32 rows and 512 outputs are the fewest that help.
    """
    np.matmul(np.ones((32, 256), np.float32), np.ones((256, 512), np.float32))


@contextmanager
def one_core() -> Iterator[bool]:
    """While this lasts a matrix product runs on one core; yields whether that could be arranged."""
    global _users, _before
    functions = _functions()
    if functions is None:
        yield False
        return
    tell, ask = functions
    with _lock:
        if _users == 0:
            _before = ask()
            tell(1)
        _users += 1
    try:
        yield True
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                tell(_before)
