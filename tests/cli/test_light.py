"""The light installation: composing with a model's file imports nothing of the extra `full`."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from tests.registries import small_chorale

from kantor.registry import export

ROOT = Path(__file__).parents[2]
WITHOUT = """
import sys

for name in sys.argv.pop(1).split():
    sys.modules[name] = None  # its import fails as if it were not installed
from kantor.cli import app

app()
"""


def names(requirements):
    """The distributions that are required, by the names that are compared."""
    return {re.sub(r"[_.]", "-", re.match(r"[\w.-]+", each)[0]).lower() for each in requirements}


@pytest.fixture(scope="module")
def missing():
    """The modules of packages that `pip install .` does not bring, directly or through others."""
    brought, waiting = {"kantor"}, set()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting = names(project["dependencies"])
    while waiting:
        brought.add(name := waiting.pop())
        required = [each for each in metadata.requires(name) or () if "extra ==" not in each]
        waiting |= {
            each for each in names(required) - brought if any(metadata.distributions(name=each))
        }
    return [
        module
        for module, owners in metadata.packages_distributions().items()
        if module.isidentifier() and not names(owners) & (brought | {"pip", "setuptools"})
    ]


@pytest.fixture(scope="module")
def light(missing, tmp_path_factory):
    """Runs `kantor` in an empty folder without them."""
    folder = tmp_path_factory.mktemp("light")

    def run(*words):
        command = [sys.executable, "-c", WITHOUT, " ".join(missing), *map(str, words)]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True)

    run.folder = folder
    return run


@pytest.fixture
def model_file(light):
    """A model of the smallest size as one file."""
    small_chorale(light.folder / "model")
    export(light.folder / "small.kantor", str(light.folder / "model"))
    return "small.kantor"


def test_it_lacks_what_is_large(missing):
    """What is listed first in the promise is really kept out."""
    assert {"dvc", "great_expectations", "mlflow", "prefect", "tensorflow"} <= set(missing)


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
def test_it_composes_with_a_file(light, model_file, tune):
    """In each format that does not need pypianoroll, away from any repository."""
    kinds = ["mid", "musicxml", "wav", "mp3", "ogg", "png"]
    words = ("--model", model_file, "--format", ",".join(kinds), "--out", "out")
    done = light("compose", tune, *words)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (light.folder / "out").iterdir()}
    assert made == {f"tune-take1.{kind}" for kind in kinds}


def test_the_rest_says_what_it_needs(light):
    """One line names the installation."""
    for words in (("--help",), ("compose", "--help")):
        assert light(*words).returncode == 0
    done = light("studio")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "this needs the full installation; in Kantor's repository run `make repro`" in line
