"""A flow that does next to nothing, served as Kantor's own are: ``light.py SECONDS``."""

from __future__ import annotations

import asyncio
import datetime
import os
import sys
from pathlib import Path

import deployments
from prefect import flow
from prefect.runtime import flow_run
from prefect.schedules import Interval
from resume import end_flow_runs

FOLDER = "KANTOR_LIGHT_FOLDER"


@flow(name="light")
def light() -> str:
    """Note the time for which this run was scheduled; to do so twice is as good as once."""
    moment = flow_run.scheduled_start_time.isoformat()
    (Path(os.environ[FOLDER]) / moment).touch()
    return moment


def main() -> None:
    """Serve it, every so many seconds."""
    folder, seconds = Path(os.environ[FOLDER]), float(sys.argv[1])
    end_flow_runs()
    anchor = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    every = Interval(seconds, anchor_date=anchor)
    made = deployments.deployment(light, schedule=every)
    asyncio.run(deployments.serve([made], folder.parent / "flows.alive"))


if __name__ == "__main__":
    main()
