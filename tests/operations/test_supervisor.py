"""Parts of a service are started in order, started again, and all ended together."""

import os
import sys
import threading
import time

import pytest

from kantor.operations.supervisor import Part, Running, ServiceError, Supervisor, _shorten

WAIT = "import time; time.sleep(60)"


def part(name, code, **more):
    return Part(name, [sys.executable, "-c", code], **more)


@pytest.fixture
def run(tmp_path):
    """Run parts in a thread; gives what was said and how to stop."""
    running = []

    def start(*parts, patience=30.0):
        told, ready = [], threading.Event()
        supervisor = Supervisor(parts, tmp_path / "logs", tmp_path, told.append, patience)
        thread = threading.Thread(target=supervisor.run, args=(ready.set,))
        thread.start()
        running.append((supervisor, thread))
        assert ready.wait(30)
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
    """The death is told, and another process takes its place."""
    supervisor, _, told = run(part("one", WAIT))
    first = supervisor.running[0].process
    first.kill()
    for _ in range(300):
        process = supervisor.running[0].process
        if process is not None and process.pid != first.pid:
            break
        threading.Event().wait(0.05)
    assert supervisor.running[0].process.pid != first.pid
    assert told == ["one ended (-9); starting it again in 0.5 s"]


def test_who_runs_for_a_while_is_forgiven(tmp_path):
    """The pauses grow while a part does not get to run, and begin anew when it did."""
    one = Running(part("one", WAIT), tmp_path / "one.log", tmp_path)
    one.started = time.monotonic()
    assert [one.died() for _ in range(3)] == [0.5, 1.0, 2.0]
    assert [one.died() for _ in range(6)][-1] == 30.0
    one.ready, one.started = True, time.monotonic() - 60
    assert one.died() == 0.5


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
    with pytest.raises(ServiceError, match="bad: does not start: no such database"):
        supervisor.run(lambda: pytest.fail("never ready"))
    assert not any(one.alive for one in supervisor.running)


def test_what_is_late_is_an_error(tmp_path):
    """A part that lives and never answers is named."""
    slow = part("slow", WAIT, health="http://127.0.0.1:9/")
    supervisor = Supervisor([slow], tmp_path / "logs", tmp_path, print, patience=0.3)
    with pytest.raises(ServiceError, match="slow: not ready"):
        supervisor.run(lambda: None)


def test_no_secret_in_the_command_or_in_words():
    """What is in the environment of a part does not show where the part is printed."""
    assert "hush" not in repr(part("one", WAIT, environment={"TOKEN": "hush"}))


def test_a_long_log_is_begun_anew(tmp_path, monkeypatch):
    """A service of months fills no disk; who appends goes on appending."""
    monkeypatch.setattr("kantor.operations.supervisor.LONGEST_LOG", 10)
    log = tmp_path / "one.log"
    with log.open("ab") as stream:
        os.write(stream.fileno(), b"x" * 20)
        _shorten(log)
        os.write(stream.fileno(), b"new")
    assert log.read_bytes() == b"new"
