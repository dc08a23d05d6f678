"""Workers that end when the process they work for has ended, however that came about.

A worker that is left alone would wait for ever for its next task, and keep open what it inherited:
a log's pipe, a lock. The kernel's own means (``PR_SET_PDEATHSIG``) will not do: a worker's parent
may be the fork server, and a parent's thread that ends counts as the parent.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import threading


def begin_worker() -> None:
    """Prepare a process of `multiprocessing`: it ends with the process that asked for it.

    Ctrl-C is for that process alone. This is what a pool takes as its ``initializer``.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parent := multiprocessing.parent_process():
        end_with(parent.sentinel)


def end_with(pipe: int) -> None:
    """End this process as soon as nobody can write into a pipe any more.

    Parameters
    ----------
    pipe : int
        The end to read from, of a pipe whose other end the process worked for has alone. Nothing
        is read from it.
    """
    threading.Thread(target=_wait, args=(pipe,), daemon=True, name="end-with-parent").start()


def _wait(pipe: int) -> None:
    poll = select.poll()
    poll.register(pipe, 0)  # no event but that it was hung up
    poll.poll()
    os._exit(1)
