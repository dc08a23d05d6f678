"""Other processes that compose their share of a large batch.

Threads of one process wait for each other whenever numpy is not in a long computation; processes
do not. One that composes is light: it imports numpy and the runtime, starts in a fraction of a
second, is sent the weights once, and ends when the process ends that started it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import kantor
from kantor.music.conditioning import Conditioning
from kantor.music.score import Flags, Pitches
from kantor.runtime.choosing import Manner

if TYPE_CHECKING:
    from kantor.runtime.generator import Generator

Job = tuple[Conditioning, NDArray[np.int64], Manner, int]
Answer = tuple[Pitches, Flags]
WORKER = "kantor.runtime.worker"


class Pool:
    """This process and some more, which share batches.

    Parameters
    ----------
    generator : Generator
        Composes this process's own share, and what another process failed to.
    others : int
        How many processes are started, when the first batch comes.
    """

    def __init__(self, generator: Generator, others: int) -> None:
        self._generator, self._count = weakref.ref(generator), others
        self._others: list[subprocess.Popen[bytes]] = []
        self._busy = threading.Lock()
        weakref.finalize(self, _end, self._others)

    def compose(self, *job: Any) -> Answer:
        """Answer a job: the given cells, seeds, manner and passes of a batch."""
        generator = self._generator()
        assert generator is not None
        if not self._busy.acquire(blocking=False):
            return generator.compose_here(*job)  # another thread's batch is with the others
        try:
            self._start(generator)
            parts = [slice(part, None, self._count + 1) for part in range(self._count + 1)]
            jobs = [_part(job, part) for part in parts]
            with ThreadPoolExecutor(self._count) as threads:
                sent = list(zip(self._others, jobs[1:], strict=True))
                waiting = [threads.submit(_ask, *one) for one in sent]
                answers = [generator.compose_here(*jobs[0])]
                for one, (_, theirs) in zip(waiting, sent, strict=True):
                    answers.append(one.result() or generator.compose_here(*theirs))
            return _joined(parts, answers)
        except BaseException:
            _end(self._others)  # an answer may still be on its way
            raise
        finally:
            self._busy.release()

    def _start(self, generator: Generator) -> None:
        """Start what processes are missing."""
        if any(process.poll() is not None for process in self._others):
            _end(self._others)
        while len(self._others) < self._count:
            process = subprocess.Popen(
                [sys.executable, "-m", WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=_environment(),
            )
            self._others.append(process)
            _send(process.stdin, (dict(generator.weights), generator.info))


def _environment() -> dict[str, str]:
    """Where the package is found, and one core for each process."""
    paths = [str(Path(kantor.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OPENBLAS_NUM_THREADS": "1",
    }


def _part(job: Job, rows: slice) -> Job:
    given, seeds, manner, passes = job
    part = Conditioning(*(getattr(given, name)[rows] for name in Conditioning.__dataclass_fields__))
    return part, seeds[rows], manner, passes


def _joined(parts: Sequence[slice], answers: Sequence[Answer]) -> Answer:
    """The rows of all shares in their places."""
    rows = sum(len(pitches) for pitches, _ in answers)
    first = answers[0]
    pitches, onsets = (np.empty((rows, *array.shape[1:]), array.dtype) for array in first)
    for part, (drawn, struck) in zip(parts, answers, strict=True):
        pitches[part], onsets[part] = drawn, struck
    return pitches, onsets


def _ask(process: subprocess.Popen[bytes], job: Job) -> Answer | None:
    """Another process's answer; None where it has gone."""
    try:
        _send(process.stdin, job)
        assert process.stdout is not None
        answer: Answer | None = pickle.load(process.stdout)
    except (OSError, EOFError, pickle.UnpicklingError):
        return None
    return answer


def _send(stream: IO[bytes] | None, what: Any) -> None:
    assert stream is not None
    try:
        pickle.dump(what, stream, protocol=pickle.HIGHEST_PROTOCOL)
        stream.flush()
    except BrokenPipeError:
        return  # it has gone; its answer will be missed


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """End processes and forget them."""
    for process in processes:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what could not be sent
                if stream is not None:
                    stream.close()
    processes.clear()
