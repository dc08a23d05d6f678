"""The stage's outputs, from a model and a corpus, through its one entry."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kantor.data import corpus as corpora
from kantor.errors import InputError, ModelError
from kantor.music.score import onset_floor
from kantor.report.evaluation import evaluate
from kantor.report.samples import file_name, pick
from kantor.settings import Evaluate


def run(corpus, model, folder: Path, **settings):
    block = Evaluate(**{"split": "valid", "samples": 1} | settings)
    return evaluate(model, corpus, block, folder, folder / "model.json")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_all_outputs_are_there(reports):
    """Figures, tables for plots, samples in three forms, the real picture, and the page."""
    assert sorted(contents(reports)) == [
        "metrics.json",
        "plots/chords.csv",
        "plots/metrics_compared.csv",
        "plots/notes.csv",
        "plots/pitches.csv",
        "report.html",
        "samples/made-4-real.png",
        "samples/made-4.mid",
        "samples/made-4.png",
        "samples/made-4.wav",
        "windows.csv",
    ]


def test_the_film_and_the_other_tasks(corpus, model, tmp_path):
    """The film has one frame for each take that the training kept, so that a change of the
    drawing trains nothing again; a model for a single task is given no other.
    """
    (tmp_path / "model.json").write_text('{"preset": "unet"}')
    takes = [replace(corpus[0], id=str(iteration)) for iteration in (50, 100)]
    (tmp_path / "training").mkdir()
    corpora.save(takes, tmp_path / "training" / "frames.npz")
    figures = run(corpus, model, tmp_path)
    with Image.open(tmp_path / "learning.gif") as film:
        assert (film.format, film.n_frames) == ("GIF", 2)
    assert figures["other_givens"] == {}
    page = (tmp_path / "report.html").read_text()
    assert "data:image/gif;base64," in page
    assert not [name for name in ("givens", "cadences") if f'id="{name}"' in page]  # no fermatas


def test_the_same_inputs_give_the_same_bytes(reports, corpus, model, tmp_path):
    """Every file, the page and the sound included, comes out the same a second time."""
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "of-an-older-run.mid").write_bytes(b"old")
    run(corpus, model, tmp_path)
    assert contents(tmp_path) == contents(reports)


def test_figures_stand_beside_real_ones_and_baselines(reports):
    """Parallel fourths, sixths and octaves under every note, judged against real; the tables for
    plots hold shares that add up to one.
    """
    figures = json.loads((reports / "metrics.json").read_text())
    assert (figures["split"], figures["pieces"]) == ("valid", 3)
    octaves = figures["metrics"]["parallel_octaves"]
    assert octaves["generated"] > octaves["real"] + 5
    assert octaves["verdict"] == "outside"
    assert {*octaves["baseline"]} == {"block", "triads", "shuffled", "random"}
    assert figures["headline"]["parallel_octaves"] == octaves["generated"]
    assert 0 < figures["headline"]["changed_by_another_seed"] <= 1 / 3
    assert list(figures["other_givens"]) == ["soprano", "alto", "bass", "nothing", "two_bars_open"]
    assert list(figures["by_meter"]) == ["4/4"]
    assert figures["by_meter"]["4/4"]["pieces"] == figures["new_tunes"]["pieces"] == 3
    for part in (figures["by_meter"]["4/4"], figures["new_tunes"]):
        assert part["generated"]["parallel_octaves"] == octaves["generated"]
        assert part["real"]["parallel_octaves"] == octaves["real"]
    page = (reports / "report.html").read_text()
    assert "All but two bars" in page
    assert "By meter" in page
    pitches, chords = (
        pd.read_csv(reports / "plots" / f"{name}.csv") for name in ("pitches", "chords")
    )
    sums = [*pitches[["alto_generated", "alto_real", "bass_generated"]].sum(), chords["real"].sum()]
    assert sums == pytest.approx([1] * 4, abs=0.01)


def test_phrase_ends_stand_beside_real_ones_and_baselines(corpus, model, tmp_path):
    """Under each fermata Bach's triad, and the model's bass an octave under the soprano."""
    held = [replace(piece, score=fermatas(piece.score)) for piece in corpus]
    ends = run(held, model, tmp_path)["phrase_ends"]
    naive = {"block", "triads", "shuffled", "random"}
    assert ends["count"] == {"generated": 6, "real": 6, "baseline": dict.fromkeys(naive, 6)}
    root = ends["root_position"]
    assert (root["generated"], root["real"], root["verdict"]) == (0, 1, "outside")
    assert (ends["of_the_key"]["real"], ends["tonic_or_dominant"]["real"]) == (0.5, 0.5)
    assert {*root["baseline"]} == naive
    assert root["baseline"]["block"] == 1
    page = (tmp_path / "report.html").read_text()
    assert "these pieces have 6 of them" in page
    assert 'href="#cadences"' in page


def fermatas(score):
    """The score with a fermata on its last two quarters, apart, over C and D major."""
    pitches, held = score.pitches.copy(), np.zeros(score.steps, bool)
    pitches[-16:-12], pitches[-4:] = (72, 67, 64, 48), (74, 69, 66, 50)
    held[-16:-12] = held[-4:] = True
    onsets = score.onsets | onset_floor(pitches)
    return replace(score, pitches=pitches, onsets=onsets, fermatas=held)


def test_what_cannot_be_evaluated_leaves_the_old_report(corpus, model, reports, tmp_path):
    """A split without pieces, and a model that changes the melody, are refused in one line before
    anything is written.
    """
    with pytest.raises(InputError, match=r"split 'test': 0 pieces; .*params.yaml"):
        run(corpus, model, tmp_path, split="test")
    assert contents(tmp_path) == {}
    before = contents(reports)

    def meddling(given, seeds):
        pitches, onsets = model(given, seeds)
        return pitches, onsets & False

    with pytest.raises(ModelError, match=r"Piece \d.*changed notes that were given"):
        run(corpus, meddling, reports)
    assert contents(reports) == before


def test_samples_are_spread_and_their_files_stay_in_their_folder(corpus):
    """Each piece is shown once at most; an id never leads out of the folder or needs quoting."""
    scores = [piece.score for piece in corpus]
    assert len(pick(corpus, scores, range(6), 50)) == 6
    assert [sample.seed for sample in pick(corpus, scores, range(6), 2)] == [1, 4]
    names = {"jsb/bwv25.6": "jsb-bwv25.6", "../../etc/passwd": "etc-passwd", "<ä>/'": "piece"}
    assert {identity: file_name(identity) for identity in names} == names


def test_a_silent_model_is_reported_as_such(corpus, tmp_path):
    """Where nothing was composed, what cannot be counted is null and empty bars are outside."""

    def silent(given, seeds):
        return given.pitches, given.onsets

    figures = run(corpus, silent, tmp_path)
    assert figures["metrics"]["empty_bars"]["verdict"] == "outside"
    assert figures["metrics"]["leaps_bass"]["generated"] is None
    assert figures["metrics"]["pitch_histogram_bass"]["verdict"] == ""
    assert figures["headline"]["changed_by_another_seed"] == 0
    assert "not counted" in (tmp_path / "report.html").read_text()
