"""One at a time: the others wait, and none waits for the dead."""

import fcntl
import subprocess
import sys
import threading
import time

import pytest

from kantor.locks import Busy, held

HOLDER = (
    "import sys, pathlib; from kantor.locks import held\n"
    "with held(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


def test_the_second_waits_and_names_the_holder(tmp_path):
    """Once: the one who has taken it, not the one before; when that is done the second goes on."""
    lock, lines, taken = tmp_path / "lock", [], threading.Event()
    lock.write_text("process 1")

    def second():
        with held(lock, lines.append):
            taken.set()

    thread = threading.Thread(target=second)
    with lock.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread.start()
        time.sleep(0.05)
        lock.write_text("process 2")
        deadline = time.monotonic() + 10
        while not lines and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not taken.wait(0.3)
    assert taken.wait(10)
    thread.join(10)
    assert lines == ["waiting: the pipeline is run by process 2"]


def test_a_killed_holder_holds_nothing(tmp_path):
    """With no time to wait a held lock is an error that names the holder; kill -9 frees it."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(Busy, match=f"held by process {process.pid}"),
            held(tmp_path / "lock", seconds=0),
        ):
            pytest.fail("two hold one lock")
        process.kill()
        process.wait()
    with held(tmp_path / "lock", seconds=0):
        pass
