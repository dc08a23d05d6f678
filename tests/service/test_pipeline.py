"""One pass at a time; a failure names stage and cause; what it came to is a page with links."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from tests.living import left

from kantor import settings
from kantor.locks import STATE, Busy, held
from kantor.metrics.distances import Difference
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.rendering import title
from kantor.promotion.rule import Row
from kantor.service.failures import StageFailed, StageStopped
from kantor.service.pass_page import Pass, form, inline, markdown
from kantor.service.pipeline import (
    LOCK,
    alone,
    changed,
    drop_stale_note,
    main,
    reproduce,
    run_logged,
)

REPRO = (sys.executable, "-m", "kantor.service.pipeline")  # `make repro` without what it runs
SOUND = "register: {model: a, experiment: b}"


def run(script, root, say=lambda line: None, lock=None):
    return run_logged([sys.executable, "-c", script, str(lock)], root, say, lock)


def test_lines_are_passed_on_in_order(tmp_path):
    """Both streams, from the repository, also in pieces; by a command that holds the lock."""
    script = (
        "import os, sys, time; print(os.getcwd(), flush=True); os.fstat(int(sys.argv[1]))\n"
        "print('fault', file=sys.stderr, flush=True); out = sys.stdout.buffer\n"
        "for part in (b'one\\ntw', b'o \\xc3', b'\\xb6\\r\\nthree\\rfour \\xc3'):\n"
        "    out.write(part); out.flush(); time.sleep(0.05)"
    )
    seen = []
    with alone(tmp_path, print) as lock:
        assert run(script, tmp_path, seen.append, lock) == seen
    assert seen == [str(tmp_path), "fault", "one", "two ö", "three", "four \ufffd"]


INGEST = "Running stage 'ingest':\n> python pipelines/ingest.py\ningest: 300 of 1000 files read\n"
KILLED = INGEST + "Killed\nERROR: failed to reproduce 'ingest': failed to run: x, exited with "


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("train: no window\nERROR: failed to reproduce", "train: no window"),
        ("Running stage 'train':\n> python train.py\nno window\nERROR: failed", "train: no window"),
        ("Running stage 'a':\n> x\nRunning stage 'b':\n> y\nERROR: no disk", "b: no disk"),
        (
            "Running stage 'check':\n> c\ncheck: row 3: no pitch\ncheck: 1 of 2 passed\nERROR: no",
            "check: row 3: no pitch; 1 of 2 passed",
        ),
        ("", "exit code 255"),
        *(
            (KILLED + code, "ingest: killed by signal 9: if nobody did that, memory ran out")
            for code in ("-9", "137")
        ),
    ],
)
def test_a_failure_names_the_cause(tmp_path, output, message):
    """The stage that ran last, and its own last line or that it was killed; not DVC's words."""
    with pytest.raises(StageFailed) as error:
        run(f"print({output!r}); raise SystemExit(255)", tmp_path)
    assert str(error.value) == message


def test_a_pass_and_what_it_leaves_to_do(tmp_path):
    """A pass runs what changed; a failed one goes on from what is done; then nothing is left."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a").touch()
    stages = {}
    for name, dependency in (("first", "data"), ("second", "first.txt")):
        code = f"print('{name} at work'); open('{name}.txt', 'w').write('done')"
        (tmp_path / f"{name}.py").write_text(code)
        command, script = f"python {name}.py", f"{name}.py"
        stages[name] = {"cmd": command, "deps": [dependency, script], "outs": [f"{name}.txt"]}
    (tmp_path / "dvc.yaml").write_text(json.dumps({"stages": stages}))
    seen = []
    assert reproduce(tmp_path, seen.append) == ["first", "second"]
    assert "first at work" in seen
    (tmp_path / "data/b").touch()
    (tmp_path / "second.py").write_text("raise SystemExit('second: not today')")
    assert changed(tmp_path) == ["first: data", "second: second.py"]
    with pytest.raises(StageFailed, match=r"^second: not today$"):
        reproduce(tmp_path, seen.append)
    (tmp_path / "second.py").write_text("open('second.txt', 'w').write('again')")
    assert reproduce(tmp_path, seen.append) == ["second"]
    assert changed(tmp_path) == []


LEAVES = """
import os, subprocess, sys, time
print("Running stage 'ingest':", flush=True)
inner = "print('reading', flush=True); import time; time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", inner])
open("child", "w").write(str(child.pid))
while not os.path.exists("heard"):
    time.sleep(0.01)
os.kill(os.getpid(), 9)
"""


def test_a_command_that_is_killed_leaves_nothing_behind(tmp_path):
    """What it started holds the pipe open: that is not waited for but ended, and told."""

    def say(line):
        if line == "reading":
            (tmp_path / "heard").touch()

    with pytest.raises(StageFailed, match=r"^ingest: the command that ran it was killed by signal"):
        run(LEAVES, tmp_path, say)
    assert not left([int((tmp_path / "child").read_text())])


STOPPED = "train: stopped at iteration 40; the next start resumes there"


@pytest.mark.parametrize(
    ("said", "message"), [(STOPPED, STOPPED.removeprefix("train: ")), ("Traceback", "stopped")]
)
def test_a_stage_that_was_stopped_did_not_fail(tmp_path, said, message):
    """It says so itself, or not."""
    ends = f"\n{said}\nERROR: failed to reproduce 'train': failed to run: x, exited with 130"
    with pytest.raises(StageStopped) as stopped:
        run(f"print({INGEST + ends!r}); raise SystemExit(255)", tmp_path)
    assert str(stopped.value) == message


WORKS = """
import signal, time
def save(*_):
    open("saved", "w").close()
    raise SystemExit
