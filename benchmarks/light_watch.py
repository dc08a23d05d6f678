"""The flow `watch` of Kantor, served with a `retrain` that does next to nothing.

Just before `watch` starts a retraining it touches the file ``telling``.
"""

from __future__ import annotations

import asyncio
import datetime
import os
from pathlib import Path

import deployments
import watch as real
from prefect import flow
from prefect.schedules import Interval
from unfinished import end_flow_runs

FOLDER = "KANTOR_LIGHT_FOLDER"
EVERY = 10.0  # seconds from one look to the next
TELLING = "telling"


@flow(name="watch")
def watch() -> str:
    """Look at the data of the trial instead of Kantor's."""
    root, start = Path(os.environ[FOLDER]).parent, real.start_retraining

    def told(reason: str, key: str) -> None:
        (root / TELLING).touch()
        start(reason, key)

    real.ROOT, real.start_retraining = root, told
    real.notice = lambda root: None
    return real.watch.fn()


@flow(name="retrain")
def retrain(reason: str = "by hand") -> str:
    """Note why it was started."""
    (Path(os.environ[FOLDER]) / reason.replace("/", "_")).touch()
    return reason


def main() -> None:
    """Serve both."""
    end_flow_runs()
    anchor = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    every = Interval(EVERY, anchor_date=anchor)
    made = [
        deployments.deployment(watch, "look", schedule=every, concurrency_limit=deployments.ONE),
        deployments.deployment(retrain, "next to nothing"),
    ]
    asyncio.run(deployments.serve(made, Path(os.environ[FOLDER]).parent / deployments.SIGN))


if __name__ == "__main__":
    main()
