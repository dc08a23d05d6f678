"""The flow says what it did, and that there was nothing to do."""

import shutil
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import retrain

from kantor.promotion.comparison import deciding


@pytest.fixture
def steps(monkeypatch, tmp_path):
    """The flow's steps, noted instead of taken."""
    taken = []
    shutil.copy(retrain.PARAMS, tmp_path)
    monkeypatch.setattr(retrain, "ROOT", tmp_path)

    class Log:
        def info(self, text, *values):
            taken.append(text % values)

    monkeypatch.setattr(retrain, "get_run_logger", Log)
    return taken


def test_the_flow_has_its_name():
    """It is found in Prefect as `retrain`."""
    assert retrain.retrain.name == "retrain"


def test_nothing_changed_says_so(steps, monkeypatch):
    """No stage is run, nothing is compared, and the log says why."""
    monkeypatch.setattr(retrain, "alone", lambda root, say: nullcontext(1))
    monkeypatch.setattr(retrain.pipeline, "changed", lambda root: [])
    monkeypatch.setattr(retrain, "undecided", lambda root: None)
    monkeypatch.setattr(retrain, "reproduce", None)
    told = retrain.retrain.fn("the calendar says so")
    assert told == "nothing changed: every stage is up to date"
    assert steps == ["asked for: the calendar says so", told]


def test_what_was_not_decided_is(steps, monkeypatch):
    """A challenger that an earlier pass left is compared, by the mode that was asked for."""
    monkeypatch.setattr(retrain, "_pass", lambda reason, force: retrain.Pass(reason, (), (), ()))
    left = ["version 2 against 1"]
    monkeypatch.setattr(retrain, "undecided", lambda root: left[0] if left else None)
    notes = []
    monkeypatch.setattr(retrain, "decided", lambda root, pair: notes.append(left.pop()))
    monkeypatch.setattr(retrain, "_show", lambda *shown: None)

    def compare(root, rule):
        notes.append(rule.mode)
        return SimpleNamespace(name="bach")

    monkeypatch.setattr(retrain, "compare", compare)
    monkeypatch.setattr(retrain, "settle", lambda root, found, reason, ask: "promoted")
    assert retrain.retrain.fn(promote="never") == "promoted"
    assert notes == ["never", "version 2 against 1"]


def test_who_waits_for_a_person_is_left_to_it(steps, monkeypatch):
    """A second run neither asks again nor waits for days; the first decides on all there is."""
    monkeypatch.setattr(retrain, "_pass", lambda reason, force: retrain.Pass(reason, (), (), ()))
    monkeypatch.setattr(retrain, "undecided", lambda root: pytest.fail("decided by two"))
    with deciding(retrain.ROOT):
        assert retrain.retrain.fn().endswith("another run decides on the challenger")
