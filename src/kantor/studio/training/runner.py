"""A training in a process of its own, which outlives the server that started it.

``python -m kantor.studio.training.runner ID LOCK``, in the repository: LOCK is the number of the
open file that holds the pipeline's lock. What is printed is the run's log.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path

from kantor.service.failures import StageFailed, StageStopped
from kantor.service.pipeline import reproduce, run_logged
from kantor.studio.document import now
from kantor.studio.training.runs import update


def main(run_id: str, lock: int) -> int:
    """Bring the data if they are not there, then every stage up to date; note how it ended."""
    root, say = Path.cwd(), partial(print, flush=True)

    # A handler, for what is ignored would be ignored by the stages as well.
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda caught, _frame: asked.append(caught))
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"process {os.getpid()}".encode(), 0)
    try:
        if not (root / "data/jsb").exists() and (root / "data.dvc").is_file():
            say("Running stage 'data':")
            run_logged([sys.executable, "-m", "kantor.cli", "data"], root, say, lock)
        reproduce(root, say, lock=lock)
    except StageFailed as error:
        stopped = bool(asked) or isinstance(error, StageStopped)
        status, words = "stopped" if stopped else "failed", str(error)
        update(root, run_id, status=status, message=words, ended=now())
        return 1
    update(root, run_id, status="done", ended=now())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
