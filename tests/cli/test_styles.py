"""Styles on the command line: another ensemble composes, and what was never made is a line."""

import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from tests.batch import tunes
from tests.ensembles import BAND
from tests.registries import FIGURES, build, copied, rule_as_network

import kantor.registry
from kantor.batch import dispatcher
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
        params.write("batch: {page: {recorded: 0}}\nintake: {}\n")
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


@pytest.fixture
def drummer(styles, band, tmp_path, monkeypatch):
    """A copy of the repository, where the style duo lends the drums of the band, without its hat.

    Its model is registered too.
    """
    root = copied(styles, tmp_path / "repository")
    folder = root / "styles/duo"
    shutil.copytree(root / "styles/band", folder)
    ensemble = replace(BAND.only(0, 1, 4), name="duo")
    about = {"distance": 4, "ensemble": ensemble.to_dict(), "meters": {"4/4": 0.9, "3/4": 0.1}}
    (folder / "build/model/model.json").write_text(json.dumps(about))
    text = STYLE.replace("band", "duo") + "drums: {style: band}\n"
    (root / "styles/duo.yaml").write_text(text)
    assert register(folder, Register(model="kantor-duo")).version == 1
    monkeypatch.setattr(dispatcher, "processes", lambda workers: nullcontext(tunes.here))
    monkeypatch.setenv("KANTOR_HOME", str(root))
    return root


def test_drums_by_another_style(run, tune, tmp_path, drummer):
    """On request, told with whose they are; a meter that only they lack is told of them alone."""
    words = ("compose", tune, "--out", tmp_path, "--format", "mid,png,musicxml,npz", "--style")
    result = run(*words, "duo", "--drums", "--meter", "3/4")
    assert result.exit_code == 0, result.output
    told = "kantor-duo version 1 with drums by kantor-band version 1, which learned them from: "
    assert told + "licence: CC0" in result.stderr
    assert result.stderr.count("the style has no 3/4") == 1
    assert ": drums: the style has no 3/4, only 4/4: composed in 3/4 all the same" in result.stderr
    path = tmp_path / "tune-meter3-4-duo-drums-take1.mid"
    parts = reading.read(path).parts
    assert {part.name.lower() for part in parts if part.is_drum} == {"snare", "kick", "hat"}
    assert "<unpitched>" in path.with_suffix(".musicxml").read_text()
    parts = reading.read(run(*words, "duo").stdout.split()[0]).parts
    assert not any(part.is_drum for part in parts)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ((), "name a style that can have drums, such as --style pop"),
        (("--style", "band"), "band.yaml names no style that lends drums; it would with a block"),
        (("--style", "none"), "no model of the style bend yet; make style STYLE=bend makes one"),
        (("--style", "poor"), "no style 'bond'; there are band"),
    ],
)
@pytest.mark.parametrize("command", ["compose", "batch"])
def test_drums_that_cannot_be_had(run, tune, tmp_path, drummer, command, words, fault):
    """Because no style is named, lends some or was made, or the file names what is not there."""
    shutil.copytree(drummer / "styles/duo", drummer / "styles/none")
    register(drummer / "styles/none", Register(model="kantor-none"))
    for name, lent in (("none", "bend"), ("poor", "bond")):
        (drummer / f"styles/{name}.yaml").write_text(f"{STYLE}drums: {{style: {lent}}}\n")
    (drummer / "styles/bend.yaml").write_text(STYLE)
    result = run(command, tune, "--out", tmp_path / "out", "--drums", *words)
    assert result.exit_code in (console.BROKEN, console.BAD_INPUT)
    assert fault in " ".join(result.stderr.split())


def test_a_batch_with_drums(run, tune, tmp_path, drummer):
    """Is another batch than one without, by a model that its page names with the lender."""
    words = ("batch", tune, "--out", tmp_path / "out", "--style", "duo")
    for more, name in ((["--drums"], " with drums by kantor-band version 1"), ([], "")):
        result = run(*words, *more)
        assert f"by kantor-duo version 1{name}: 1 composed" in result.stderr
        (manifest,) = (line for line in result.stdout.split() if line.endswith("manifest.csv"))
        (path,) = Path(manifest).parent.rglob("*.mid")
        assert any(part.is_drum for part in reading.read(path).parts) == bool(more)


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
