"""``python -m kantor.registry.live``: tell MLflow of a stage while another process runs it.

That process is the parent: see `kantor.tracking`. It says by one line on our stdin how its stage
ended; if it dies without a word, its run was killed. A registry that is away, or locked, costs it
nothing: this process says so once, and what is missing is added later.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil

from kantor.errors import SetupError
from kantor.registry import runs
from kantor.registry.store import IMPATIENT, Store, one_line_errors, opened

PERIOD = 2.0
"""Seconds between two looks into the training's log."""


def main(arguments: list[str]) -> int:
    """Follow the stage ``train NAME ITERATION``, or wait for the end of ``evaluate``."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent gets them too, and ends in its own time
    for name, value in IMPATIENT.items():
        os.environ.setdefault(name, value)
    stage, *rest = arguments
    try:
        with opened(create=True) as store:
            if stage == "train":
                Follower(store, Path.cwd(), rest[0], int(rest[1])).follow()
            elif _word(None) == runs.FINISHED:
                runs.complete(store, Path.cwd())
    except SetupError as error:
        _say(stage, error)
        return 1
    return 0


def _say(stage: str, error: SetupError) -> None:
    print(f"{stage}: not told to MLflow now, but later: {error}", file=sys.stderr, flush=True)


def _word(seconds: float | None) -> str | None:
    """What the parent says of its end within some seconds; None if nothing, KILLED if it died."""
    if not select.select([sys.stdin], [], [], seconds)[0]:
        return None
    return sys.stdin.readline().strip() or runs.KILLED


class Follower:
    """Follows a training by its log."""

    def __init__(self, store: Store, root: Path, training: str, iteration: int) -> None:
        self.store, self.root = store, root
        self.training, self.resumed = training, iteration > 0
        self.parent = psutil.Process(os.getppid())
        self.since = self.parent.create_time()
        self.run_id, self.last, self.complained = "", 0, False

    def follow(self) -> None:
        """Tell of the training until it ends."""
        word = None
        while word is None:
            self._attempt(self._tell)
            word = _word(PERIOD)
        self._attempt(self._tell)
        self._attempt(partial(self._end, word))

    def _attempt(self, step: Callable[[], None]) -> None:
        """Do it, or complain once; what failed is tried again."""
        try:
            with one_line_errors(self.store.uri):
                step()
        except SetupError as error:
            if not self.complained:
                _say("train", error)
            self.complained = True

    def _tell(self) -> None:
        store, root = self.store, self.root
        if not self.run_id:
            run_id = runs.begin(store, root, self.training, self.resumed, self.since)
            self.last, self.run_id = runs.last_iteration(store, run_id), run_id
        before = self.last
        self.last = runs.add_curves(store, root, self.run_id, before)
        if self.last > before:
            self._tell_of_system()

    def _tell_of_system(self) -> None:
        try:
            memory, cpu = self.parent.memory_info().rss / 2**20, self.parent.cpu_percent()
        except psutil.Error:  # it is gone
            return
        for name, value in (("memory_megabytes", memory), ("cpu_percent", cpu)):
            self.store.client.log_metric(self.run_id, runs.SYSTEM + name, value, step=self.last)

    def _end(self, word: str) -> None:
        if self.run_id:
            runs.end(self.store, self.root, self.run_id, word)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
