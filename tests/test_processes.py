"""Workers begin with what they need in memory, and end with the process that they work for."""

import os
import sys

import psutil
import pytest
from tests.living import left, started

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

PRELOADED = """
import os, sys
from kantor import processes

if __name__ == "__main__":
    processes.begin("fractions")
    workers = processes.Workers(1, "fractions")
    print(workers.submit(eval, "'fractions' in __import__('sys').modules").result())
    print(workers.submit(os.getppid).result() != os.getpid())
    print("numpy" in sys.modules)
    try:
        workers.submit(os._exit, 3).result()
    except processes.Died:
        print(workers.submit(len, "abc").result())
"""
ENDED = """
import threading, time
from kantor import processes

if __name__ == "__main__":
    workers = processes.Workers(1, "kantor.processes")
    workers.submit(time.sleep, 0).result()
    call = workers.submit(time.sleep, 600)
    threading.Timer(0.2, workers.close, [False]).start()
    try:
        call.result()
    except processes.Died:
        print("told")
    try:
        workers.submit(len, "abc")
    except processes.Died:
        print("told")
"""
WORK = """
import time
from kantor import processes

if __name__ == "__main__":
    workers = processes.Workers(2, "kantor.processes")
    workers.submit(time.sleep, 0).result()
    busy = [workers.submit(time.sleep, 600) for _ in range(3)]
    print("at work", flush=True)
    time.sleep(600)
"""


def test_what_is_needed_was_imported_elsewhere(tmp_path):
    """Workers are forked from a process that has it; a call that ends its worker is told."""
    with started(tmp_path, PRELOADED) as process:
        assert process.communicate(timeout=60)[0].split() == ["True", "True", "False", "3"]


def test_a_call_whose_workers_are_ended_is_not_made_again(tmp_path):
    """It fails at once, so that nobody waits for it; so does a call that comes later."""
    with started(tmp_path, ENDED) as process:
        assert process.communicate(timeout=60)[0].split() == ["told", "told"]


def test_workers_end_with_the_process_that_they_work_for(tmp_path):
    """kill -9 of that process alone, in the middle of work; helpers of Python's end as well."""
    with started(tmp_path, WORK) as process:
        assert process.stdout.readline() == "at work\n"
        family = {one.pid for one in psutil.Process(process.pid).children(recursive=True)}
        process.kill()
        process.stdout.close()
    assert len(family) >= 2
    alive = left(family)
    for pid in alive:
        os.kill(pid, 9)
    assert not alive
