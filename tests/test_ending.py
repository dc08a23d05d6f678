"""Whoever is killed leaves no worker behind, whatever the worker was doing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.living import descendants, left

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

INGEST = """
import time
from kantor.data import parallel
pool = parallel._pool(2)
"""
BATCH = """
import time
from kantor.processes import BATCH, Workers
pool = Workers(2, BATCH)
"""
WAIT = """
if __name__ == "__main__":
    pool.submit(time.sleep, 0).result()
    busy = [pool.submit(time.sleep, 600) for _ in range(3)]
    print("at work", flush=True)
    time.sleep(600)
"""
COMPOSE = """
import numpy as np
from tests.runtime.arrays import random_weights
from kantor import runtime
from kantor.music.conditioning import Given
from kantor.runtime import pool

STEPS = 400_000
send = pool._send

def told(stream, what):
    send(stream, what)
    if len(what) == 4:  # a job
        print("at work", flush=True)

pool._send = told
model = runtime.Generator(random_weights(), {"preset": "chorale"}, processes=3)
shape = (3, STEPS, 4)
bars = np.stack([np.arange(STEPS) % 16, np.full(STEPS, 16)], axis=1).astype(np.int16)
model.compose(
    Given(
        np.full(shape, 60, np.int8),
        np.zeros(shape, bool),
        np.broadcast_to(np.arange(4) == 0, shape),
        np.broadcast_to(bars, (3, STEPS, 2)),
        np.zeros(shape[:2], bool),
        np.zeros(3, np.int8),
    ),
    [1, 2, 3],
)
"""


@pytest.mark.parametrize(
    ("script", "least"),
    [
        pytest.param(INGEST + WAIT, 2, id="ingest"),
        pytest.param(BATCH + WAIT, 2, id="batch"),
        pytest.param(COMPOSE, 2, id="compose"),
    ],
)
def test_workers_end_with_the_process_that_they_work_for(
    tmp_path: Path, script: str, least: int
) -> None:
    """kill -9 of that process alone, in the middle of work; helpers of Python's end as well."""
    (tmp_path / "script.py").write_text(script)
    root = Path(__file__).parents[1]
    paths = [str(root / "src"), str(root), os.environ.get("PYTHONPATH", "")]
    with subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        family = descendants(process.pid)
        process.kill()
        process.stdout.close()
    assert len(family) >= least
    alive = left(family)
    for pid in alive:
        os.kill(pid, 9)
    assert not alive
