"""Tell MLflow of a stage through a process of its own, which costs the stage nothing.

What that process does is `kantor.registry.live`. The stage does not import it, so a change of the
registry makes no training run again, and MLflow neither delays a stage nor makes it fail.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator

PATIENCE = 30.0
"""Seconds that a stage waits at its end for what it did to be written down."""


@contextlib.contextmanager
def tracked(stage: str, *stopped: type[BaseException]) -> Iterator[Callable[..., None]]:
    """Yields what begins to tell of `stage`, with more words for the process as arguments.

    The process learns how the stage ended: FINISHED; KILLED, where an error of the kinds `stopped`
    or Ctrl-C ended it; else FAILED.
    """
    listeners: list[subprocess.Popen[str]] = []

    def begin(*words: object) -> None:
        command = [sys.executable, "-m", "kantor.registry.live", stage, *map(str, words)]
        with contextlib.suppress(OSError):
            listeners.append(
                subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)
            )

    word = "FINISHED"
    try:
        yield begin
    except BaseException as error:
        word = "KILLED" if isinstance(error, (KeyboardInterrupt, *stopped)) else "FAILED"
        raise
    finally:
        for listener in listeners:
            with contextlib.suppress(subprocess.TimeoutExpired, OSError):
                listener.communicate(f"{word}\n", timeout=PATIENCE)
