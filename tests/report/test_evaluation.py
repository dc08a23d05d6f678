"""The stage's outputs, from a model and a corpus, through its one entry."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kantor.data import corpus as corpora
from kantor.errors import InputError, ModelError
from kantor.music.score import REST, Score, onset_floor
from kantor.report.evaluation import evaluate
from kantor.report.measuring import share_changed_by_melody
from kantor.report.samples import file_name, pick
from kantor.settings import Evaluate


def run(corpus, model, folder: Path, **settings):
    block = Evaluate(**{"split": "valid", "samples": 1} | settings)
    return evaluate(model, corpus, block, folder, folder / "model.json")


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_all_outputs_are_there_and_the_same_every_time(reports, corpus, model, tmp_path):
    """The same inputs give the same bytes, sound included; what an older run left is gone."""
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "of-an-older-run.mid").write_bytes(b"old")
    run(corpus, model, tmp_path)
    files = ["headline.json", "metrics.json", "report.html", "tallies.csv", "windows.csv"]
    plots = [f"plots/{name}.csv" for name in ("chords", "notes", "pitches")]
    samples = [f"samples/made-4{kind}" for kind in ("-real.png", ".mid", ".png", ".wav")]
    assert sorted(contents(tmp_path)) == sorted([*files, *plots, *samples])
    assert contents(tmp_path) == contents(reports)


def test_the_headline_is_short_and_flat(reports):
    """DVC shows a column a figure: few, with short names, all from the full file."""
    shown = json.loads((reports / "headline.json").read_text())
    figures = json.loads((reports / "metrics.json").read_text())
    assert all(figure is None or isinstance(figure, int | float) for figure in shown.values())
    # `dvc metrics show` on a terminal that is 120 wide: the path, then at least six signs a figure.
    assert len("reports/headline.json") + sum(4 + max(len(name), 6) for name in shown) <= 120
    assert shown["overlap"] == figures["overlap"]["generated"]
    assert shown["in_range"] == figures["headline"]["metrics_in_range"]
    both = (figures["metrics"][f"parallel_{name}"]["generated"] for name in ("fifths", "octaves"))
    assert shown["parallels"] == pytest.approx(sum(both), abs=1e-4)


def test_figures_stand_beside_real_ones_and_baselines(reports):
    """Parallel octaves are judged against real pieces; the plots' shares add up to one."""
    figures = json.loads((reports / "metrics.json").read_text())
    assert (figures["split"], figures["pieces"]) == ("valid", 3)
    octaves = figures["metrics"]["parallel_octaves"]
    assert octaves["generated"] > octaves["real"] + 5
    assert octaves["verdict"] == "outside"
    assert {*octaves["baseline"]} == {"block", "triads", "shuffled", "random", "nearest"}
    assert figures["headline"]["parallel_octaves"] == octaves["generated"]
    assert figures["headline"]["changed_by_another_seed"] == 0.3333  # of three lines the bass
    assert 0.5 < figures["headline"]["changed_by_another_melody"] < 1
    assert list(figures["other_givens"]) == ["soprano", "alto", "bass", "nothing", "two_bars_open"]
    assert figures["by_meter"] == {"4/4": figures["new_tunes"]}  # all pieces are both
    assert figures["new_tunes"]["real"]["parallel_octaves"] == octaves["real"]
    pitches, chords = (
        pd.read_csv(reports / "plots" / f"{name}.csv") for name in ("pitches", "chords")
    )
    sums = [*pitches[["alto_generated", "alto_real", "bass_generated"]].sum(), chords["real"].sum()]
    assert sums == pytest.approx([1] * 4, abs=0.01)


def test_several_takes_count_as_one_piece(corpus, model, tmp_path):
    """The second of three takes has the octaves that the first and the third have not."""
    takes = []

    def composed(given, seeds):
        takes.append(list(seeds))
        return model(given, seeds * 2 + (seeds >= 3) * (seeds < 6))

    figures = run(corpus, composed, tmp_path, takes=3)
    assert takes[0] == list(range(9))
    assert (figures["pieces"], figures["takes"]) == (3, 3)
    once = run(corpus, lambda given, seeds: model(given, seeds * 2), tmp_path / "once")
    always = run(corpus, lambda given, seeds: model(given, seeds * 2 + 1), tmp_path / "always")
    for kind, name in (("metrics", "notes_bass"), ("metrics", "semitone_clash")):
        assert figures[kind][name]["real"] == once[kind][name]["real"]
    for kind, name in (("metrics", "tonal_distance"), ("part_writing", "unusual_moves_bass")):
        two, one = (each[kind][name]["generated"] for each in (once, always))
        assert figures[kind][name]["generated"] == pytest.approx((2 * two + one) / 3, abs=2e-4)
    windows = pd.read_csv(tmp_path / "windows.csv")
    rows = windows.groupby("side").piece.value_counts().unstack("side")
    assert (rows.generated == 3 * rows.real).all()
    assert ">3 pieces, 3 takes of each<" in (tmp_path / "report.html").read_text()


