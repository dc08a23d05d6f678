"""`retrain` and `prune` say what they did; what is noticed starts one retraining."""

import os
import shutil
import time
from contextlib import nullcontext
from types import SimpleNamespace
from unittest.mock import Mock

import prune
import pytest
import retrain
import watch
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import Failed
from watch import start_retraining

from kantor.errors import InputError, SetupError
from kantor.files import Freed
from kantor.promotion.comparison import deciding
from kantor.service.failures import StageFailed, StageStopped
from kantor.service.inbox import new_scores
from kantor.service.pruning import Pruned

OLD = Pruned("logs", "log", 30, Freed(2, 2, 4_000_000))
BUSY = Pruned("compositions", "batch", 90, fault="a batch is composing", passing=True)
FAULT = Pruned("retired", "version", 90, fault="the server does not answer")


@pytest.fixture
def log(monkeypatch, tmp_path):
    """What the flows say, and a repository of their own."""
    said = []
    shutil.copy(retrain.PARAMS, tmp_path)
    logger = SimpleNamespace(info=lambda text, *values: said.append(text % values))
    for module in (retrain, prune):
        monkeypatch.setattr(module, "ROOT", tmp_path)
        monkeypatch.setattr(module, "get_run_logger", lambda: logger)
    return said


def test_nothing_changed_says_so(log, monkeypatch):
    """No stage is run, nothing is compared, and the log says why."""
    monkeypatch.setattr(retrain.pipeline, "alone", lambda root, say: nullcontext(1))
    monkeypatch.setattr(retrain.pipeline, "changed", lambda root: [])
    monkeypatch.setattr(retrain, "undecided", lambda root: None)
    monkeypatch.setattr(retrain, "reproduce", None)
    outcome = retrain.retrain.fn("the calendar says so")
    assert outcome == "nothing changed: every stage is up to date"
    assert log == ["asked for: the calendar says so", outcome]


def test_a_training_that_was_stopped_is_cancelled(log, monkeypatch):
    """It is not tried again, and did not fail; where it stopped is the state's message."""

    def stopped(root, reason, force):
        raise StageStopped("stopped at iteration 40")

    monkeypatch.setattr(retrain, "_pass", stopped)
    state = retrain.retrain.fn()
    assert (state.is_cancelled(), state.message) == (True, "stopped at iteration 40")
    for error, again in ((StageStopped("stopped"), False), (StageFailed("no window"), True)):
        assert retrain.reproduce_again(None, None, Failed(data=error)) is again


def test_a_challenger_that_is_left_is_decided_on(log, monkeypatch):
    """It is compared, by the mode that was asked for."""
    monkeypatch.setattr(
        retrain, "_pass", lambda root, reason, force: retrain.Pass(reason, (), (), ())
    )
    left, notes = ["version 2 against 1"], []
    monkeypatch.setattr(retrain, "undecided", lambda root: left[0] if left else None)
    monkeypatch.setattr(retrain, "decided", lambda root, pair: notes.append(left.pop()))
    monkeypatch.setattr(retrain, "_show", lambda *shown: None)
    compare = Mock(return_value=SimpleNamespace(name="bach"))
    monkeypatch.setattr(retrain, "compare", compare)
    write = Mock()
    monkeypatch.setattr(retrain.page, "write", write)
    monkeypatch.setattr(retrain, "settle", lambda root, comparison, reason, ask: "promoted")
    assert retrain.retrain.fn(promote="never") == "promoted"
    assert compare.call_args.kwargs["rule"].mode == "never"
    write.assert_called_once_with(compare.return_value, retrain.ROOT)
    assert notes == ["version 2 against 1"]


def test_a_run_that_waits_for_a_person_is_left_to_it(log, monkeypatch):
    """A second run neither asks again nor waits for days; the first decides on all there is."""
    monkeypatch.setattr(
        retrain, "_pass", lambda root, reason, force: retrain.Pass(reason, (), (), ())
    )
    monkeypatch.setattr(retrain, "undecided", lambda root: pytest.fail("decided by two"))
    with deciding(retrain.ROOT):
        assert retrain.retrain.fn().endswith("another run decides on the challenger")


