"""Parts of a service are started in order, started again, and all ended; none is left behind."""

import io
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import ExitStack

import psutil
import pytest

from kantor.errors import SetupError
from kantor.service import cleanup, health, logs
from kantor.service.health import STATES, read_states
from kantor.service.supervisor import Part, Supervisor

WAIT = "import time; time.sleep(60)"
NOWHERE = "http://127.0.0.1:9/"


def part(name, code, *arguments, **more):
    return Part(name, [sys.executable, "-c", code, *map(str, arguments)], **more)


def until(condition, seconds=60):
    """Wait for it."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch):
    """The supervisor looks more often than in a service."""
    monkeypatch.setattr("kantor.service.supervisor._ROUND", 0.05)
    monkeypatch.setattr("kantor.service.supervisor._PAUSE", 0.05)


@pytest.fixture
def run(tmp_path):
    """Run parts in a thread; gives what is said, and a function that ends them."""
    with ExitStack() as ending:

        def start(*parts, wait=True):
            lines, ready = [], threading.Event()
            supervisor = Supervisor(parts, tmp_path, tmp_path, lines.append)
            thread = threading.Thread(target=supervisor.run, args=(ready.set,))
            thread.start()
            ending.callback(thread.join, 30)
            ending.callback(supervisor.stop)
            assert not wait or ready.wait(60)
            return lines, ending.close

        yield start


def test_all_end_together(run):
    """After `stop` no process runs, and each had a log and the environment that was given."""
    code = f"import os; print(os.environ['WHO'], flush=True); {WAIT}"
    one = part("one", code, environment={"WHO": "first"})
    two = part("two", code, environment={"WHO": "second"}, needs="one")
    assert "first" not in repr(one), "it may be secret"
    lines, end = run(one, two)
    until(lambda: two.log.exists())
    end()
    assert not one.alive
    assert not two.alive
    assert lines == []
    assert one.started < two.started
    assert [each.log.read_text().split()[1:] for each in (one, two)] == [["first"], ["second"]]


@pytest.mark.parametrize("killed", ["process", "_writer"])
def test_a_part_that_dies_is_started_again(run, tmp_path, killed):
    """So is one whose log lost its writer. The cause is said and kept, and that it runs again."""
    one = part("one", f"print('so long', flush=True); {WAIT}")
    lines, _ = run(one)
    until(lambda: one.log.exists())
    until(lambda: read_states(tmp_path / STATES)[0].what == "running")
    getattr(one, killed).kill()
    until(lambda: len(lines) == 2)
    how = "ended (signal 9); its log ends: so long"
    fault = how if killed == "process" else "lost its log and was killed"
    assert lines == [f"one {fault}; starting it again", "one is running again"]
    until(lambda: read_states(tmp_path / STATES)[0].what == "running")
    (written,) = read_states(tmp_path / STATES)
    assert (written.restarts, written.fault) == (1, fault)


@pytest.mark.parametrize("kind", ["server", "signs"])
def test_a_part_that_hangs_is_started_again(run, tmp_path, monkeypatch, kind):
    """After three missing answers; one that answers late, and all other parts, are left alone."""
    monkeypatch.setattr(health, "EVERY", 1.0)
    sign = tmp_path / "sign"
    hanging = Part("signs", ["sh", "-c", f"while touch {sign}; do sleep .05; done"], sign=sign)
    if kind == "server":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        command = [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1"]
        hanging = Part("server", command, health=f"http://127.0.0.1:{port}/")
    other = part("other", WAIT)
    lines, _ = run(other, hanging)
    first, untouched = hanging.process, other.process
    os.kill(first.pid, signal.SIGSTOP)
    until(lambda: hanging.state.what == "silent")
    os.kill(first.pid, signal.SIGCONT)
    until(lambda: hanging.state.what == "running")
    assert lines == []
    os.kill(first.pid, signal.SIGSTOP)
    until(lambda: hanging.process not in (None, first) and hanging.ready)
    until(lambda: len(lines) == 2)
    assert "gave no answer for" in lines[0]
    assert other.process is untouched
    assert hanging.state.restarts == 1
    assert "gave no answer" in hanging.state.fault


def test_a_part_that_hangs_delays_no_other(run, monkeypatch):
    """While its answer is waited for, others are started again as ever."""
    monkeypatch.setattr(health, "EVERY", 30.0)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        other = part("other", WAIT)
        run(part("mute", WAIT, health=address), other, wait=False)
        until(lambda: other.ready)
        first = other.process
        first.kill()
        until(lambda: other.process not in (None, first), seconds=15)


def test_a_change_or_a_cause_is_told_once(tmp_path, monkeypatch):
    """A full disk ends nothing. A part that never starts is an error: its last line says why."""
    written, lines = [], []

    def write(_, states):
        written.append(states)
        raise OSError("full")

    monkeypatch.setattr(health, "write_states", write)
    bad, good = part("bad", "raise SystemExit('why')", health=NOWHERE), part("good", WAIT)
    with pytest.raises(SetupError, match=r"bad ended \(exit code 1\): why; see "):
        Supervisor([bad, good], tmp_path, tmp_path, lines.append).run(pytest.fail)
    assert lines == ["bad ended (exit code 1): why; starting it again"]
    assert all(states != after for states, after in itertools.pairwise(written))
    assert not good.alive


def test_the_pauses_grow_until_a_part_runs_for_a_while(tmp_path):
    """Then they begin anew."""
    one = part("one", WAIT)

    def pause(ran=0.0):
        one.start(tmp_path, tmp_path)
        until(lambda: one.look() or one.ready)
        one.started -= ran
        one.process.kill()
        until(one.look)
        return round(one.next_start - time.monotonic(), 0)

    assert [pause() for _ in range(4)][1:] == [1, 2, 4]
    one.failures = 20
    assert pause() == 30
    assert pause(ran=60.0) < 1


def test_what_never_answers_is_an_error_at_first(tmp_path, monkeypatch):
    """A part that lives and is late is named, and ended; later it is started again."""
    monkeypatch.setattr(health, "PATIENCE", 0.3)
    slow = part("slow", WAIT, health=NOWHERE)
    with pytest.raises(SetupError, match="slow: not ready after"):
        Supervisor([slow], tmp_path, tmp_path).run(pytest.fail)
    assert not slow.alive
    slow.start(tmp_path, tmp_path)
    until(slow.look)
    assert slow.fault == "was not ready after 0 s and was killed"


MARK = {"KANTOR_TEST_MARK": uuid.uuid4().hex}
SAYS = f"print('here', flush=True); {WAIT}"
PARENT = f"""
import subprocess, sys
from kantor.service import cleanup
last = cleanup.end_with_parent if len(sys.argv) > 1 else None
subprocess.Popen([sys.executable, "-c", {SAYS!r}], preexec_fn=last).wait()
"""


def marked(environment):
    return MARK.items() <= environment.items()


def started(code, *arguments, environment=MARK):
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"here\n"
    return process


@pytest.mark.skipif(sys.platform != "linux", reason="reads other processes")
def test_none_is_left_behind():
    """A child ends with its parent. The sweep ends all that were marked, no stranger, not us."""
    parent, linked = started(PARENT), started(PARENT, "linked")
    stubborn = started(f"import signal; signal.signal(15, signal.SIG_IGN)\n{SAYS}")
    stranger = started(SAYS, environment={"KANTOR_TEST_MARK": "another"})
    for one in (parent, linked):
        one.kill()
        one.wait()
    linked.communicate(timeout=20)  # its end of the pipe is open as long as its child lives
    assert cleanup.sweep(marked) == 2
    assert cleanup.find(marked) == []
    assert stubborn.wait() == -9
    assert stranger.poll() is None
    stranger.kill()
    for one in (parent, stubborn, stranger):
        one.communicate()
    own = psutil.Process()
    assert not {own, *own.parents()} & {*cleanup.find(lambda _: True)}


TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} "


def test_each_line_has_its_time(tmp_path):
    """Also bytes. A long log becomes the old one; what the disk refuses is lost."""
    log = tmp_path / "one.log"
    logs.copy(io.BytesIO(b"first\n\n\xff\nlast"), log)
    lines = log.read_bytes().splitlines()
    assert [re.sub(TIME, b"", line) for line in lines] == [b"first", b"", b"\xff", b"last"]
    assert all(re.match(TIME, line) for line in lines)
    logs.copy(io.BytesIO(b"".join(b"%d\n" % n for n in range(10))), log, longest=60)
    kept = ((tmp_path / "one.log.1").read_text() + log.read_text()).splitlines()
    assert [line.split()[1] for line in kept] == [str(n) for n in range(10 - len(kept), 10)]
    assert len(kept) > 3
    assert len(list(tmp_path.iterdir())) == 2
    logs.copy(io.BytesIO(b"lost\n"), tmp_path / "missing" / "one.log")


def test_it_outlives_who_is_asked_to_end(tmp_path):
    """What the part says as it ends is still to come; the writer ends after that."""
    log = tmp_path / "one.log"
    command = [sys.executable, "-I", "-S", logs.__file__, str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as writer:
        writer.stdin.write(b"first\n")
        writer.stdin.flush()
        while not log.exists():
            assert writer.poll() is None
        for one in (signal.SIGINT, signal.SIGTERM):
            os.kill(writer.pid, one)
        writer.communicate(b"last\n", timeout=60)
    assert writer.returncode == 0
    assert log.read_text().split()[1::2] == ["first", "last"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing"),
        ("one\ntwo\n\n  \n", "two"),
        ("Traceback\n  File x\nOSError: disk\n  ^^^^\n-----\n", "OSError: disk"),
        ("Error\n  no cron\n    For further information visit https://x\n", "no cron"),
    ],
)
def test_last_words(tmp_path, text, words):
    """The last line that says anything, without its time; nothing that was said before."""
    log = tmp_path / "one.log"
    assert logs.last_words(log) == "nothing"
    logs.copy(io.BytesIO(b"before\n"), log)
    begin = log.stat().st_size
    logs.copy(io.BytesIO(text.encode()), log)
    assert logs.last_words(log, begin) == words
