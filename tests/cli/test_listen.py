"""``kantor listen`` before it serves anything."""

import pytest

from kantor.cli import console


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--instrument", "kazoo"), ("--instrument", "kazoo")),
        (("--answers", __file__), ("--answers", "no file of answers; name another")),
        (("--pairs", "0"), ("--pairs", "a whole number from 1")),
    ],
)
def test_what_cannot_be_is_refused(run, options, words):
    """The usage's error names the option and the fault."""
    result = run("listen", *options)
    assert result.exit_code == console.BAD_INPUT
    assert all(word in " ".join(result.stderr.split()) for word in words)


def test_without_chorales(run, tmp_path, monkeypatch):
    """One line with the remedy."""
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "params.yaml").write_text("{}\n")
    monkeypatch.setenv("KANTOR_HOME", str(tmp_path))
    result = run("listen")
    assert result.exit_code == console.BROKEN
    assert "build/scores.npz: not found; `dvc repro ingest` writes it" in result.stderr
    assert result.stderr.count("\n") == 1
