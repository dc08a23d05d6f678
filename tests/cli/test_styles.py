"""Styles on the command line: another ensemble composes, and what was never made is a line."""

import json
import shutil
from dataclasses import replace

import pytest
from tests.ensembles import BAND
from tests.registries import FIGURES, build, rule_as_network

import kantor.registry
from kantor.cli import console
from kantor.formats import reading
from kantor.registry import loading, register
from kantor.settings import Register

STYLE = "style: {title: A band, licence: CC0}\n"


@pytest.fixture(scope="module")
def styles(tmp_path_factory, empty_database):
    """A repository with the styles band, of which a version is registered, and none, of which not.

    Only to be read.
    """
    root = build(tmp_path_factory.mktemp("styles") / "repository")
    shutil.copy(empty_database, root / "mlflow.db")
    folder = root / "styles/band"
    shutil.copytree(root / "build", folder / "build")
    shutil.copytree(root / "reports", folder / "reports")
    for name in ("band", "none"):
        (root / f"styles/{name}.yaml").write_text(STYLE)
    about = {
        "distance": 4,
        "ensemble": replace(BAND, leads=0).to_dict(),
        "meters": {"4/4": 0.999, "3/4": 0.001},
    }
    (folder / "build/model/model.json").write_text(json.dumps(about))
    (folder / "reports/metrics.json").write_text(json.dumps(FIGURES))
    with rule_as_network():
        assert register(folder, Register(model="kantor-band")).version == 1
    with (root / "params.yaml").open("a") as params:
        params.write("batch: {}\nintake: {}\n")
    return root


@pytest.fixture
def band(styles, network_stand_in, monkeypatch):
    """The command line is in that repository, and loads what is registered."""
    monkeypatch.setenv("KANTOR_HOME", str(styles))
    monkeypatch.setattr(kantor.registry, "load_model", loading.load_model)
    monkeypatch.setattr(kantor.registry, "scope_of", loading.scope_of)


def test_a_style_composes_for_its_ensemble(run, tune, tmp_path, band):
    """What leads is given, the style's other lines come to it; a meter that it lacks is told."""
    words = ("compose", tune, "--out", tmp_path, "--format", "mid,npz", "--style", "band")
    result = run(*words)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    path = tmp_path / "tune-band-take1.mid"
    assert result.stdout.split()[0] == str(path)
    made = reading.read(path).parts
    assert {part.name.lower() for part in made} >= {"flute", "voice", "guitar"}
    result = run(*words, "--meter", "3/4", "--model", 1)
    assert "the style has no 3/4, only 4/4: composed in 3/4 all the same" in result.stderr
    result = run(*words, "--given", "soprano")
    assert "'soprano' is no voice; expected some of flute,voice" in " ".join(result.stderr.split())
    result = run(*words, "--model", tmp_path)
    assert (result.exit_code, result.stdout) == (console.BAD_INPUT, "")


@pytest.mark.parametrize("words", [["compose", "TUNE"], ["batch", "TUNE"], ["models", "list"]])
def test_a_style_that_is_not_there(run, tune, tmp_path, band, words):
    """One that was not made is one line with what makes it, an unknown one names its likes."""
    words = [tune if word == "TUNE" else word for word in words]
    words += [] if words[0] == "models" else ["--out", tmp_path / "out"]
    result = run(*words, "--style", "none")
    assert result.exit_code == console.BROKEN
    line = "no model of the style none yet; make style STYLE=none makes one"
    assert result.stderr == f"kantor: {line}\n"
    result = run(*words, "--style", "bend")
    assert result.exit_code == console.BAD_INPUT
    told = " ".join(result.stderr.split())
    assert "no style 'bend'; there are band, none; band may be meant" in told


def test_models_of_a_style(run, band):
    """Its versions, champion and history are its own."""
    assert "champion" in run("models", "list", "--style", "band").stdout
    assert "no such model" in run("models", "list").stderr
    assert "no moves yet" in run("models", "history", "--style", "band").stderr
    refused = run("models", "retire", 1, "--why", "old", "--style", "band")
    assert "kantor-band version 1: retiring refused" in refused.stderr
