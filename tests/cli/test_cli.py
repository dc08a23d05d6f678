"""The command line as a whole: help, version, stopping, and the smaller commands."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from kantor import cli
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
