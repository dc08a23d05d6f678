"""A comparison of registered versions, from kept figures or composed anew; what is done then."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.registries import Rule

from kantor.data import corpus
from kantor.errors import InputError, SetupError
from kantor.metrics.distances import Difference
from kantor.promotion import comparison, rendering
from kantor.promotion.comparison import Approval, compare, settle
from kantor.promotion.gate import Refused
from kantor.report.tables import TALLIES, WINDOWS, to_csv


@pytest.fixture
def lookup(monkeypatch):
    """Versions whose runs keep what a test says, without a registry."""
    kept = {}
    monkeypatch.setattr(comparison, "kept_tables", lambda number, root: (number, kept[number]))
    return kept


def texts(made, real):
    """What a run keeps."""
    windows, tallies = to_csv(made.windows, real.windows), to_csv(made.tallies, real.tallies)
    return {WINDOWS: windows, TALLIES: tallies}


def test_kept_figures_are_compared(lookup, make, rule, tmp_path):
    """Two evaluations of the same pieces need no model and no data."""
    real = make(0, seed=1)
    lookup[2] = texts(make(0.05, seed=2), real)
    lookup[1] = texts(make(1.0, parallels=3, seed=3), real)
    found = compare(2, 1, tmp_path, rule)
    assert (found.verdict, found.action, found.worse) == ("promote", "promote", ())
    assert (found.anew, found.pieces) == (False, 30)
    assert found.figures["gain.overlap"] > 0.1
    assert found.figures["gain.beat_parallels"] == pytest.approx(0.02)  # of 50 beats 1 less
    back = compare(1, 2, tmp_path, rule)
    assert back.verdict == "keep"
    assert back.figures["gain.overlap"] == -found.figures["gain.overlap"]


def test_of_other_pieces_they_are_not_compared(lookup, make, rule, tmp_path):
    """One line says what is needed; nor is a version compared with itself."""
    lookup[2] = texts(make(0.05, seed=2), make(0, seed=1))
    lookup[1] = texts(make(1.0, seed=3), make(0, seed=9))
    with pytest.raises(SetupError, match=r"scores.npz: not found; .*run `dvc repro ingest`"):
        compare(2, 1, tmp_path, rule)
    with pytest.raises(InputError, match="version 1: is champion and challenger alike"):
        compare(1, 1, tmp_path, rule)


def test_without_kept_figures_both_compose_anew(pieces, rule, monkeypatch, lookup, tmp_path):
    """Each composes under the sopranos that are held out, with the evaluation's seeds."""
    (tmp_path / "build").mkdir()
    corpus.save(pieces, tmp_path / "build/scores.npz")
    (tmp_path / "params.yaml").write_text("evaluate: {split: valid, samples: 1, seed: 7}\n")
    lookup |= {1: {}, 2: {WINDOWS: "of an earlier Kantor, without tallies"}}
    asked = []

    def load_model(uri, root):
        compose = Rule(3 + int(uri[-1])).compose
        return lambda *given: asked.append((uri[-1], sorted(given[1]))) or compose(*given)

    monkeypatch.setattr(comparison, "load_model", load_model)
    found = compare(2, 1, tmp_path, rule)
    assert (found.anew, found.pieces) == (True, 2)
    assert asked == [("2", [7, 8]), ("1", [7, 8])]


def test_a_person_sees_verdict_reasons_and_figures(outcome, tmp_path):
    """A heading, the reasons, a row a metric, also where it is NaN; a drawing, equal each time."""
    nothing = replace(outcome.rows[1], gain=Difference(*[float("nan")] * 4), bar=0.0)
    for one in (outcome, replace(outcome, rows=(outcome.rows[0], nothing))):
        better = "is better" if one is outcome else "is not better"
        text = rendering.comparison_markdown(one)
        assert text.startswith(f"## kantor-bach version 2 {better} than the champion, version 1\n")
        assert "30 held-out pieces, 200 resamples of them; both composed anew." in text
        table = [line for line in text.splitlines() if line.startswith("|")]
        assert len(table) == 2 + len(one.rows)
        assert len({line.count("|") for line in table}) == 1
        for kind in ("svg", "png"):
            paths = [tmp_path / f"{name}.{kind}" for name in ("one", "two")]
            for path in paths:
                rendering.draw(one, path)
            assert paths[0].read_bytes() == paths[1].read_bytes()
            assert paths[0].stat().st_size > 1000
    assert "better in 100% of the resamples" in rendering.comparison_markdown(outcome)
    assert len([*tmp_path.iterdir()]) == 4
    assert list(json.loads(json.dumps(one.figures))) == ["gain.overlap"]


@pytest.mark.parametrize(
    ("action", "answer", "line", "by", "why"),
    [
        ("promote", None, "promoted by flow; version 1 is kept as", "flow", "rule; new scores"),
        ("keep", None, "not promoted: the rule never does; champion is version 1", None, ""),
        ("ask", Approval(True, "Clara", "nice"), "promoted by Clara; version 1", "Clara", "nice"),
        ("ask", Approval(False, "Clara", "dull"), "not promoted: Clara said no (dull)", None, ""),
        ("ask", None, "not promoted: nobody answered", None, ""),
    ],
)
def test_what_the_rule_and_a_person_say_is_done(monkeypatch, action, answer, line, by, why):
    """No answer is no; the gate has the last word, and a refusal is told."""
    compared = SimpleNamespace(
        name="bach", challenger=2, champion=1, verdict="promote", action=action
    )
    promoted = []

    def promote(version, why, by, comparison, root):
        promoted.append((version, why.partition("by the ")[2] or why, by, comparison))
        if version > 2:
            raise Refused(f"bach version {version}: promotion", ["does not load"])

    monkeypatch.setattr(comparison, "promote", promote)
    told = settle(Path(), compared, "new scores", lambda _: answer, "flow")
    assert told.startswith(f"bach version 2 {line}")
    assert promoted == ([(2, why, by, compared)] if by else [])
    if by:
        compared.challenger = 3
        told = settle(Path(), compared, "", lambda _: answer)
        assert told.endswith("not promoted: bach version 3: promotion refused: does not load")


def test_each_pair_is_decided_on_once(moving, client):
    """Also by the pass after one that was killed; without two versions there is no pair."""

    def name(alias, version):
        client.set_registered_model_alias("kantor-bach", alias, str(version))

    assert comparison.undecided(moving) == comparison.undecided(moving) == "version 3 against 1"
    comparison.decided(moving, "version 3 against 1")
    assert comparison.undecided(moving) is None
    name("challenger", 2)
    assert comparison.undecided(moving) == "version 2 against 1"
    name("champion", 2)
    assert comparison.undecided(moving) is None
    client.delete_registered_model_alias("kantor-bach", "champion")
    assert comparison.undecided(moving) is None
