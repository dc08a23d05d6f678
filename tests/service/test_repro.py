"""One runs at a time in a repository; the others wait, and none waits for the dead."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from kantor.locks import STATE, Busy, held
from kantor.service.repro import LOCK, drop_stale_note, main

REPRO = (sys.executable, "-m", "kantor.service.repro")
SOUND = "register: {model: a, experiment: b}"


@contextmanager
def waiting(root):
    """A command through the lock, which another holds."""
    with held(root / STATE / LOCK):
        process = subprocess.Popen(
            (*REPRO, "touch", "ran"),
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
            # What runs in the background of a script ignores it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert process.stderr.readline().startswith("waiting: the pipeline is run by process ")
        yield process
    with process:
        process.wait(60)
    assert not (root / "ran").exists()


def test_the_command_holds_the_lock_while_it_runs(tmp_path, monkeypatch):
    """Its exit code is given back. The environment need not be activated."""
    monkeypatch.setenv("PATH", os.defpath)
    script = "import kantor, sys; print('runs', flush=True); sys.stdin.read(); sys.exit(7)"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen((*REPRO, "python", "-c", script), cwd=tmp_path, **pipes) as process:
        assert process.stdout.readline() == b"runs\n"
        with pytest.raises(Busy), held(tmp_path / STATE / LOCK, seconds=0):
            pass
        process.communicate(b"")
    assert process.returncode == 7


def test_interrupted_as_it_waits(tmp_path):
    """Ctrl-C ends it at once, with the shell's exit code and without a traceback."""
    with waiting(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 130


def test_a_fault_of_the_parameters_runs_nothing(tmp_path, monkeypatch, capsys):
    """It is told in one line, before DVC could remove what a stage made; also after waiting."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {register: {cmd: echo}}")
    (tmp_path / "params.yaml").write_text(SOUND.replace("experiment", "experimant"))
    assert main(["touch", "ran"]) == 1
    words = "no such parameter; experiment may be meant; nothing was run"
    assert capsys.readouterr().err == f"params.yaml: register.experimant: {words}\n"
    (tmp_path / "params.yaml").write_text(SOUND)
    with waiting(tmp_path) as process:
        (tmp_path / "params.yaml").write_text("register: {model: a, experiment: ''}")
    assert process.returncode == 1


def test_a_command_that_is_not_there(tmp_path, monkeypatch, capsys):
    """One line, and the shell's exit code."""
    monkeypatch.chdir(tmp_path)
    assert main(["no-such-command-anywhere"]) == 127
    assert main([]) == 2
    assert "not found" in capsys.readouterr().err


ENDED = '{"read": {"build": [{"pid": 4194305, "cmd": "dvc repro"}]}, "write": {}}'
RUNS = f'{{"read": {{}}, "write": {{"build": {{"pid": {os.getpid()}, "cmd": "dvc repro"}}}}}}'


@pytest.fixture
def note(tmp_path):
    """DVC's note of who reads and writes what; not there yet."""
    note = tmp_path / ".dvc" / "tmp" / "rwlock"
    note.parent.mkdir(parents=True)
    return note


@pytest.mark.parametrize(
    ("text", "stale"),
    [(ENDED, True), (RUNS, False), ('{"read": {"build/win', True), ("", True), (None, False)],
)
def test_a_stale_note_of_dvc_s_is_removed(tmp_path, note, text, stale):
    """A full disk or a kill leaves half of it or names who has ended; else it is DVC's own."""
    if text is not None:
        note.write_text(text)
    assert drop_stale_note(tmp_path) is stale
    assert note.exists() is (text is not None and not stale)


def test_a_killed_process_has_ended_though_nobody_waited_for_it(tmp_path, note):
    """It stays in the system's table until its parent looks; DVC takes it for running."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        who = {"pid": process.pid, "cmd": "dvc repro"}
        note.write_text(json.dumps({"read": {}, "write": {"build": who}}))
        assert not drop_stale_note(tmp_path)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert drop_stale_note(tmp_path)


def test_a_torn_note_stops_dvc_unless_it_is_removed(tmp_path):
    """DVC refuses to run beside it, and runs through the lock."""
    (tmp_path / "dvc.yaml").write_text("stages: {one: {cmd: echo done}}\n")
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}

    def run(*command):
        options = {"capture_output": True, "text": True, "check": False}
        done = subprocess.run(command, cwd=tmp_path, env=environment, **options)
        return done.stdout + done.stderr

    dvc = (sys.executable, "-m", "dvc")
    run(*dvc, "init", "--no-scm")
    (tmp_path / ".dvc" / "tmp").mkdir(exist_ok=True)
    (tmp_path / ".dvc" / "tmp" / "rwlock").write_text('{"read": {"half')
    assert "corrupted" in run(*dvc, "repro")
    assert "Running stage 'one'" in run(*REPRO, *dvc, "repro")
