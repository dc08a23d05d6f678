"""Parts of a service are started in order, started again, and all ended together."""

import itertools
import os
import signal
import socket
import sys
import threading
import time

import pytest

from kantor.errors import SetupError
from kantor.service import state
from kantor.service.part import Part, Running
from kantor.service.supervisor import Supervisor

WAIT = "import time; time.sleep(60)"
SERVER = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
SIGNS = """
import pathlib, sys, time
while True:
    pathlib.Path(sys.argv[1]).touch()
    time.sleep(.05)
"""
COUNTS = """
import itertools, time
for n in itertools.count():
    print(n, flush=True)
    time.sleep(.05)
"""


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
    """Run parts in a thread; gives the supervisor, the thread and what it says."""
    running = []

    def start(*parts, wait=True, every=10.0):
        lines, ready = [], threading.Event()
        supervisor = Supervisor(parts, tmp_path, tmp_path, lines.append, 60.0, every)
        thread = threading.Thread(target=supervisor.run, args=(ready.set,))
        thread.start()
        running.append((supervisor, thread))
        assert not wait or ready.wait(60)
        return supervisor, thread, lines

    yield start
    for supervisor, thread in running:
        supervisor.stop()
        thread.join(30)


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_all_end_together(run):
    """After `stop` no process runs, and each had a log and the environment that was given."""
    code = f"import os; print(os.environ['WHO'], flush=True); {WAIT}"
    supervisor, thread, lines = run(
        part("one", code, environment={"WHO": "first"}),
        part("two", code, environment={"WHO": "second"}, needs="one"),
    )
    one, two = supervisor.running
    until(lambda: two.log.exists())
    supervisor.stop()
    thread.join(30)
    assert not any(each.alive for each in supervisor.running)
    assert lines == []
    assert one.started < two.started
    assert one.log.read_text().split()[1:] == ["first"]
    assert two.log.read_text().split()[1:] == ["second"]


def test_a_part_that_dies_is_started_again(run, tmp_path):
    """The death is said with its cause, and so is that it runs again; both are written down."""
    supervisor, _, lines = run(part("one", f"print('so long', flush=True); {WAIT}"))
    (one,) = supervisor.running
    first = one.process
    until(lambda: one.log.exists())
    until(lambda: state.read(tmp_path / state.FILE)[0].what == "running")
    first.kill()
    until(lambda: len(lines) == 2)
    fault = "ended (signal 9); its log ends: so long"
    assert lines == [f"one {fault}; starting it again", "one is running again"]
    until(lambda: state.read(tmp_path / state.FILE)[0].what == "running")
    (written,) = state.read(tmp_path / state.FILE)
    assert (written.restarts, written.fault) == (1, fault)


@pytest.mark.parametrize("kind", ["server", "signs"])
def test_a_part_that_hangs_is_started_again(run, tmp_path, port, kind):
    """After three missing answers it is killed, while the other parts are left alone."""
    hanging = part("server", SERVER, port, health=f"http://127.0.0.1:{port}/")
    if kind == "signs":
        hanging = part("signs", SIGNS, tmp_path / "sign", sign=tmp_path / "sign")
    supervisor, _, lines = run(part("other", WAIT), hanging, every=0.5)
    other, one = supervisor.running
    first, untouched = one.process, other.process
    os.kill(first.pid, signal.SIGSTOP)
    until(lambda: one.process not in (None, first) and one.ready)
    until(lambda: len(lines) == 2)
    assert "gave no answer for" in lines[0]
    assert other.process is untouched
    assert one.state.restarts == 1
    assert "gave no answer" in one.state.fault


