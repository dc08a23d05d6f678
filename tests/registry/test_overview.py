"""The closing lines of a pass through the pipeline."""

import json

import pytest

from kantor.registry import RECEIPT, RegistryError, register, summary
from kantor.settings import Register

PARAMS = Register(model="kantor-bach", experiment="kantor")


def test_summary_names_version_figures_and_files(repository):
    """Name, version, aliases; figures beside Bach's and the baselines'; what to open."""
    register(repository, PARAMS).write(repository / RECEIPT)
    lines = summary(repository)
    assert lines[0] == "kantor-bach version 1 (challenger, champion)"
    assert lines[1].split() == ["this", "Bach", "triads", "random"]
    assert lines[2].split()[-4:] == ["0.930", "0.950", "1.000", "0.100"]
    assert lines[3].split() == ["voice", "crossing", "-", "0.950", "1.000", "0.100"]
    assert lines[4].strip() == "22 of 30 metrics within Bach's range"
    assert lines[5].split() == ["report", "reports/report.html"]
    assert lines[6].split() == ["composed", "reports/samples/one.mid"]
    assert len(lines) == 7


def test_summary_is_of_what_was_made_last(repository):
    """With several versions, the one that the receipt names is told of."""
    register(repository, PARAMS)
    (repository / "build/model/model.json").write_text(json.dumps({"distance": 5}))
    register(repository, PARAMS).write(repository / RECEIPT)
    assert summary(repository)[0] == "kantor-bach version 2 (challenger)"


def test_summary_before_anything_was_made(repository):
    """Without a receipt one line names the command."""
    with pytest.raises(RegistryError, match=r"registered.json: not found; run `make repro`"):
        summary(repository)


def test_summary_with_another_registry(repository):
    """A registry that lacks what was built here says how to bring it in."""
    register(repository, PARAMS).write(repository / RECEIPT)
    receipt = {"model": "kantor-bach", "fingerprint": "of another"}
    (repository / RECEIPT).write_text(json.dumps(receipt))
    with pytest.raises(RegistryError, match="`dvc repro -fs register` registers it"):
        summary(repository)
