"""The closing lines of a pass through the pipeline, and the command for a moved repository."""

import json

import pytest
from tests.registries import PARAMS, change

from kantor.errors import SetupError
from kantor.registry import RECEIPT, register
from kantor.registry.__main__ import main, summary


def test_summary_names_version_figures_and_files(own):
    """Name, version, aliases; figures beside Bach's and the baselines'; what to open."""
    register(own, PARAMS).write(own / RECEIPT)
    lines = summary(own)
    assert lines[0] == "kantor-bach version 1 (challenger, champion)"
    assert lines[1].split() == ["this", "Bach", "triads", "random"]
    assert lines[2].split()[-4:] == ["0.930", "0.950", "1.000", "0.100"]
    assert lines[3].split() == ["voice", "crossing", "-", "0.950", "1.000", "0.100"]
    assert lines[4].strip() == "22 of 30 metrics within Bach's range"
    assert lines[5].split() == ["report", "reports/report.html"]
    assert lines[6].split() == ["composed", "reports/samples/one.mid"]
    assert len(lines) == 7


def test_summary_is_of_what_was_made_last(own):
    """With several versions it is of the one that the receipt names."""
    change(own, 5)
    register(own, PARAMS).write(own / RECEIPT)
    assert summary(own)[0] == "kantor-bach version 2 (challenger)"


def test_summary_without_its_version(own):
    """Without a receipt one line names the command; another registry is told how to get it."""
    with pytest.raises(SetupError, match=r"registered.json: not found; run `make repro`"):
        summary(own)
    receipt = {"model": "kantor-bach", "fingerprint": "of another"}
    (own / RECEIPT).write_text(json.dumps(receipt))
    with pytest.raises(SetupError, match="`dvc repro -fs register` registers it"):
        summary(own)


def test_the_command(own, tmp_path, monkeypatch, capsys):
    """It says in one line what it did, or what is wrong."""
    monkeypatch.chdir(own.rename(tmp_path / "moved"))
    assert main(["relocate"]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    (tmp_path / "moved/mlflow.db").rename(tmp_path / "aside")
    assert main(["relocate"]) == 1
    assert "put it back" in capsys.readouterr().err
    assert main(["other"]) == 2
