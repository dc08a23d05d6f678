"""A typed `dvc repro` waits for its turn; whatever else is typed is DVC's alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from kantor.locks import STATE, Busy, held
from kantor.service.lock import NAME, handed_on
from kantor.service.turn import install, turn

ROOT = Path(__file__).parents[2]
LOCK = (sys.executable, "-m", "kantor.service.lock")
UV = """\
#!{python}
# -*- coding: utf-8 -*-
import sys
from dvc.cli import main
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit(main())
"""
PIP = """\
#!{python}
# -*- coding: utf-8 -*-
import re
import sys
from dvc.cli import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""
STAGES = """
stages:
  one:
    cmd: echo >>runs; until test -f go; do sleep .05; done
    deps: [given]
  fails:
    cmd: exit 3
  outer:
    cmd: dvc repro inner
  inner:
    cmd: echo within
"""


@pytest.fixture(autouse=True)
def nobody_above(monkeypatch):
    """These tests may run under the lock themselves; and what is set here is taken back."""
    for name in handed_on(Path()):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("PATH", os.environ["PATH"])


@pytest.fixture
def root(tmp_path):
    """A repository of Kantor, as far as DVC and the command can tell."""
    root = tmp_path / "repository"
    (root / "src" / "kantor").mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q", "--no-scm"], cwd=root, check=True)
    (root / "dvc.yaml").write_text(STAGES)
    (root / "given").write_text("something")
    return root


def written(script, text):
    """A command that an installer wrote."""
    script.parent.mkdir()
    script.write_text(text.format(python=sys.executable))
    script.chmod(0o755)
    return script


@pytest.fixture
def dvc(tmp_path, monkeypatch):
    """The environment's command with the turn put in, first on the path."""
    script = written(tmp_path / "bin" / "dvc", UV)
    install(script)
    monkeypatch.setenv("PATH", str(script.parent), prepend=os.pathsep)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    return script


def ended(*command, cwd):
    """The exit code and what was said, on stdout and on stderr."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def until(true):
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_of_two_at_once_one_waits(dvc, root, tmp_path):
    """Both end well; one says for whom it waits, then that all is done; the stage ran once."""
    said = [tmp_path / "one", tmp_path / "other"]
    with said[0].open("w") as one, said[1].open("w") as other:
        both = [
            subprocess.Popen(("dvc", "repro", "one"), cwd=root, stderr=one),
            subprocess.Popen(("dvc", "--cd", "..", "repro", "one"), cwd=root / "src", stderr=other),
        ]
        until(lambda: any("waiting: the pipeline is run by" in path.read_text() for path in said))
        (root / "go").touch()
        assert [process.wait(60) for process in both] == [0, 0]
    holder = {f"process {process.pid}" for process in both}
    waited = [path.read_text() for path in said if path.read_text()]
    assert len(waited) == 1
    assert waited[0].strip().removeprefix("waiting: the pipeline is run by ") in holder
    assert (root / "runs").read_text() == "\n"


def test_what_runs_within_a_turn_does_not_wait(dvc, root):
    """`make repro` holds the lock as it calls `dvc`, and so may a stage call it."""
    for command in (("dvc", "repro", "outer"), (*LOCK, "dvc", "repro", "-f", "outer")):
        code, said, errors = ended(*command, cwd=root)
        assert (code, errors) == (0, "")
        assert "within" in said


def test_stages_find_the_python_that_runs_them(dvc, root, monkeypatch):
    """The command may be typed with its path, the environment not being activated."""
    (root / "dvc.yaml").write_text("stages: {one: {cmd: python -c 'import kantor'}}")
    monkeypatch.setenv("PATH", os.defpath)
    assert ended(str(dvc), "repro", cwd=root)[0] == 0


def test_interrupted_as_it_waits(dvc, root):
    """Ctrl-C ends it at once, with the shell's exit code and without a traceback."""
    with held(root / STATE / NAME):
        process = subprocess.Popen(
            ("dvc", "repro", "one"),
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
            # What runs in the background of a script is told to ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert process.stderr.readline().startswith("waiting")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 130
    assert not (root / "runs").exists()


def test_a_misspelt_parameter_removes_nothing(dvc, root):
    """It is told in one line, and what the stage made before is still there."""
    stage = {"cmd": "echo done > made", "params": ["train"], "outs": ["made"]}
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage}}))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    assert ended("dvc", "repro", cwd=root)[0] == 0
    params["train"]["itrations"] = 5
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    fault = "train.itrations: no such parameter; iterations may be meant"
    for command in (("dvc", "repro"), (*LOCK, "dvc", "repro")):
        assert ended(*command, cwd=root) == (1, "", f"params.yaml: {fault}; nothing was run\n")
    assert (root / "made").read_text() == "done\n"


