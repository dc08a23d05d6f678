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
from kantor.service import health
from kantor.service.health import STATES, read_states
from kantor.service.supervisor import Part, Supervisor

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
    """Run parts in a thread; gives the parts, what is said, and a function that ends them."""
    running = []

    def start(*parts, wait=True):
        lines, ready = [], threading.Event()
        supervisor = Supervisor(parts, tmp_path, tmp_path, lines.append)
        thread = threading.Thread(target=supervisor.run, args=(ready.set,))
        thread.start()

        def end():
            supervisor.stop()
            thread.join(30)

        running.append(end)
        assert not wait or ready.wait(60)
        return lines, end

    yield start
    for end in running:
        end()


@pytest.fixture
def server():
    """A part that answers, and may be made to hang."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return part("server", SERVER, port, health=f"http://127.0.0.1:{port}/")


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
def test_a_part_that_hangs_is_started_again(run, tmp_path, monkeypatch, server, kind):
    """After three missing answers it is killed, while the other parts are left alone."""
    monkeypatch.setattr(health, "EVERY", 0.5)
    sign = tmp_path / "sign"
    hanging = server if kind == "server" else part("signs", SIGNS, sign, sign=sign)
    other = part("other", WAIT)
    lines, _ = run(other, hanging)
    first, untouched = hanging.process, other.process
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


def test_a_part_that_answers_late_is_left_alone(run, monkeypatch, server):
    """A busy machine brings a missing answer or two."""
    monkeypatch.setattr(health, "EVERY", 1.0)
    lines, _ = run(server)
    os.kill(server.process.pid, signal.SIGSTOP)
    until(lambda: server.state.what == "silent")
    os.kill(server.process.pid, signal.SIGCONT)
    until(lambda: server.state.what == "running")
    assert lines == []


def test_a_change_or_a_cause_is_told_once(tmp_path, monkeypatch):
    """A part that keeps dying does not fill the terminal; a full disk ends nothing.

    One that never starts is an error: the last line of its log says why. The others are ended.
    """
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