signal.signal(signal.SIGINT, save)
print("at work", flush=True)
time.sleep(600)
"""
STAGE = f"""
import os, subprocess, sys
subprocess.run([sys.executable, "-c", {WORKS!r}], env=os.environ | {{"DVC_STAGE": "train"}})
"""


class Cancelled(BaseException):
    """As Prefect raises it in a flow that it is about to kill."""


def test_a_flow_that_is_cancelled_leaves_nothing_behind(tmp_path):
    """The stage is interrupted and saves what it has, then all is ended."""

    def say(line):
        assert line == "at work"
        raise Cancelled

    with pytest.raises(Cancelled):
        run(STAGE, tmp_path, say)
    assert (tmp_path / "saved").exists()


@pytest.fixture
def note(tmp_path):
    """DVC's note of who reads and writes what; not there yet."""
    note = tmp_path / ".dvc" / "tmp" / "rwlock"
    note.parent.mkdir(parents=True)
    return note


@contextmanager
def waiting(root):
    """A command through the lock, which another holds."""
    with held(root / STATE / LOCK):
        process = subprocess.Popen(
            (*REPRO, "touch", "ran"),
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr.readline().startswith("waiting: the pipeline is run by process ")
        yield process
    with process:
        process.wait(60)
    assert not (root / "ran").exists()


def test_the_command_holds_the_lock_while_it_runs(tmp_path, note, monkeypatch):
    """Without a torn note of DVC's, the environment not activated; its exit code counts."""
    monkeypatch.setenv("PATH", os.defpath)
    note.write_text('{"read": {"half')
    script = "import kantor, sys; print('runs', flush=True); sys.stdin.read(); sys.exit(7)"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen((*REPRO, "python", "-c", script), cwd=tmp_path, **pipes) as process:
        assert process.stdout.readline() == b"runs\n"
        assert not note.exists()
        with pytest.raises(Busy), held(tmp_path / STATE / LOCK, seconds=0):
            pass
        process.communicate(b"")
    assert process.returncode == 7


def test_a_fault_of_the_parameters_runs_nothing(tmp_path, monkeypatch, capsys):
    """It is told in one line, before DVC could remove what a stage made; also after waiting."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {register: {cmd: echo}}")
    (tmp_path / "params.yaml").write_text(SOUND.replace("experiment", "experimant"))
    assert main(["touch", "ran"]) == 1
    words = "no such parameter; experiment may be meant; nothing was run"
    assert capsys.readouterr().err == f"params.yaml: register.experimant: {words}\n"
    with pytest.raises(StageFailed, match=words):
        reproduce(tmp_path, pytest.fail)
    with pytest.raises(StageFailed, match="not inside of a DVC repository"):
        changed(tmp_path)
    (tmp_path / "params.yaml").write_text(SOUND)
    with waiting(tmp_path) as process:
        (tmp_path / "params.yaml").write_text("register: {model: a, experiment: ''}")
    assert process.returncode == 1


def test_interrupted_as_it_waits(tmp_path):
    """Ctrl-C ends it at once, with the shell's exit code and without a traceback."""
    with waiting(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("text", "stale"),
    [('{"read": {"build": {"pid": 4194305}}}', True), ('{"re', True), ("", True), (None, False)],
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


SERVED = {"KANTOR_URL": "http://studio:8400", "KANTOR_MLFLOW_URL": "http://studio:5000"}
DONE = Pass("new scores", ["ingest: data"], ["ingest", "train"], ["bach version 2", "  triads 0.9"])
RULE = settings.Promote(mode="auto", margin=0.005, guarded={}, resamples=100, confidence=0.9)
GAIN = Row("overlap", "overlap", "primary", 0.005, 1.0, 0.91, 0.93, Difference(*[0.02] * 3, 1.0))
COMPARISON = ModelComparison("bach", 2, 1, 72, False, (GAIN,), RULE)


def test_why_what_and_where():
    """Outcome first, then the comparison, what changed, what ran, the figures, and links."""
    text = markdown(DONE, "version 2 promoted", COMPARISON, SERVED)
    for part in ("new scores", "- ingest: data", "ingest, train", "  triads 0.9", "| overlap |"):
        assert part in text
    assert text.startswith("**version 2 promoted**")
    assert "(http://studio:8400/reports/report.html)" in text
    assert "(http://studio:8400/reports/comparison.html)" in text
    assert "(http://studio:5000/#/models/bach/versions/2)" in text


def test_a_person_who_decides_sees_it_all():
    """Verdict, reasons, figures and drawing, and where to listen: a link where that is served."""
    text = form(COMPARISON, "data:image/png;base64,AA", SERVED)
    figures = "| overlap | 1.000 | 0.910 | 0.930 |"
    for part in (title(COMPARISON), *COMPARISON.reasons, figures, "](data:image/png;base64,AA)"):
        assert part in text
    assert "](http://studio:8400/reports/comparison.html)" in text
    assert "open `reports/comparison.html`" in form(COMPARISON, "", {})


def test_only_what_is_served_is_linked(tmp_path):
    """A flow run by hand knows no addresses. A picture asks no server: it is in its address."""
    assert "http" not in markdown(DONE, "as before", COMPARISON, {})
    text = markdown(DONE, "as before", None, SERVED)
    assert "[version 2 in MLflow](http://studio:5000/#/models/bach/versions/2)" in text
    (tmp_path / "plot.png").write_bytes(b"\x89PNG")
    assert inline(tmp_path / "plot.png") == "data:image/png;base64,iVBORw=="
