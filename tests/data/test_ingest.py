"""Ingest reads every source, lists what it refuses, and writes the same bytes each time."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kantor import settings
from kantor.data import corpus, parallel, windows
from kantor.data import ingest as stage
from kantor.data.checks.tables import measure, read_manifest
from kantor.data.corpus import SPLITS
from kantor.data.sources.task import Found, Task
from kantor.ensemble import Ensemble, Line
from kantor.errors import InputError
from kantor.formats import midi
from kantor.music.score import REST, Score, onset_floor


def chorale(seed: int) -> Score:
    """Four voices of eight quarters."""
    draw = np.random.default_rng(seed)
    quarters = np.stack([draw.integers(low, low + 6, 8) for low in (70, 62, 54, 43)], axis=1)
    pitches = np.repeat(quarters, 4, axis=0).astype(np.int8)
    return Score(pitches, onset_floor(pitches))


def folder_of(path: Path, count: int) -> Path:
    path.mkdir()
    for seed in range(count):
        midi.write(chorale(seed), path / f"{seed:03d}.mid")
    return path


def params(*paths: Path, workers: int = 1) -> settings.Ingest:
    found = [{"kind": "folder", "path": path} for path in paths]
    split = {"valid": 0.3, "test": 0.3}
    return settings.Ingest.model_validate({"sources": found, "workers": workers, "split": split})


def test_outputs_belong_together(tmp_path: Path) -> None:
    """The four files agree with each other and with the promised columns."""
    folder = folder_of(tmp_path / "scores", 5)
    (folder / "bad.mid").write_bytes(b"no music")
    stage.write(stage.ingest(params(folder)), tmp_path / "build")
    pieces = corpus.load(tmp_path / "build/scores.npz")
    table = pd.read_csv(tmp_path / "build/manifest.csv", keep_default_na=False)
    refused = pd.read_csv(tmp_path / "build/refused.csv")
    cut = windows.load(tmp_path / "build/windows.npz")
    assert [piece.id for piece in pieces] == table.id.tolist()
    assert [corpus.content_hash(piece.score) for piece in pieces] == table.content_hash.tolist()
    assert set(table.split) <= set(SPLITS)
    assert list(refused.columns) == ["file", "reason"]
    assert [Path(file).name for file in refused.file] == ["bad.mid"]
    assert cut.piece.tolist() == [0, 1, 2, 3, 4]
    assert {path.name for path in (tmp_path / "build").iterdir()} == {
        "scores.npz", "manifest.csv", "refused.csv", "windows.npz"
    }  # fmt: skip


def test_workers_change_nothing(tmp_path: Path) -> None:
    """One process or two, the bytes are equal; more files than a pool is worth make it start.

    Where nothing is refused, there is still a table of it.
    """
    folder = folder_of(tmp_path / "scores", 40)
    for workers in (1, 2):
        stage.write(stage.ingest(params(folder, workers=workers)), tmp_path / str(workers))
    for name in ("scores.npz", "manifest.csv", "refused.csv", "windows.npz"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    assert (tmp_path / "1/refused.csv").read_text() == "file,reason\n"


def test_nothing_twice(tmp_path: Path) -> None:
    """The same notes, and the same id, are refused with what was first, not mixed up.

    A folder with a README alone adds nothing and hurts nothing.
    """
    first, second = folder_of(tmp_path / "one", 2), folder_of(tmp_path / "two", 3)
    (tmp_path / "other").mkdir()
    namesake = folder_of(tmp_path / "other/one", 0)
    midi.write(chorale(99), namesake / "000.mid")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/README.md").write_text("put scores here")
    found = stage.ingest(params(first, second, tmp_path / "empty", namesake))
    assert [piece.id for piece in found.corpus] == ["one/000.mid", "one/001.mid", "two/002.mid"]
    assert [(item.file, item.reason) for item in found.refused] == [
        ("two/000.mid", "the same notes as one/000.mid"),
        ("two/001.mid", "the same notes as one/001.mid"),
        ("one/000.mid", "another source holds a piece of this name"),
    ]


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    """No pieces: one line that names the folder and the first reason."""
    (tmp_path / "scores").mkdir()
    with pytest.raises(InputError, match="scores: no score of soprano, alto, tenor, bass"):
        stage.ingest(params(tmp_path / "scores"))
    midi.write(chorale(0).line(0), tmp_path / "scores/tune.mid")
    with pytest.raises(InputError, match=r"tune\.mid: not four voices"):
        stage.ingest(params(tmp_path / "scores"))


def dying(task: Task) -> Found:
    """Reads a task, or ends the process as a fault in a parser would."""
    if task.id == "30":
        os.kill(os.getpid(), signal.SIGKILL)
    return [corpus.Piece(task.id, "train", "folder", 0, chorale(int(task.id)))]


def test_a_file_that_kills_its_reader_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that reads it dies; the file is named and every other one is read."""
    monkeypatch.setattr(parallel.sources, "read", dying)
    tasks = [Task("folder", Path(f"{index}.mid"), str(index)) for index in range(40)]
    found = list(parallel.read_all(tasks, 2))
    refused = [item for items in found for item in items if isinstance(item, corpus.Refusal)]
    assert [item.file for item in refused] == ["30.mid"]
    assert [len(items) for items in found] == [1] * 40


