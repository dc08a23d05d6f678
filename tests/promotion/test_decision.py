"""A challenger is decided on once, as the rule and a person say."""

from typing import ClassVar

import pytest

from kantor.promotion import decision
from kantor.promotion.decision import Approval, decided, settle, undecided
from kantor.promotion.gate import Refused
from kantor.settings import Promote

RULE = Promote(mode="auto", margin=0.01, guarded={}, resamples=100, confidence=0.9)
BETTER = "bach version 2 promoted by {}; version 1 is kept as previous"


class Comparison:
    """What is read of a comparison."""

    name, challenger, champion, verdict, worse, rule = "bach", 2, 1, "promote", (), RULE
    figures: ClassVar = {"gain.overlap": 0.1}

    def __init__(self, action):
        self.action = action


@pytest.fixture
def moves(monkeypatch):
    """Promotions, noted instead of made."""
    made = []
    monkeypatch.setattr(decision, "promote", lambda *given, **named: made.append((given, named)))
    return made


def nobody(found):
    pytest.fail("a person was asked")


def test_better_by_the_rule_is_promoted(moves, tmp_path):
    """With the reason, the figures and what the comparison had against it."""
    assert settle(tmp_path, Comparison("promote"), "new scores", nobody) == BETTER.format("retrain")
    (((version, why, by), named),) = moves
    assert (version, by) == (2, "retrain")
    assert "new scores" in why
    assert named["figures"] == {"gain.overlap": 0.1}
    assert named["measured"] == ()
    assert named["instead_of"] == 1


def test_without_a_person(moves, tmp_path):
    """The champion stays where the rule says so; a flow that a person started is named in the
    history, not the retraining.
    """
    assert "champion is version 1" in settle(tmp_path, Comparison("keep"), "", nobody)
    assert not moves
    assert settle(tmp_path, Comparison("promote"), "", nobody, "ada") == BETTER.format("ada")
    assert moves[0][0][2] == "ada"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Approval(True, "Clara", "sounds better"), BETTER.format("Clara")),
        (Approval(False, "Clara", "dull"), "bach version 2 not promoted: Clara said no (dull)"),
        (None, "bach version 2 not promoted: nobody answered"),
    ],
)
def test_a_person_decides(moves, tmp_path, answer, told):
    """Yes promotes in that person's name; no, and no answer, keep the champion."""
    assert settle(tmp_path, Comparison("ask"), "", lambda found: answer) == told
    assert [given for given, _ in moves] == ([(2, answer.why, "Clara")] if "by" in told else [])


def test_the_gate_has_the_last_word(monkeypatch, tmp_path):
    """A refusal is told with its reasons, and is no failure of the flow."""

    def refuse(*given, **named):
        raise Refused("bach version 2: promotion", ["does not load"])

    monkeypatch.setattr(decision, "promote", refuse)
    told = settle(tmp_path, Comparison("promote"), "", nobody)
    assert told.endswith("not promoted: bach version 2: promotion refused: does not load")


@pytest.fixture
def aliases(monkeypatch):
    """The registry's aliases."""
    named = {}
    rows = [{"version": number, "aliases": []} for number in range(4)]

    def versions(root):
        return [
            {**row, "aliases": [a for a, v in named.items() if v == row["version"]]} for row in rows
        ]

    monkeypatch.setattr(decision, "versions", versions)
    return named


def test_each_pair_is_decided_on_once(aliases, tmp_path):
    """Also by the pass after one that was killed before it could; again for another pair. Without
    two different versions there is nothing to compare.
    """
    for named in ({}, {"challenger": 1}, {"champion": 1, "challenger": 1}):
        aliases |= named
        assert undecided(tmp_path) is None
    aliases |= {"champion": 1, "challenger": 2}
    assert undecided(tmp_path) == undecided(tmp_path) == "version 2 against 1"
    decided(tmp_path, "version 2 against 1")
    assert undecided(tmp_path) is None
    aliases["challenger"] = 3
    assert undecided(tmp_path) == "version 3 against 1"
