"""What the pipeline says is passed on as it comes, and a failure names stage and cause."""

import sys

import pytest
from tests.living import left

from kantor.service.lock import alone
from kantor.service.pipeline import StageFailed, changed, reproduce, run_logged

PIPELINE = """
stages:
  first:
    cmd: python first.py
    deps: [first.py, data]
    outs: [one.txt]
  second:
    cmd: python second.py
    deps: [one.txt, second.py]
    outs: [two.txt]
"""


@pytest.fixture
def root(tmp_path):
    """A repository of two small stages."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("a")
    for name, out in (("first", "one"), ("second", "two")):
        code = f"print('{name} at work')\nopen('{out}.txt', 'w').write('done')\n"
        (tmp_path / f"{name}.py").write_text(code)
    return tmp_path


def test_lines_are_passed_on_in_order(tmp_path):
    """Both streams reach the log, and the command runs in the repository."""
    seen = []
    script = "import os, sys; print(os.getcwd()); print('fault', file=sys.stderr)"
    lines = run_logged([sys.executable, "-c", script], tmp_path, seen.append)
    assert seen == lines == [str(tmp_path), "fault"]


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
    ],
)
def test_a_failure_names_the_cause(tmp_path, output, message):
    """The stage that ran last and its own last line, not DVC's words about it, if it said any."""
    script = f"print({output!r}); raise SystemExit(255)"
    with pytest.raises(StageFailed) as error:
        run_logged([sys.executable, "-c", script], tmp_path, lambda line: None)
    assert str(error.value) == message


def test_a_pass_and_what_it_leaves_to_do(root):
    """A pass runs what changed; a failed one goes on from what is done; then nothing is left."""
    seen = []
    assert reproduce(root, seen.append) == ["first", "second"]
    assert "first at work" in seen
    (root / "data" / "b").write_text("b")
    (root / "second.py").write_text("raise SystemExit('second: not today')")
    assert changed(root) == ["first: data", "second: second.py"]
    with pytest.raises(StageFailed, match=r"^second: not today$"):
        reproduce(root, seen.append)
    (root / "second.py").write_text("open('two.txt', 'w').write('again')")
    assert reproduce(root, seen.append) == ["second"]
    assert changed(root) == []


def test_a_fault_of_the_parameters_runs_nothing(root):
    """It fails with the line that names file and key, before a stage begins."""
    seen = []
    (root / "dvc.yaml").write_text("stages: {register: {cmd: echo at work}}")
    (root / "params.yaml").write_text("register: {modle: a}")
    with pytest.raises(StageFailed, match=r"params.yaml: register.modle: .*nothing was run$"):
        reproduce(root, seen.append)
    assert seen == []


def test_what_dvc_cannot_say(tmp_path):
    """A folder that is no repository is an error in one line."""
    with pytest.raises(StageFailed, match="not inside of a DVC repository"):
        changed(tmp_path)


def test_the_lock_lives_as_long_as_the_command(tmp_path):
    """A command that was handed the lock holds it."""
    script = "import os, sys; os.fstat(int(sys.argv[1]))"
    with alone(tmp_path, print) as lock:
        run_logged([sys.executable, "-c", script, str(lock)], tmp_path, print, lock)
        with pytest.raises(StageFailed):
            run_logged([sys.executable, "-c", script, str(lock)], tmp_path, print)


@pytest.mark.parametrize("code", [-9, 137])
def test_a_stage_that_is_killed_is_told_as_that(tmp_path, code):
    """Whether DVC says it itself or its shell does, and not by what the stage said before."""
    said = [
        "Running stage 'ingest':",
        "> python pipelines/ingest.py",
        "ingest: 300 of 1000 files read",
        "Killed",
        f"ERROR: failed to reproduce 'ingest': failed to run: python x, exited with {code}",
    ]
    script = f"print({chr(10).join(said)!r}); raise SystemExit(255)"
    with pytest.raises(StageFailed, match=r"^ingest: killed by signal 9: .*memory ran out$"):
        run_logged([sys.executable, "-c", script], tmp_path, lambda line: None)


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
    seen = []

    def say(line):
        seen.append(line)
        if line == "reading":
            (tmp_path / "heard").touch()

    with pytest.raises(StageFailed, match=r"^ingest: the command that ran it was killed by signal"):
        run_logged([sys.executable, "-c", LEAVES], tmp_path, say)
    assert "reading" in seen
    assert not left([int((tmp_path / "child").read_text())])


def test_lines_that_come_in_pieces_are_put_together(tmp_path):
    """Also where a character's bytes come apart, or the last line has no end."""
    script = (
        "import sys, time; out = sys.stdout.buffer\n"
        "for part in (b'one\\ntw', b'o \\xc3', b'\\xb6\\r\\nthree\\rfour \\xc3'):\n"
        "    out.write(part); out.flush(); time.sleep(0.05)"
    )
    lines = run_logged([sys.executable, "-c", script], tmp_path, lambda line: None)
    assert lines == ["one", "two ö", "three", "four \ufffd"]
