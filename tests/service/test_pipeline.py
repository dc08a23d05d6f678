"""What the pipeline says is passed on as it comes, and a failure names stage and cause."""

import sys

import pytest
from tests.living import left

from kantor.service.pipeline import StageFailed, changed, reproduce, run_logged
from kantor.service.repro import alone

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


def run(script, root, say=lambda line: None, *arguments, lock=None):
    return run_logged([sys.executable, "-c", script, *arguments], root, say, lock)


def test_lines_are_passed_on_in_order(tmp_path):
    """Both streams, from the repository, also in pieces, within a character, without an end."""
    script = (
        "import os, sys, time; print(os.getcwd(), flush=True)\n"
        "print('fault', file=sys.stderr, flush=True); out = sys.stdout.buffer\n"
        "for part in (b'one\\ntw', b'o \\xc3', b'\\xb6\\r\\nthree\\rfour \\xc3'):\n"
        "    out.write(part); out.flush(); time.sleep(0.05)"
    )
    seen = []
    assert run(script, tmp_path, seen.append) == seen
    assert seen == [str(tmp_path), "fault", "one", "two ö", "three", "four \ufffd"]


KILLED = """Running stage 'ingest':
> python pipelines/ingest.py
ingest: 300 of 1000 files read
Killed
ERROR: failed to reproduce 'ingest': failed to run: python x, exited with """


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
    """The stage that ran last and its own last line, not DVC's words about it, if it said any.

    A stage that was killed is told as that, whether DVC says it itself or its shell does.
    """
    with pytest.raises(StageFailed) as error:
        run(f"print({output!r}); raise SystemExit(255)", tmp_path)
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


def test_a_fault_of_the_parameters_or_of_dvc_runs_nothing(tmp_path):
    """It fails with the line that names file and key; a folder without DVC has a line as well."""
    (tmp_path / "dvc.yaml").write_text("stages: {register: {cmd: echo at work}}")
    (tmp_path / "params.yaml").write_text("register: {modle: a}")
    with pytest.raises(StageFailed, match=r"params.yaml: register.modle: .*nothing was run$"):
        reproduce(tmp_path, pytest.fail)
    with pytest.raises(StageFailed, match="not inside of a DVC repository"):
        changed(tmp_path)


def test_the_lock_lives_as_long_as_the_command(tmp_path):
    """A command that was handed the lock holds it."""
    script = "import os, sys; os.fstat(int(sys.argv[1]))"
    with alone(tmp_path, print) as lock:
        run(script, tmp_path, print, str(lock), lock=lock)
        with pytest.raises(StageFailed):
            run(script, tmp_path, print, str(lock))


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