def test_parameters_that_were_changed_as_it_waited(dvc, root):
    """They are looked at again when its turn has come."""
    (root / "dvc.yaml").write_text("stages: {register: {cmd: echo >>runs}}")
    (root / "params.yaml").write_text("register: {model: a, experiment: b}")
    with held(root / STATE / NAME):
        process = subprocess.Popen(("dvc", "repro"), cwd=root, stderr=subprocess.PIPE, text=True)
        assert process.stderr.readline().startswith("waiting")
        (root / "params.yaml").write_text("register: {model: a, experiment: ''}")
    assert "params.yaml: register.experiment: " in process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert not (root / "runs").exists()


def test_the_rest_is_dvc_s(dvc, root, tmp_path):
    """Exit codes and words are its own, where Kantor is not, too; and nothing is left there."""
    plain = (sys.executable, "-m", "dvc")
    assert ended("dvc", "repro", "fails", cwd=root) == ended(*plain, "repro", "fails", cwd=root)
    assert ended("dvc", "repro", "fails", cwd=root)[0] == 255
    assert ended("dvc", "repro", "--help", cwd=root) == ended(*plain, "repro", "--help", cwd=root)
    assert ended("dvc", "repro", cwd=tmp_path) == ended(*plain, "repro", cwd=tmp_path)
    (root / "src" / "kantor").rmdir()
    (root / STATE / NAME).unlink()
    assert ended("dvc", "repro", "inner", cwd=root)[0] == 0
    assert not (root / STATE / NAME).exists()


@pytest.mark.parametrize(
    ("typed", "takes"),
    [
        ("repro", True),
        ("repro --dry train", True),
        ("-v --cd DIR repro", True),
        ("--cd=DIR -q repro -f", True),
        ("exp run", True),
        ("exp -v run -S train.seed=2", True),
        ("experiments run", True),
        ("", False),
        ("--version", False),
        ("--cd repro", False),
        ("--cd .. repro", False),
        ("repro -h", False),
        ("status", False),
        ("add repro", False),
        ("exp show", False),
        ("exp run --queue", False),
        ("exp run --temp", False),
    ],
)
def test_who_takes_a_turn(tmp_path, monkeypatch, typed, takes):
    """What runs stages in the repository's own folders, and nobody else."""
    root = tmp_path / "repository"
    (root / ".dvc").mkdir(parents=True)
    (root / "src" / "kantor").mkdir(parents=True)
    monkeypatch.chdir(root)
    with turn(typed.replace("DIR", str(root / "src")).split()):
        try:
            with held(root / STATE / NAME, seconds=0):
                free = True
        except Busy:
            free = False
    assert free is not takes


def test_only_dvc_s_command_is_changed(tmp_path):
    """A script of another form is left as it is, and said to be one."""
    (tmp_path / "dvc").write_text("#!/bin/sh\n")
    with pytest.raises(ValueError, match="not the command of DVC"):
        install(tmp_path / "dvc")
    assert (tmp_path / "dvc").read_text() == "#!/bin/sh\n"


@pytest.mark.parametrize("text", [UV, PIP], ids=["uv", "pip"])
def test_it_is_put_in_once(tmp_path, text):
    """Whoever wrote the command it starts as before, and another `make` changes nothing."""
    script = written(tmp_path / "bin" / "dvc", text)
    before = ended(script, "--version", cwd=tmp_path)
    install(script)
    changed = script.read_text()
    install(script)
    assert script.read_text() == changed != text.format(python=sys.executable)
    assert ended(script, "--version", cwd=tmp_path) == before
    assert before[0] == 0


def test_the_environment_has_it():
    """Whoever types `dvc` types this one: `make` puts it there."""
    script = Path(sys.executable).with_name("dvc")
    assert "kantor.service.turn" in script.read_text()
