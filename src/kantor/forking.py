"""Worker processes that begin in a moment: forked from a process that has imported what they need.

That process runs nothing else. One forked from here might stop dead, beside the threads that are
here; one begun from nothing would import everything again.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running

BATCH = "kantor.batch.worker"
"""What a batch's workers need: named here, so that naming it imports none of it."""


def context(module: str) -> ForkServerContext:
    """Where processes are forked that have imported `module`, and what that imports."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([module])
    return found


def begin(module: str) -> None:
    """Have `module` imported over there, while this process goes on to import its own."""
    context(module)
    ensure_running()