def test_what_was_deleted_is_reported(log, monkeypatch):
    """One line each kind, in the log and in an artifact; a fault fails the run, a batch not."""
    kinds, shown = [BUSY, OLD], []
    monkeypatch.setattr(
        prune, "create_markdown_artifact", lambda text, key, description: shown.append(text)
    )
    monkeypatch.setattr(prune.pruning, "prune", lambda root, dry_run: kinds if dry_run else [])
    prune.prune.fn(dry_run=True)
    busy = "compositions: a batch is composing; left for the next run"
    old = "logs: 2 logs older than 30 days deleted (4.0 MB)"
    assert log == [busy, old]
    assert shown == [f"- {busy}\n- {old}\n"]
    kinds.append(FAULT)
    with pytest.raises(SetupError, match="retired: the server does not answer"):
        prune.prune.fn(dry_run=True)
    assert OLD.line in shown[-1]


@pytest.fixture
def deployed(client, monkeypatch):
    """A deployment to start; gives its runs."""

    @flow(name="starting-work")
    def work(reason: str = ""):
        return reason

    made = work.to_deployment("test").apply()
    monkeypatch.setattr(watch, "RETRAIN", "starting-work/test")

    def runs():
        return [one for one in client.read_flow_runs() if one.deployment_id == made]

    yield runs
    for one in runs():
        client.delete_flow_run(one.id)


def test_one_key_is_one_run(deployed, monkeypatch):
    """Repeated it is stored once; where nothing serves it, one line says so."""
    for _ in range(3):
        start_retraining("new scores", "a")
    start_retraining("drift", "b")
    assert sorted(one.parameters["reason"] for one in deployed()) == ["drift", "new scores"]
    assert {one.state_name for one in deployed()} == {"Scheduled"}
    monkeypatch.setattr(watch, "RETRAIN", "starting-work/nowhere")
    with pytest.raises(SetupError, match="starting-work/nowhere is not deployed; `make serve`"):
        start_retraining("new scores", "a")


def test_what_the_server_did_not_take_is_not_noted(tmp_path, deployed, monkeypatch):
    """New scores count as new until a run is stored for them, and then no more."""
    score = tmp_path / "data" / "new.mid"
    score.parent.mkdir()
    score.write_text("MThd")
    for one in (score, score.parent):  # copied an hour ago
        os.utime(one, (time.time() - 3600,) * 2)
    monkeypatch.setattr(watch, "ROOT", tmp_path)
    monkeypatch.setattr(watch, "audit", lambda root: None)
    with monkeypatch.context() as patch:
        away = Mock(side_effect=ConnectionError)
        patch.setattr(SyncPrefectClient, "create_flow_run_from_deployment", away)
        with pytest.raises(ConnectionError):
            watch.watch()
    assert new_scores(tmp_path) is not None
    assert deployed() == []
    assert watch.watch() == "data/ has changed: 1 files"
    assert watch.watch() == "unchanged"
    (run,) = deployed()
    assert run.parameters == {"reason": "data/ has changed: 1 files"}


def test_a_style_is_decided_on_in_its_own_folder(log, monkeypatch):
    """Its pipeline, its rule and its note; an unknown style is a line with those that there are."""
    places = []
    (retrain.ROOT / "styles").mkdir()
    (retrain.ROOT / "styles/palestrina.yaml").write_text("style: {title: One}\n")
    monkeypatch.setattr(
        retrain, "_pass", lambda root, *rest: places.append(root) or retrain.Pass("", (), (), ())
    )
    monkeypatch.setattr(retrain, "undecided", lambda root: places.append(root))
    monkeypatch.setattr(retrain, "deciding", lambda root: nullcontext())
    retrain.retrain.fn(style="palestrina")
    assert places == [retrain.ROOT / "styles/palestrina"] * 2
    with pytest.raises(InputError, match="palestrina"):
        retrain.retrain.fn(style="palestrin")
