"""A training that is killed again and again ends like one that was not."""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clone import Clone, differences, small_clone
from trial import Trial

RESULTS = ("build/model", "reports/training", "reports/metrics.json")
_BEGUN = re.compile(rb"train: (starting|resuming at iteration (\d+))")
_PATIENCE = 600.0


def trials(times: int) -> Iterator[Trial]:
    """Kill the real stage `times` times; as often as it comes to its end, begin anew."""
    with tempfile.TemporaryDirectory(prefix="kantor-training-") as scratch:
        folder = Path(scratch)
        ready = small_clone(folder / "ready")
        ready.repro("validate")
        calm = ready.copied(folder / "calm")
        began = time.monotonic()
        calm.repro("train")
        lasted = time.monotonic() - began
        calm.repro("evaluate")
        yield _killed(ready, calm.contents(*RESULTS), times, lasted, folder)


def _killed(
    ready: Clone, expected: dict[str, str], times: int, lasted: float, folder: Path
) -> Trial:
    chance = random.Random(0)
    began = time.monotonic()
    kills = ends = during = 0
    faults: list[str] = []
    while kills < times or ends == 0:
        clone = ready.copied(folder / f"killed{ends}")
        while not _finished(clone, folder, chance.uniform(0, lasted) if kills < times else None):
            kills += 1
            during += bool(_BEGUN.search((folder / "said").read_bytes()))
            print(f"training: killed {kills} times", file=sys.stderr, flush=True)
        clone.repro("evaluate")
        ends += 1
        faults += differences(expected, clone.contents(*RESULTS))
    outcome = (
        f"{during} of the kills while it trained, the others while it started; {ends} trainings "
        f"came to their end, "
    )
    outcome += (
        f"not as the undisturbed one: {', '.join(sorted(set(faults))[:5])}"
        if faults
        else "weights, log, film and metrics byte for byte those of the undisturbed one"
    )
    what = "training killed (kill -9) at a random moment and started again"
    return Trial(what, kills, outcome, time.monotonic() - began, not faults)


def _finished(clone: Clone, folder: Path, seconds: float | None) -> bool:
    """Start the stage and kill it after `seconds`; whether it was finished before.

    Raises
    ------
    RuntimeError
        If it fails by itself.
    """
    process = clone.start("dvc", "repro", "train", said=folder / "said")
    end = time.monotonic() + (_PATIENCE if seconds is None else seconds)
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    if process.poll() is None:
        clone.kill(process)
        if seconds is None:
            raise RuntimeError("the training does not come to its end")
        return False
    if process.returncode:
        raise RuntimeError(f"dvc repro train: {(folder / 'said').read_text()[-2000:]}")
    return True
