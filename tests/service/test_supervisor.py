"""Parts of a service are started in order, started again, and all ended together."""

import itertools
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kantor.errors import SetupError
from kantor.service.parts import Part, Running
from kantor.service.supervisor import Supervisor

WAIT = "import time; time.sleep(60)"
SERVER = """
import http.server, pathlib, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
server.serve_forever()
"""
COUNTS = """
import itertools, time
for n in itertools.count():
    print(n, flush=True)
    time.sleep(.05)
"""
SIGNS = """
import pathlib, sys, time
while True:
    pathlib.Path(sys.argv[1]).touch()
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


@pytest.fixture
def run(tmp_path):
    """Run parts in a thread; gives what was said and how to stop."""
    running = []

    def start(*parts, patience=60.0, every=10.0, report=lambda states: None):
        told, ready = [], threading.Event()
        supervisor = Supervisor(
            parts, tmp_path / "logs", tmp_path, told.append, patience, every, report
        )
        thread = threading.Thread(target=supervisor.run, args=(ready.set,))
        thread.start()
        running.append((supervisor, thread))
        assert ready.wait(60)
        return supervisor, thread, told

    yield start
    for supervisor, thread in running:
        supervisor.stop()
        thread.join(30)


def test_all_end_together(run):
    """After `stop` no process runs, and each had a log and the environment that was asked for."""
    code = f"import os; print(os.environ['WHO'], flush=True); {WAIT}"
    supervisor, thread, told = run(
        part("one", code, environment={"WHO": "first"}),
        part("two", code, environment={"WHO": "second"}, needs="one"),
    )
    supervisor.stop()
    thread.join(30)
    assert not any(one.alive for one in supervisor.running)
    assert told == []
    assert supervisor.running[0].log.exists()


def test_who_dies_is_started_again(run):
    """The death is told with its cause, and so is that the part runs again."""
    supervisor, _, told = run(part("one", f"print('so long', flush=True); {WAIT}"))
    (one,) = supervisor.running
    first = one.process
    until(lambda: one.log.exists())
    first.kill()
    until(lambda: one.ready and one.process is not first)
    until(lambda: len(told) == 2)
    assert told == [
        "one ended (signal 9); its log ends: so long; starting it again",
        "one is running again",
    ]


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.parametrize("kind", ["server", "signs"])
def test_who_hangs_is_started_again(run, tmp_path, port, kind):
    """After three answers that are missing it is killed, while the other parts are left alone."""
    sign = tmp_path / "sign"
    hanging = part("server", SERVER, port, health=f"http://127.0.0.1:{port}/")
    if kind == "signs":
        hanging = part("signs", SIGNS, sign, sign=sign)
    supervisor, _, told = run(part("other", WAIT), hanging, every=1.0)
    other, one = supervisor.running
    first, untouched = one.process, other.process
    os.kill(first.pid, signal.SIGSTOP)
    until(lambda: one.process not in (None, first) and one.ready)
    until(lambda: len(told) == 2)
    assert "gave no answer for" in told[0]
    assert other.process is untouched
    assert one.state.restarts == 1
    assert "gave no answer" in one.state.fault


def test_who_hangs_delays_nobody(run, port):
    """While one part's answer is waited for the others are started again as ever."""
    hanging = part("server", SERVER, port, health=f"http://127.0.0.1:{port}/")
    supervisor, _, _ = run(hanging, part("other", WAIT), every=20.0)
    server, other = supervisor.running
    os.kill(server.process.pid, signal.SIGSTOP)
    server._health._next = 0.0
    until(lambda: server._health._answer is not None)
    first = other.process
    first.kill()
    until(lambda: other.process not in (None, first), seconds=15)
    assert server._health._answer is not None
    assert not server._health._answer.done()
    os.kill(server.process.pid, signal.SIGCONT)