def test_a_part_that_hangs_delays_no_other(run):
    """While its answer is waited for, others are started again as ever."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        supervisor, _, _ = run(
            part("mute", WAIT, health=address), part("other", WAIT), wait=False, every=30.0
        )
        other = supervisor.running[1]
        until(lambda: other.ready)
        first = other.process
        first.kill()
        until(lambda: other.process not in (None, first), seconds=15)


def test_a_part_that_answers_late_is_left_alone(run, port):
    """A busy machine brings a missing answer or two."""
    hanging = part("server", SERVER, port, health=f"http://127.0.0.1:{port}/")
    supervisor, _, lines = run(hanging, every=1.0)
    (one,) = supervisor.running
    os.kill(one.process.pid, signal.SIGSTOP)
    until(lambda: one.health.misses == 1)
    assert one.state.what == "silent"
    os.kill(one.process.pid, signal.SIGCONT)
    until(lambda: one.health.misses == 0)
    assert lines == []
    assert one.state.what == "running"


def test_a_part_that_does_not_get_ready_is_started_again(tmp_path):
    """A start that takes too long is no exemption for ever."""
    slow = part("slow", WAIT, health="http://127.0.0.1:9/")
    running = Running(slow, tmp_path / "log", tmp_path, patience=0.1)
    running.start()
    faults = []
    until(lambda: faults.append(running.look()) or faults[-1])
    running.end(0)
    assert faults[-1] == "was not ready after 0 s and was killed"


def test_each_change_is_written_down_once(tmp_path, monkeypatch):
    """So that a page can show it; a disk that refuses ends nothing."""
    written = []
    monkeypatch.setattr(state, "write", lambda _, states: written.append(states[0]) or fails())
    sign = tmp_path / "sign"
    one = part("one", SIGNS, sign, sign=sign)
    supervisor = Supervisor([one], tmp_path, tmp_path, lambda line: None)

    def fails():
        raise OSError("full")

    def look():
        if written and written[-1].what == "running":
            if written[-1].restarts:
                supervisor.stop()
            else:
                supervisor.running[0].process.kill()

    supervisor.run(lambda: None, look)
    assert [one.what for one in written[:2]] == ["starting", "running"]
    assert all(one != next for one, next in itertools.pairwise(written))
    assert written[-1].fault == "ended (signal 9); its log ends: nothing"


def test_the_same_cause_is_said_once(tmp_path, monkeypatch):
    """A part that dies every half minute does not fill the terminal."""
    faults = iter(("ended: a", "ended: a", "ended: b"))
    monkeypatch.setattr(Running, "look", lambda _: next(faults))
    monkeypatch.setattr(Running, "start", lambda _: None)
    lines = []
    supervisor = Supervisor([part("one", WAIT)], tmp_path, tmp_path, lines.append)
    for _ in range(3):
        supervisor._look_after()
    assert lines == ["one ended: a; starting it again", "one ended: b; starting it again"]


def test_the_pauses_grow_until_a_part_runs_for_a_while(tmp_path):
    """Then they begin anew."""
    one = Running(part("one", WAIT), tmp_path / "one.log", tmp_path)

    def pause(ran=0.0):
        one.start()
        until(lambda: one.look() or one.ready)
        one.started -= ran
        one.process.kill()
        until(one.look)
        return one.pause

    assert [pause() for _ in range(3)] == [0.5, 1.0, 2.0]
    one.failures = 20
    assert pause() == 30.0
    assert pause(ran=60.0) == 0.5
    one.end(0)


def test_a_log_goes_on_without_its_writer(run):
    """One that is killed is replaced; the part does not notice, and no line is lost."""
    supervisor, _, lines = run(part("one", COUNTS))
    (one,) = supervisor.running
    until(lambda: one.log.exists() and one.log.read_bytes().count(b"\n") > 3)
    first = one._writers[-1]
    first.kill()
    until(lambda: one._writers[-1:] not in ([], [first]))
    before = one.log.read_bytes().count(b"\n")
    until(lambda: one.log.read_bytes().count(b"\n") > before + 3)
    numbers = [int(line.split()[1]) for line in one.log.read_text().splitlines()]
    assert numbers[-1] <= len(numbers), "only the line that it had in hand may be lost"
    assert lines == []


def test_what_never_starts_is_an_error_with_its_cause(tmp_path):
    """The last line of the log says why, and the other parts are ended."""
    bad = part("bad", "raise SystemExit('no such database')", health="http://x")
    supervisor = Supervisor([part("good", WAIT), bad], tmp_path, tmp_path, lambda line: None)
    with pytest.raises(SetupError, match=r"bad ended \(exit code 1\): no such database; see "):
        supervisor.run(lambda: pytest.fail("never ready"))
    assert not any(one.alive for one in supervisor.running)


def test_what_is_late_is_an_error(tmp_path):
    """A part that lives and never answers is named."""
    slow = part("slow", WAIT, health="http://127.0.0.1:9/")
    supervisor = Supervisor([slow], tmp_path, tmp_path, print, patience=0.3)
    with pytest.raises(SetupError, match="slow: not ready"):
        supervisor.run(lambda: None)


def test_no_secret_in_the_command_or_in_words():
    """What is in the environment of a part does not show where the part is printed."""
    assert "hush" not in repr(part("one", WAIT, environment={"TOKEN": "hush"}))
