"""The command line as a whole: help, version, stopping, and the smaller commands."""

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock

import pytest
import typer
from tests.batch import tunes

from kantor import cli, registry
from kantor.batch import dispatcher
from kantor.cli import console

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_tensorflow_is_not_heard():
    """Importing the networks writes nothing, whatever TensorFlow's C++ side has to say."""
    command = [sys.executable, "-c", "import kantor.model"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_data_is_brought_to_its_pin(run, tmp_path, monkeypatch):
    """A folder that is no Kantor repository is refused in one line."""
    monkeypatch.setenv("KANTOR_HOME", str(tmp_path))
    (tmp_path / "data.dvc").write_text("outs: []\n")
    result = run("data")
    assert result.exit_code == console.BROKEN
    (line,) = result.stderr.splitlines()
    assert "data.dvc" in line


def test_everything_has_help():
    """Every command, argument and option says what it is for."""
    commands = [("kantor", typer.main.get_command(cli.app))]
    for name, command in commands:  # the list grows by what each group holds
        commands += getattr(command, "commands", {}).items()
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"
    assert len(commands) > 10


def test_the_reference_is_current(run):
    """docs/cli.md is what the commands say; `kantor reference > docs/cli.md` makes it so."""
    assert run("reference").stdout == (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_version_and_help(run):
    """The version is the installed package's; without a command there is help."""
    assert run("--version").stdout.startswith("kantor 0.")
    assert "compose" in run().output
    assert "Traceback" not in run().output


@pytest.mark.parametrize(("name", "command"), [("tune.mid", "compose"), (".", "batch")])
def test_a_file_is_no_command(run, tmp_path, monkeypatch, name, command):
    """Who forgets the command is told which one takes a file, or a folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tune.mid").write_bytes(b"")
    assert f"{name!r} is no command; write `kantor {command} …`" in run(name).stderr
    assert "No such command 'compse'" in run("compse").stderr


def test_help_loads_nothing_heavy():
    """Help answers at once, without even numpy; so does `python -m kantor.cli`."""
    script = (
        "import runpy, sys\nsys.argv = ['kantor', 'compose', '--help']\n"
        "try:\n    runpy.run_module('kantor.cli', run_name='__main__')\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'rich', 'mlflow', 'tensorflow'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Usage: kantor compose" in result.stdout
    assert result.stdout.splitlines()[-1] == "[]"


def test_what_is_not_installed_is_one_line(run, monkeypatch):
    """A package of the full installation is named with what installs it; our own fault is not."""
    for name in ("mlflow.entities", "kantor.nothing"):
        error = ModuleNotFoundError(f"No module named {name!r}", name=name)
        monkeypatch.setattr(registry, "versions", Mock(side_effect=error))
        result = run("models", "list")
        if name.startswith("kantor"):
            assert result.exception is error
        else:
            assert result.exit_code == console.BROKEN
            (line,) = result.stderr.splitlines()
            assert line.startswith("kantor: mlflow.entities is missing: this needs the full inst")
            assert "pip install '.[full]'" in line


@pytest.fixture
def batch(run, tmp_path, monkeypatch):
    """Run the command in this process, with a model by rule in place of the registry's."""
    monkeypatch.setenv("KANTOR_HOME", str(tmp_path))
    (tmp_path / "params.yaml").write_text(
        "batch: {chunk: 3, page: {recorded: 0}}\nintake: {settle: 0}"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        registry, "fetch", lambda into, reference, root: tunes.fetch(reference)(into)
    )
    monkeypatch.setattr(registry, "load_alone", tunes.load)
    monkeypatch.setattr(dispatcher, "processes", lambda workers: nullcontext(tunes.here))
    return lambda *words: run("batch", *words)


def test_a_folder_is_composed(batch, tmp_path):
    """Paths on standard output, a summary on standard error, bad input by the exit code."""
    inbox = tunes.fill(tmp_path / "inbox", 4)
    result = batch(inbox, "--model", "challenger", "--takes", 2)
    assert result.exit_code == 0, result.output
    assert "batch 1 by challenger: 4 composed" in result.stderr
    (folder,) = (tmp_path / "compositions/batches").glob("*_inbox_0001")
    names = ["index.html", "manifest.csv", "manifest.parquet"]
    assert result.stdout.split() == [str(folder / name) for name in names]
    assert len(list((folder / "music").glob("*-take2.mid"))) == 4
    result = batch(inbox, "--model", "challenger", "--takes", 2, "--only-new")
    assert (result.exit_code, result.stderr) == (0, "kantor: nothing new\n")
    (inbox / "bad.mid").write_text("nothing")
    result = batch(inbox)
    assert result.exit_code == 2
    assert "4 composed, 1 refused" in result.stderr


def test_ctrl_c_says_how_to_go_on(batch, tmp_path, monkeypatch):
    """In one line, and with the exit code of a stop."""
    monkeypatch.setattr("kantor.batch.run", Mock(side_effect=KeyboardInterrupt))
    result = batch(tunes.fill(tmp_path / "inbox", 1))
    assert result.exit_code == 130
    assert result.stderr == "kantor: stopped; what is composed is kept, the same command goes on\n"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["nowhere"], "nowhere"),
        (["--format", "jpg", "inbox"], "jpg"),
        (["--out", "s3:/a", "inbox"], "s3:/a"),
        (["--out", "params.yaml", "inbox"], "params.yaml: a file is in the way; name a folder"),
    ],
)
def test_faults_are_one_line(batch, tmp_path, words, fault):
    """That names what was wrong."""
    tunes.fill(tmp_path / "inbox", 1)
    result = batch(*words)
    assert result.exit_code in (1, 2)
    assert fault in result.stderr
    assert "Traceback" not in result.output


def test_a_notebook_sees_no_progress_bar(monkeypatch, capfd):
    """It asks for colours, and is no terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    with console.progress("Composing", 2) as show:
        show(1)
    assert capfd.readouterr() == ("", "")