def fermatas(score):
    """The score with a fermata on its last two quarters, apart, over C and D major."""
    pitches, held = score.pitches.copy(), np.zeros(score.steps, bool)
    pitches[-16:-12], pitches[-4:] = (72, 67, 64, 48), (74, 69, 66, 50)
    held[-16:-12] = held[-4:] = True
    onsets = score.onsets | onset_floor(pitches)
    return replace(score, pitches=pitches, onsets=onsets, fermatas=held)


def test_another_melody_is_compared_in_one_key_from_the_first_bar_line(corpus):
    """Moved to another key and behind a pickup a piece is the same; one other bar is not."""
    own = corpus[0].score
    moved = own.transposed(-5)
    columns = ((4, 0), (0, 0))
    late = Score(
        np.pad(moved.pitches, columns, constant_values=REST),
        np.pad(moved.onsets, columns),
        moved.meter,
        pickup=4,
        key=moved.key,
    )
    assert share_changed_by_melody([own], [moved]) == share_changed_by_melody([own], [late]) == 0
    lower = late.pitches.copy()
    lower[-16:, 3] -= 12
    assert share_changed_by_melody([own], [replace(late, pitches=lower)]) == pytest.approx(1 / 12)
    assert share_changed_by_melody([], []) is None


def test_phrase_ends_and_film_of_a_model_for_a_single_task(corpus, model, tmp_path):
    """Each fermata is judged; the film has a frame a kept take; no other task is given."""
    (tmp_path / "model.json").write_text('{"preset": "unet"}')
    takes = [replace(corpus[0], id=str(iteration)) for iteration in (50, 100)]
    (tmp_path / "training").mkdir()
    corpora.save(takes, tmp_path / "training" / "frames.npz")
    figures = run([replace(one, score=fermatas(one.score)) for one in corpus], model, tmp_path)
    ends, naive = figures["phrase_ends"], {"block", "triads", "shuffled", "random", "nearest"}
    assert ends["count"] == {"generated": 6, "real": 6, "baseline": dict.fromkeys(naive, 6)}
    root = ends["root_position"]
    assert (root["generated"], root["real"], root["verdict"]) == (0, 1, "outside")
    assert (ends["of_the_key"]["real"], ends["tonic_or_dominant"]["real"]) == (0.5, 0.5)
    assert {*root["baseline"]} == naive
    assert root["baseline"]["block"] == 1
    assert figures["other_givens"] == {}
    with Image.open(tmp_path / "learning.gif") as film:
        assert (film.format, film.n_frames) == ("GIF", 2)
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/gif;base64,") == page.count("data:image/png;base64,") == 1
    assert 'id="cadences"' in page
    assert 'id="givens"' not in page


def test_what_cannot_be_evaluated_leaves_the_old_report(corpus, model, reports, tmp_path):
    """No pieces, or a model that changes the melody: one line, before anything is written."""
    with pytest.raises(InputError, match=r"split 'test': 0 pieces; .*params.yaml"):
        run(corpus, model, tmp_path, split="test")
    assert contents(tmp_path) == {}
    before = contents(reports)
    with pytest.raises(ModelError, match=r"Piece \d.*changed notes that were given"):
        run(corpus, lambda given, seeds: (given.pitches, given.onsets & False), reports)
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
    figures = run(corpus, lambda given, seeds: (given.pitches, given.onsets), tmp_path)
    assert figures["metrics"]["empty_bars"]["verdict"] == "outside"
    assert figures["metrics"]["leaps_bass"]["generated"] is None
    assert figures["metrics"]["pitch_histogram_bass"]["verdict"] == ""
    assert figures["headline"]["changed_by_another_seed"] == 0
    assert "not counted" in (tmp_path / "report.html").read_text()
