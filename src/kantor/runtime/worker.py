"""A process that composes its share of large batches for another one; see `kantor.runtime.pool`.

It reads the weights and then one job after the other from standard input, and writes the answers
to standard output, until its input ends: then it ends too, even in the middle of a job.
"""

from __future__ import annotations

import pickle
import signal
import sys
from typing import BinaryIO

from kantor import ending
from kantor.runtime import blas
from kantor.runtime.generator import Generator


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answer jobs until there are no more."""
    try:
        weights, info = pickle.load(jobs)
        generator = Generator(weights, info, processes=1)
        while True:
            answer = generator.compose_here(*pickle.load(jobs))
            pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
            answers.flush()
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        return  # who asked has gone


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks
    ending.end_with(sys.stdin.fileno())
    blas.only(1)
    serve(sys.stdin.buffer, sys.stdout.buffer)