def test_the_stage_itself(
    tmp_path: Path,
    run_stage: Callable[[str, str], int],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """One line of summary; a fault is one line on stderr and exit code 1, no traceback."""
    folder_of(tmp_path / "scores", 3)
    code = run_stage("ingest", "ingest: {sources: [{kind: folder, path: scores}]}")
    said = capfd.readouterr()
    assert (code, said.err) == (0, "")
    assert said.out.startswith("ingest: 3 pieces (train ")
    assert said.out.count("\n") == 1
    for text, fault in (
        ("ingest: {sources: [{kind: folder, path: gone}]}", "gone: no such folder"),
        ("ingest: {sources: [], colour: red}", "ingest.colour"),
        ("ingest: {sources: []}", "no score of soprano, alto, tenor, bass"),
    ):
        code = run_stage("ingest", text)
        said = capfd.readouterr()
        assert (code, said.out) == (1, "")
        assert fault in said.err
        assert said.err.count("\n") == 1


def test_another_ensemble_passes_the_line(tmp_path: Path) -> None:
    """Scores of pitched lines and a drum are read, kept, cut and checked as of their ensemble."""
    lines = (Line("lead", 55, 90), Line("bass", 28, 55), Line("kick", 36, 36, "drum"))
    ensemble = Ensemble("band", lines, bass=1)
    (tmp_path / "scores").mkdir()
    for seed in range(3):
        pitches = np.full((64, 3), REST, np.int8)
        pitches[:, :2] = chorale(seed).pitches[np.arange(64) % 32][:, [0, 3]]
        pitches[::8, 2] = 36
        score = Score(pitches, onset_floor(pitches), ensemble=ensemble)
        midi.write(score, tmp_path / f"scores/{seed}.mid")
    ingested = stage.ingest(params(tmp_path / "scores"), ensemble)
    stage.write(ingested, tmp_path)
    assert {piece.score.ensemble for piece in corpus.load(tmp_path / "scores.npz")} == {ensemble}
    cut = windows.load(tmp_path / "windows.npz")
    assert cut.rolls.shape == (9, 32, 128, 3)
    tables = measure(cut, read_manifest(tmp_path / "manifest.csv"), 32, {}, ensemble)
    assert tables.windows["compass_kick"].unique().tolist() == ["36 to 36"]
    assert (
        not tables.windows[["most_pitches", "onset_faults", "rest_share"]]
        .gt([1, 0, 0])
        .any(axis=None)
    )
