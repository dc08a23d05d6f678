"""What was noticed starts retraining once, also where the server dies at that moment."""

import os
import time
from unittest.mock import Mock

import pytest
import watch
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from watch import start_retraining

from kantor.errors import SetupError
from kantor.service.inbox import new_scores


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
