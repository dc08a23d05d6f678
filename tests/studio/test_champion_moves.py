"""The champion is compared and moved by a process of its own; refusals have all their reasons."""

import json
import math

import pytest
from tests.registries import aliases

from kantor.metrics.distances import Difference
from kantor.promotion.comparison import ModelComparison
from kantor.promotion.rule import Row
from kantor.studio.problems import Problem
from kantor.studio.training import champion_moves as moves

pytestmark = pytest.mark.usefixtures("network_stand_in")


def test_promotion_and_the_way_back(moving):
    """Through the gate, with the reason in the history, the newest first."""
    done = moves.answer(moving, "promote", {"version": 3, "why": "sounds alike", "force": False})
    assert (done["after"], done["why"]) == (3, "sounds alike")
    assert aliases(moving)["champion"] == 3
    back = moves.answer(moving, "rollback", {"why": "too many leaps", "force": False})
    assert "rolled back from version 3" in back["line"]
    listed = moves.answer(moving, "history", {})["moves"]
    assert [one["what"] for one in listed] == ["rollback", "promote"]


@pytest.mark.parametrize(
    ("what", "request_", "status", "words"),
    [
        ("promote", {"version": 9, "why": "x", "force": False}, 422, "no version 9"),
        ("promote", {"version": 1, "why": "x", "force": False}, 422, "champion already"),
        ("promote", {"version": 3, "why": " ", "force": False}, 422, "say why"),
        ("compare", {"version": 1}, 422, "champion and challenger alike"),
        ("compare", {"version": 3}, 503, "dvc repro ingest"),
    ],
)
def test_refusals_in_one_line(moving, what, request_, status, words):
    """With the status that fits."""
    refused = moves.answer(moving, what, request_)
    assert refused["status"] == status, refused
    assert words in refused["detail"]


def test_the_gate_names_all_its_reasons(moving):
    """One line each; a forced move is recorded with them."""
    path = moving / "params.yaml"
    assert "crossing: 0.02" in path.read_text()
    path.write_text(path.read_text().replace("crossing: 0.02", "leaps_bass: 0.02"))
    refused = moves.answer(moving, "promote", {"version": 3, "why": "anyway", "force": False})
    assert (refused["status"], len(refused["reasons"])) == (409, 1)
    assert "missing evaluation" in refused["reasons"][0]
    forced = moves.answer(moving, "promote", {"version": 3, "why": "anyway", "force": True})
    assert forced["overrode"] == tuple(refused["reasons"])


def test_a_comparison_as_json(rule):
    """What cannot be counted is null."""
    gain = Difference(0.01, -0.01, 0.02, 0.8)
    row = Row("overlap", "overlap", "primary", 0.005, 1.0, 0.8, math.nan, gain)
    told = moves._plain(moves._comparison(ModelComparison("m", 2, 1, 9, False, (row,), rule)))
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["rows"][0]["challenger"] is None
    assert (again["verdict"], again["challenger"], again["champion"]) == ("keep", 2, 1)


def test_another_process_answers(moving):
    """Its refusal is a problem here."""
    with pytest.raises(Problem, match="no version 9") as caught:
        moves.ask(moving, "promote", version=9, why="x", force=False)
    assert caught.value.status == 422