def test_who_answers_late_is_left_alone(run, port):
    """Two missing answers are what a busy machine brings."""
    hanging = part("server", SERVER, port, health=f"http://127.0.0.1:{port}/")
    supervisor, _, told = run(hanging, every=2.0)
    (one,) = supervisor.running
    os.kill(one.process.pid, signal.SIGSTOP)
    until(lambda: one._health.misses == 1)
    assert one.state.what == "silent"
    os.kill(one.process.pid, signal.SIGCONT)
    until(lambda: one._health.misses == 0)
    assert told == []
    assert one.state.what == "running"


def test_who_does_not_get_ready_is_started_again(tmp_path):
    """A start that takes too long is no exemption for ever."""
    with ThreadPoolExecutor() as executor:
        slow = Running(
            part("slow", WAIT, health="http://127.0.0.1:9/"),
            tmp_path / "log",
            tmp_path,
            executor,
            patience=0.1,
        )
        slow.start()
        faults = []
        until(lambda: faults.append(slow.look()) or faults[-1])
        slow.end(0)
    assert faults[-1] == "was not ready after 0 s and was killed"


def test_the_states_are_reported(run):
    """Each change of any part, so that a page can show it."""
    reported = []
    supervisor, _, _ = run(part("one", WAIT), report=reported.append)
    supervisor.running[0].process.kill()
    until(lambda: reported[-1][0].restarts == 1 and reported[-1][0].what == "running")
    what = [states[0].what for states in reported]
    assert what[:2] == ["starting", "running"]
    assert all(one != next for one, next in itertools.pairwise(reported))
    assert reported[-1][0].fault == "ended (signal 9); its log ends: nothing"


def test_the_same_cause_is_said_once(tmp_path):
    """A part that dies every half minute does not fill the terminal."""
    told = []
    supervisor = Supervisor([part("one", WAIT)], tmp_path / "logs", tmp_path, told.append)
    for fault in ("ended: a", "ended: a", "ended: b"):
        supervisor._failed(supervisor.running[0], fault)
    assert told == ["one ended: a; starting it again", "one ended: b; starting it again"]


def test_who_runs_for_a_while_is_forgiven(tmp_path):
    """The pauses grow while a part does not get to run, and begin anew when it did."""
    with ThreadPoolExecutor() as executor:
        one = Running(part("one", WAIT), tmp_path / "one.log", tmp_path, executor)

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
    code = (
        "import sys\nfor n in range(10**9):\n print(n, flush=True)\n import time; time.sleep(.05)"
    )
    supervisor, _, told = run(part("one", code))
    (one,) = supervisor.running
    until(lambda: one.log.exists() and one.log.read_bytes().count(b"\n") > 3)
    first = one._writers[-1]
    first.kill()
    until(lambda: one._writers[-1] is not first)
    before = one.log.read_bytes().count(b"\n")
    until(lambda: one.log.read_bytes().count(b"\n") > before + 3)
    said = [int(line.split()[1]) for line in one.log.read_text().splitlines()]
    assert said[-1] <= len(said), "only the line that it had in hand may be lost"
    assert told == []


def test_what_never_starts_is_an_error_with_its_cause(tmp_path):
    """The last line of the log says why, and the other parts are ended."""
    supervisor = Supervisor(
        [
            part("good", WAIT),
            part("bad", "raise SystemExit('no such database')", health="http://x"),
        ],
        tmp_path / "logs",
        tmp_path,
        lambda line: None,
    )
    with pytest.raises(SetupError, match=r"bad ended \(exit code 1\): no such database; see "):
        supervisor.run(lambda: pytest.fail("never ready"))
    assert not any(one.alive for one in supervisor.running)


def test_what_is_late_is_an_error(tmp_path):
    """A part that lives and never answers is named."""
    slow = part("slow", WAIT, health="http://127.0.0.1:9/")
    supervisor = Supervisor([slow], tmp_path / "logs", tmp_path, print, patience=0.3)
    with pytest.raises(SetupError, match="slow: not ready"):
        supervisor.run(lambda: None)


def test_no_secret_in_the_command_or_in_words():
    """What is in the environment of a part does not show where the part is printed."""
    assert "hush" not in repr(part("one", WAIT, environment={"TOKEN": "hush"}))
