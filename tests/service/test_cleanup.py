"""What a service started is found by what it inherited, and ended."""

import os
import subprocess
import sys
import uuid

import psutil
import pytest

from kantor.service import cleanup

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads other processes")

WAIT = "import sys; print('here', flush=True); sys.stdin.read()"
PARENT = f"""
import subprocess, sys
from kantor.service import cleanup
last = cleanup.end_with_parent if len(sys.argv) > 1 else None
child = subprocess.Popen([sys.executable, "-c", {WAIT!r}], stdin=subprocess.PIPE, preexec_fn=last)
sys.stdin.read()
"""


@pytest.fixture
def mark():
    return {"KANTOR_TEST_MARK": uuid.uuid4().hex}


def started(environment, code, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "here\n"
    return process


def test_the_sweep_ends_descendants_and_nothing_else(mark):
    """A grandchild whose parent is gone is found by its environment; a stranger is left alone."""
    parent = started(mark, PARENT)
    stranger = started({"KANTOR_TEST_MARK": "another"}, WAIT)
    parent.kill()
    parent.communicate()
    # The grandchild reads from a pipe that closed with its parent, so it may be gone already.
    cleanup.sweep(lambda values: mark.items() <= values.items())
    assert cleanup.find(lambda values: mark.items() <= values.items()) == []
    assert stranger.poll() is None
    stranger.communicate("")


def test_the_sweep_kills_what_ignores_signals(mark):
    """A process that will not end by itself is ended; neither this one nor its parents ever are."""
    stubborn = started(mark, f"import signal; signal.signal(15, signal.SIG_IGN)\n{WAIT}")
    assert cleanup.sweep(lambda values: mark.items() <= values.items()) == 1
    stubborn.communicate()
    assert stubborn.returncode == -9
    own = psutil.Process()
    assert not {own, *own.parents()} & {*cleanup.find(lambda _: True)}


def test_a_child_ends_with_its_parent(mark):
    """Also where the parent is killed with -9."""
    parent = started(mark, PARENT, "last")
    parent.kill()
    parent.communicate(timeout=20)  # its end of the pipe is open as long as the child lives
    assert cleanup.find(lambda values: mark.items() <= values.items()) == []
