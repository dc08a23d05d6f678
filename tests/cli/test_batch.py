"""`kantor batch`: what a person types, hears, and gets."""

from contextlib import nullcontext
from unittest.mock import Mock

import pytest
from tests.batch import tunes

from kantor import registry
from kantor.batch import dispatcher


@pytest.fixture
def batch(run, tmp_path, monkeypatch):
    """Run the command in this process, with a model by rule in place of the registry's."""
    monkeypatch.setenv("KANTOR_HOME", str(tmp_path))
    (tmp_path / "params.yaml").write_text(
        "batch: {chunk: 3, page: {recorded: 0}}\nintake: {settle: 0}"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "fetch", lambda into, reference: tunes.fetch(reference)(into))
    monkeypatch.setattr(registry, "load_alone", tunes.load)
    monkeypatch.setattr(dispatcher, "processes", lambda workers: nullcontext(tunes.here))
    return lambda *words: run("batch", *words)


def test_a_folder_is_composed(batch, tmp_path):
    """Paths on standard output, a summary on standard error, bad input by the exit code."""
    inbox = tunes.fill(tmp_path / "inbox", 4)
    result = batch(inbox, "--model", "challenger", "--takes", 2)
    assert result.exit_code == 0, result.output
    assert "batch 1 by challenger: 4 composed" in result.stderr
    folder = tmp_path / "compositions/batches/batch-0001"
    names = ["manifest.csv", "manifest.parquet", "index.html"]
    assert result.stdout.split() == [str(folder / name) for name in names]
    assert len(list((tmp_path / "compositions/batches/files").rglob("*-take2.mid"))) == 4
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
    "words", [["nowhere"], ["--format", "mp3", "inbox"], ["--out", "s3:/a", "inbox"]]
)
def test_faults_are_one_line(batch, tmp_path, words):
    """That names what was wrong."""
    tunes.fill(tmp_path / "inbox", 1)
    result = batch(*words)
    assert result.exit_code in (1, 2)
    assert words[-1 if len(words) == 1 else 1] in result.stderr
    assert "Traceback" not in result.output
