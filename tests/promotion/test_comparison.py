"""A comparison of registered versions: from what their evaluations kept, or composed anew."""

import json
from dataclasses import replace

import pytest

from kantor.data import corpus
from kantor.errors import InputError, SetupError
from kantor.metrics.distances import Difference
from kantor.promotion import comparison, rendering
from kantor.promotion.comparison import ModelComparison, compare
from kantor.promotion.rule import rows
from kantor.report.comparing import Windows


@pytest.fixture
def outcome(make, rule):
    """A challenger that wins."""
    found = rows(make(0.05, seed=2), make(1.0, seed=3), make(0, seed=1), rule)
    return ModelComparison("kantor-bach", 2, 1, 30, (1,), tuple(found), rule)


@pytest.fixture
def lookup(monkeypatch):
    """Versions whose runs keep what a test says, without a registry."""
    kept = {}
    monkeypatch.setattr(
        comparison, "kept_windows", lambda number, model, root: (number, kept[number])
    )
    return kept


def test_kept_figures_are_compared(lookup, make, rule, tmp_path):
    """Two evaluations of the same pieces need no model and no data."""
    real = make(0, seed=1)
    lookup[2] = Windows(make(0.05, seed=2), real).to_csv()
    lookup[1] = Windows(make(1.0, seed=3), real).to_csv()
    found = compare(2, 1, tmp_path, rule)
    assert (found.verdict, found.action, found.anew, found.pieces) == ("promote", "promote", (), 30)
    assert found.worse == ()
    assert found.figures["gain.overlap"] > 0.1
    back = compare(1, 2, tmp_path, rule)
    assert back.verdict == "keep"
    assert back.figures["gain.overlap"] == -found.figures["gain.overlap"]


def test_of_other_pieces_they_are_not_compared(lookup, make, rule, tmp_path):
    """Without the held-out pieces at hand one line says what is needed."""
    lookup[2] = Windows(make(0.05, seed=2), make(0, seed=1)).to_csv()
    lookup[1] = Windows(make(1.0, seed=3), make(0, seed=9)).to_csv()
    with pytest.raises(SetupError, match=r"scores.npz: not found; .*run `dvc repro ingest`"):
        compare(2, 1, tmp_path, rule)


def test_a_version_is_not_compared_with_itself(lookup, rule, tmp_path):
    """The newest may be the champion already."""
    lookup[1] = None
    with pytest.raises(InputError, match="version 1: is champion and challenger alike"):
        compare(1, 1, tmp_path, rule)


def test_without_kept_figures_both_compose_anew(pieces, rule, monkeypatch, lookup, tmp_path):
    """Each composes under the sopranos that are held out, with the evaluation's seeds."""
    (tmp_path / "build").mkdir()
    corpus.save(pieces, tmp_path / "build/scores.npz")
    (tmp_path / "params.yaml").write_text("evaluate: {split: valid, samples: 1, seed: 7}\n")
    lookup |= {1: None, 2: None}
    asked = []

    def model(number):
        def compose(given, seeds):
            asked.append((number, sorted(seeds.tolist())))
            pitches = given.pitches.copy()
            for voice, gap in ((1, 4), (2, 9 + number), (3, 16)):
                pitches[..., voice] = given.pitches[..., 0] - gap
            pitches[given.pitches[..., 0] < 0] = -1
            return pitches, given.onsets[..., :1].repeat(4, axis=-1)

        return compose

    monkeypatch.setattr(comparison, "load_model", lambda uri, root: model(int(uri[-1])))
    found = compare(2, 1, tmp_path, rule)
    assert (found.anew, found.pieces) == ((2, 1), 2)
    assert asked == [(2, [7, 8]), (1, [7, 8])]


def test_the_table_tells_verdict_reasons_and_figures(outcome):
    """Markdown that a page shows: a heading, the reasons, a row a metric."""
    text = rendering.comparison_markdown(outcome)
    assert text.startswith("## kantor-bach version 2 takes the champion's place\n")
    assert "30 held-out pieces, 200 resamples of them; version 1 composed anew." in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(outcome.rows)
    assert len({line.count("|") for line in table}) == 1
    assert "better in 100% of the resamples" in text


def test_the_history_gets_plain_figures(outcome):
    """Gains that can be written as JSON; what could not be counted is left out."""
    nothing = replace(outcome.rows[1], gain=Difference(*[float("nan")] * 4))
    damaged = replace(outcome, rows=(outcome.rows[0], nothing))
    assert list(json.loads(json.dumps(damaged.figures))) == ["gain.overlap"]
    assert damaged.verdict == "keep"


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_drawing_is_the_same_each_time(outcome, tmp_path, kind):
    """Whole files, equal bytes, and no temporary file left behind."""
    paths = [tmp_path / f"{name}.{kind}" for name in ("one", "two")]
    for path in paths:
        rendering.draw(outcome, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_the_drawing_bears_what_cannot_be_counted(outcome, tmp_path):
    """A metric without an estimate, and a tolerance of nothing, are drawn all the same."""
    nothing = replace(outcome.rows[1], gain=Difference(*[float("nan")] * 4), bar=0.0)
    rendering.draw(replace(outcome, rows=(outcome.rows[0], nothing)), tmp_path / "one.svg")
    assert (tmp_path / "one.svg").stat().st_size > 1000
    assert rendering.row_cells(nothing)[-1] == "no"
