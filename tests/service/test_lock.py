"""One runs at a time in a repository; the others wait, and none waits for the dead."""

import json
import os
import subprocess
import sys

import pytest

from kantor.locks import STATE, Busy, held
from kantor.service.lock import NAME, drop_stale, main


def test_the_command_line_holds_the_lock_while_its_command_runs(tmp_path):
    """`make repro` is such a command: it holds the lock itself, and gives back its exit code."""
    script = "import sys; print('runs', flush=True); sys.stdin.read(); sys.exit(7)"
    command = [sys.executable, "-m", "kantor.service.lock", sys.executable, "-c", script]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"runs\n"
        with pytest.raises(Busy), held(tmp_path / STATE / NAME, seconds=0):
            pass
        process.communicate(b"")
    assert process.returncode == 7


def test_a_command_that_is_not_there(tmp_path, monkeypatch, capsys):
    """One line, and the shell's exit code."""
    monkeypatch.chdir(tmp_path)
    assert main(["no-such-command-anywhere"]) == 127
    assert main([]) == 2
    assert "not found" in capsys.readouterr().err


ENDED = '{"read": {"build": [{"pid": 4194305, "cmd": "dvc repro"}]}, "write": {}}'
RUNS = f'{{"read": {{}}, "write": {{"build": {{"pid": {os.getpid()}, "cmd": "dvc repro"}}}}}}'


@pytest.mark.parametrize(
    ("text", "stale"),
    [(ENDED, True), (RUNS, False), ('{"read": {"build/win', True), ("", True), (None, False)],
)
def test_a_stale_note_of_dvc_s_is_removed(tmp_path, text, stale):
    """A full disk or a kill leaves half of it or names who has ended; else it is DVC's own."""
    note = tmp_path / ".dvc" / "tmp" / "rwlock"
    note.parent.mkdir(parents=True)
    if text is not None:
        note.write_text(text)
    assert drop_stale(tmp_path) is stale
    assert note.exists() is (text is not None and not stale)


def test_a_process_that_nobody_has_asked_after_has_ended(tmp_path):
    """A killed one stays in the system's table until its parent looks; DVC takes it for running."""
    note = tmp_path / ".dvc" / "tmp" / "rwlock"
    note.parent.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        who = {"pid": process.pid, "cmd": "dvc repro"}
        note.write_text(json.dumps({"read": {}, "write": {"build": who}}))
        assert not drop_stale(tmp_path)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert drop_stale(tmp_path)


def test_a_torn_note_stops_dvc_unless_it_is_removed(tmp_path):
    """DVC refuses to run beside it, and runs through the lock."""
    (tmp_path / "dvc.yaml").write_text("stages: {one: {cmd: echo done}}\n")
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}

    def run(*command):
        command = (sys.executable, "-m", *command)
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        return done.stdout + done.stderr

    run("dvc", "init", "--no-scm")
    (tmp_path / ".dvc" / "tmp").mkdir(exist_ok=True)
    (tmp_path / ".dvc" / "tmp" / "rwlock").write_text('{"read": {"half')
    assert "corrupted" in run("dvc", "repro")
    assert "Running stage 'one'" in run("kantor.service.lock", sys.executable, "-m", "dvc", "repro")
