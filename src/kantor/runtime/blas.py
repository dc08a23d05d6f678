"""Keeping numpy's matrix products to one core.

So several threads can each use their own core. It also makes sums come out alike: a product that
is shared among cores adds up in another order.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_limits = ExitStack()
_users = 0


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@cache
def warm() -> None:
    """Let OpenBLAS use, once, more of its buffer than composing needs.

    Before that some of its products take up to four times as long on AMD's Zen: of inputs of 256,
    as the decoder's first layer has them. 32 rows and 512 outputs are the fewest that help.
    """
    np.matmul(np.ones((32, 256), np.float32), np.ones((256, 512), np.float32))


@contextmanager
def one_core() -> Iterator[None]:
    """While this lasts, in any thread, a matrix product runs on one core."""
    global _users
    with _lock:
        if not _users:
            _limits.enter_context(_libraries().limit(limits=1))
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _limits.close()
