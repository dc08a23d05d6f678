"""One at a time: the others wait, and none waits for the dead."""

import fcntl
import subprocess
import sys
import threading
import time

import pytest

from kantor.locks import Busy, held


def test_the_second_waits_and_says_so(tmp_path):
    """It is told whom it waits for, and goes on when that one is done."""
    told, order, waits = [], [], threading.Event()

    def say(text):
        told.append(text)
        waits.set()

    def second():
        with held(tmp_path / "lock", say):
            order.append("second")

    thread = threading.Thread(target=second)
    with held(tmp_path / "lock"):
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert len(told) == 1
    assert "process" in told[0]


def test_who_has_just_taken_it_is_named(tmp_path):
    """Not the one before, whose name the file has for another moment."""
    told, lock = [], tmp_path / "lock"
    lock.write_text("process 1")

    def second():
        with held(lock, told.append):
            pass

    with lock.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.05)
        lock.write_text("process 2")
        deadline = time.monotonic() + 10
        while not told and time.monotonic() < deadline:
            time.sleep(0.05)
    thread.join(10)
    assert told == ["waiting: the pipeline is run by process 2"]


def test_who_does_not_wait_is_refused(tmp_path):
    """With no time to wait it is an error that names the holder."""
    with (
        held(tmp_path / "lock"),
        pytest.raises(Busy, match="held by process"),
        held(tmp_path / "lock", seconds=0),
    ):
        pytest.fail("two hold one lock")


def test_a_killed_holder_holds_nothing(tmp_path):
    """kill -9 frees the lock at once."""
    script = (
        "import sys, pathlib; from kantor.locks import held\n"
        "with held(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(Busy), held(tmp_path / "lock", seconds=0):
            pass
        process.kill()
        process.wait()
    with held(tmp_path / "lock", seconds=0):
        pass
