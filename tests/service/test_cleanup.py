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


@pytest.fixture
def mark():
    return {"KANTOR_TEST_MARK": uuid.uuid4().hex}


def started(code, environment, **more):
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )
    assert process.stdout.readline().strip()
    return process


def test_the_sweep_ends_descendants_and_nothing_else(mark):
    """A grandchild whose parent is gone is found by its environment; a stranger is left alone."""
    parent = started(
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {WAIT!r}], stdin=subprocess.PIPE)\n"
        "sys.stdin.read()",
        mark,
    )
    stranger = started(WAIT, {"KANTOR_TEST_MARK": "another"})
    parent.kill()
    parent.communicate()

    def chosen(values):
        return values.get("KANTOR_TEST_MARK") == mark["KANTOR_TEST_MARK"]

    # The grandchild reads from a pipe that closed with its parent, so it may be gone already.
    cleanup.sweep(chosen)
    assert cleanup.find(chosen) == []
    assert stranger.poll() is None
    stranger.communicate("")


def test_the_sweep_kills_what_ignores_signals(mark):
    """A process that will not end by itself is ended."""
    stubborn = started(f"import signal; signal.signal(15, signal.SIG_IGN)\n{WAIT}", mark)
    assert cleanup.sweep(lambda values: mark.items() <= values.items()) == 1
    stubborn.communicate()
    assert stubborn.returncode == -9


def test_the_one_who_sweeps_is_spared():
    """Neither this process nor its parents are ever chosen."""
    mine = set(cleanup.find(lambda values: True))
    assert psutil.Process() not in mine
    assert psutil.Process().parent() not in mine


def test_a_child_ends_with_its_parent(mark):
    """Also where the parent is killed with -9."""
    parent = started(
        "import subprocess, sys; from kantor.service import cleanup\n"
        f"child = subprocess.Popen([sys.executable, '-c', {WAIT!r}], stdin=subprocess.PIPE,\n"
        "    preexec_fn=cleanup.end_with_parent)\n"
        "print(child.pid, flush=True); sys.stdin.read()",
        mark,
    )
    parent.kill()
    # Its end of the pipe is open as long as the child lives.
    parent.communicate(timeout=20)
    assert cleanup.find(lambda values: mark.items() <= values.items()) == []
