"""New scores start retraining, once, also where the server is killed as `watch` tells of them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
from fault_service import asking, running, small, until
from trial import Trial

from kantor.service.service import Service
from kantor.service.supervisor import Supervisor

TELLING = "telling"  # see light_watch.py
LATEST = 0.3  # seconds from when `watch` begins to tell to the kill, at most
_OLD = 3600.0  # seconds since a score was copied: nobody waits for more


def trials(times: int) -> Iterator[Trial]:
    """Kill the server `times` times, each time as another score is told of."""
    with tempfile.TemporaryDirectory(prefix="kantor-telling-") as scratch:
        yield _killed(Path(scratch), times)


def _killed(root: Path, times: int) -> Trial:
    began, chance = time.monotonic(), random.Random(0)
    service, parts = small(root, "light_watch.py")
    seconds = []
    with running(parts, root) as supervisor:
        for number in range(1, times + 1):
            _add_score(root, number)
            until(lambda: (root / TELLING).exists(), "`watch` tells of nothing")
            time.sleep(chance.uniform(0, LATEST))
            _kill_server(supervisor)
            start = time.monotonic()
            note = root / "done" / f"data_ has changed: {number} files"
            until(note.exists, f"no retraining after {number} kills; see {root}/logs")
            seconds.append(time.monotonic() - start)
            print(f"telling: server killed {number} times", file=sys.stderr, flush=True)
        time.sleep(25)  # for what would come twice
        started = _started(service)
    twice = sum(count - 1 for count in started.values())
    outcome = f"{len(started)} retrainings, {max(seconds):.0f} s after the kill at most; "
    outcome += f"{twice} of them twice" if twice else "none twice"
    held = len(started) == times and not twice
    told = "the Prefect server killed (kill -9) as `watch` tells of a new score"
    return Trial(told, times, outcome, time.monotonic() - began, held)


def _add_score(root: Path, number: int) -> None:
    """A score more, copied an hour ago."""
    (root / TELLING).unlink(missing_ok=True)
    folder = root / "data" / "scores"
    folder.mkdir(parents=True, exist_ok=True)
    score = folder / f"{number}.mid"
    score.write_text(str(number))
    moment = time.time() - _OLD
    for path in (score, folder, folder.parent):
        os.utime(path, (moment, moment))


def _kill_server(supervisor: Supervisor) -> None:
    server = next(one for one in supervisor.running if one.part.name == "prefect")
    if server.process is not None:
        server.process.send_signal(signal.SIGKILL)


def _started(service: Service) -> Counter[str]:
    """The runs of `retrain`, by their reasons."""
    end = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError, httpx.HTTPError), asking(service) as client:
            runs = client.read_flow_runs(limit=200)
            reasons = (run.parameters.get("reason") for run in runs)
            return Counter(str(reason) for reason in reasons if reason)
        if time.monotonic() > end:
            raise RuntimeError("the server does not answer")
        time.sleep(1)
