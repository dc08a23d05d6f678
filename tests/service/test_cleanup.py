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


MARK = {"KANTOR_TEST_MARK": uuid.uuid4().hex}


def marked(environment):
    return MARK.items() <= environment.items()


def started(code, *arguments, environment=MARK):
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "here\n"
    return process


def test_the_sweep_ends_descendants_and_nothing_else():
    """A grandchild whose parent is gone is found by its environment; a stranger is left alone.

    What ignores signals is ended too; neither this process nor its parents ever are.
    """
    parent = started(PARENT)
    stubborn = started(f"import signal; signal.signal(15, signal.SIG_IGN)\n{WAIT}")
    stranger = started(WAIT, environment={"KANTOR_TEST_MARK": "another"})
    parent.kill()
    parent.wait()
    # The grandchild reads from a pipe that closed with its parent, so it may be gone already.
    assert cleanup.sweep(marked) in (1, 2)
    assert cleanup.find(marked) == []
    for process, code in ((stubborn, -9), (stranger, 0)):
        process.communicate("")
        assert process.returncode == code
    parent.communicate()
    own = psutil.Process()
    assert not {own, *own.parents()} & {*cleanup.find(lambda _: True)}


def test_a_child_ends_with_its_parent():
    """Also where the parent is killed with -9."""
    parent = started(PARENT, "last")
    parent.kill()
    parent.communicate(timeout=20)  # its end of the pipe is open as long as the child lives
    assert cleanup.find(marked) == []
