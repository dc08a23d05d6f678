"""Ingest reads every source, lists what it refuses, and writes the same bytes each time."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.data.checks.conftest import LIMITS
from tests.data.conftest import chorale
from tests.ensembles import BAND, tune

from kantor import settings
from kantor.data import corpus, sources, windows
from kantor.data import ingest as stage
from kantor.data.checks.tables import measure, read_manifest
from kantor.data.corpus import SPLITS, Piece, Refusal
from kantor.data.sources import Task
from kantor.formats import midi

ROOT = Path(__file__).parents[2]
OUTPUTS = ("scores.npz", "manifest.csv", "refused.csv", "windows.npz")


def folder_of(path, count):
    path.mkdir(parents=True)
    for seed in range(count):
        midi.write(chorale(seed), path / f"{seed:03d}.mid")
    return path


def params(*paths, workers=1):
    folders = [{"kind": "folder", "path": path} for path in paths]
    split = {"valid": 0.3, "test": 0.3}
    return settings.Ingest.model_validate({"sources": folders, "workers": workers, "split": split})


def test_outputs_belong_together(tmp_path):
    """The four files agree with each other; the same notes, and the same id, are refused."""
    first, second = folder_of(tmp_path / "one", 2), folder_of(tmp_path / "two", 3)
    (first / "bad.mid").write_bytes(b"no music")
    namesake = folder_of(tmp_path / "other/one", 0)
    midi.write(chorale(99), namesake / "000.mid")
    build = tmp_path / "build"
    stage.ingest(params(first, second, namesake), build)
    assert {path.name for path in build.iterdir()} == {*OUTPUTS}
    pieces = corpus.load(build / "scores.npz")
    table = pd.read_csv(build / "manifest.csv", keep_default_na=False)
    assert [piece.id for piece in pieces] == ["one/000.mid", "one/001.mid", "two/002.mid"]
    assert table.id.tolist() == [piece.id for piece in pieces]
    assert table.content_hash.tolist() == [corpus.content_hash(piece.score) for piece in pieces]
    assert set(table.split) <= set(SPLITS)
    assert windows.load(build / "windows.npz").piece.tolist() == [0, 1, 2]
    refused = pd.read_csv(build / "refused.csv").set_index("file").reason.to_dict()
    assert "neither MIDI" in refused.pop(str(first / "bad.mid"))
    assert refused == {
        "two/000.mid": "the same notes as one/000.mid",
        "two/001.mid": "the same notes as one/001.mid",
        "one/000.mid": "another source holds a piece of this name",
    }


def test_workers_change_nothing(tmp_path):
    """One process or two, the bytes are equal; where nothing is refused, a table says so."""
    folder = folder_of(tmp_path / "scores", 40)
    for workers in (1, 2):
        stage.ingest(params(folder, workers=workers), tmp_path / str(workers))
    for name in OUTPUTS:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    assert (tmp_path / "1/refused.csv").read_text() == "file,reason\n"


def dying(task):
    """Reads a task, or ends the process as a fault in a parser would."""
    if task.id == "30":
        os.kill(os.getpid(), signal.SIGKILL)
    return [Piece(task.id, "train", "folder", 0, chorale(int(task.id)))]


def test_a_file_that_kills_its_reader_is_refused(monkeypatch):
    """The process that reads it dies; the file is named and every other one is read."""
    monkeypatch.setattr(sources, "read", dying)
    tasks = [Task("folder", Path(f"{index}.mid"), id=str(index)) for index in range(40)]
    read = [item for items in stage.read_all(tasks, 2) for item in items]
    assert [item.file for item in read if isinstance(item, Refusal)] == ["30.mid"]
    others = [item.id for item in read if isinstance(item, Piece)]
    assert others == [task.id for task in tasks if task.id != "30"]


def test_the_stage_itself(tmp_path, run_stage, capfd):
    """One line of summary; a fault is one line on stderr and exit code 1, no traceback."""
    folder_of(tmp_path / "scores", 3)
    code = run_stage("ingest", "ingest: {sources: [{kind: folder, path: scores}]}")
    said = capfd.readouterr()
    assert (code, said.err) == (0, "")
    assert said.out.startswith("ingest: 3 pieces (train ")
    assert said.out.count("\n") == 1
    midi.write(chorale().line(0), folder_of(tmp_path / "tunes", 0) / "tune.mid")
    for text, fault in (
        ("ingest: {sources: [{kind: folder, path: gone}]}", "gone: no such folder"),
        ("ingest: {sources: []}", "no score of soprano, alto, tenor, bass"),
        ("ingest: {sources: [{kind: folder, path: tunes}]}", "tune.mid: not four voices"),
    ):
        code = run_stage("ingest", text)
        said = capfd.readouterr()
        assert (code, said.out) == (1, "")
        assert fault in said.err
        assert said.err.count("\n") == 1


def test_another_ensemble_passes_the_line(tmp_path):
    """Scores of pitched lines and drums are read, kept, cut and checked as of their ensemble."""
    scores = [tune(row, 64) for row in range(3)]
    folder = folder_of(tmp_path / "scores", 0)
    for row, score in enumerate(scores):
        midi.write(score, folder / f"{row}.mid")
    stage.ingest(params(folder), tmp_path, BAND)
    for piece, score in zip(corpus.load(tmp_path / "scores.npz"), scores, strict=True):
        assert piece.score.ensemble == BAND
        np.testing.assert_array_equal(piece.score.onsets, score.onsets)
        np.testing.assert_array_equal(piece.score.pitches[:, :5], score.pitches[:, :5])
    cut = windows.load(tmp_path / "windows.npz")
    assert cut.rolls.shape == (9, 32, 128, len(BAND))
    table = measure(cut, read_manifest(tmp_path / "manifest.csv"), 32, LIMITS, BAND).windows
    assert not table[["onset_faults", "rest_share"]].any(axis=None)
    assert set(table["most_pitches"]) == {1}
    assert set(table["outside_kick"]) == {""}


@pytest.mark.long
def test_ten_movements_by_palestrina_are_admitted(tmp_path, run_stage, capfd):
    """As docs/own_scores.md tells: its script, then both stages with the parameters as they are.

    Rests, crossings and ranges that the chorales do not have stop nothing.
    """
    page = (ROOT / "docs/own_scores.md").read_text()
    (script,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    scores = folder_of(tmp_path / "data/scores", 0)
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
    assert len([*scores.iterdir()]) == 10
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    values["ingest"]["sources"] = [{"kind": "folder", "path": "data/scores"}]
    params = yaml.safe_dump({key: values[key] for key in ("ingest", "validate")})
    assert (run_stage("ingest", params), run_stage("validate", params)) == (0, 0)
    said = capfd.readouterr()
    assert re.search(r"ingest: 10 pieces \(train \d, valid [2-4], test [2-4]\).* 0 files", said.out)
    assert "36 of 36 checks passed" in said.out
    assert said.err == ""
