"""What was noticed starts retraining once, also where the server dies at that moment."""

import os
import time

import pytest
import retraining
import watch
from prefect import get_client
from retraining import NotDeployed, start_retraining

from kantor.service.inbox import new_scores

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def deployed(monkeypatch):
    """A deployment to start; gives its runs."""
    from prefect import flow

    @flow(name="starting-work")
    def work(reason: str = ""):
        return reason

    made = work.to_deployment("test").apply()
    monkeypatch.setattr(retraining, "RETRAIN", "starting-work/test")
    with get_client(sync_client=True) as client:

        def runs():
            return [one for one in client.read_flow_runs() if one.deployment_id == made]

        yield runs
        for one in runs():
            client.delete_flow_run(one.id)


def test_one_key_is_one_run(deployed):
    """Who does not know whether it was stored says so again, and nothing runs twice."""
    for _ in range(3):
        start_retraining("new scores", "a")
    start_retraining("drift", "b")
    assert sorted(one.parameters["reason"] for one in deployed()) == ["drift", "new scores"]
    assert {one.state_name for one in deployed()} == {"Scheduled"}


def test_nothing_serves_it(monkeypatch):
    """One line says what to do."""
    monkeypatch.setattr(retraining, "RETRAIN", "starting-work/nowhere")
    with pytest.raises(NotDeployed, match="starting-work/nowhere is not deployed; `make serve`"):
        start_retraining("new scores", "a")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository with a score that no pass has read, copied an hour ago."""
    score = tmp_path / "data" / "new.mid"
    score.parent.mkdir()
    score.write_text("MThd")
    for one in (score, score.parent):
        os.utime(one, (time.time() - 3600,) * 2)
    monkeypatch.setattr(watch, "ROOT", tmp_path)
    monkeypatch.setattr(watch, "audit", lambda root: None)
    return tmp_path


def test_what_the_server_did_not_take_is_not_noted(root, deployed, monkeypatch):
    """New scores are told again until a run is stored for them, and then no more."""
    from prefect.client.orchestration import SyncPrefectClient

    with monkeypatch.context() as patch:

        def away(*_, **__):
            raise ConnectionError

        patch.setattr(SyncPrefectClient, "create_flow_run_from_deployment", away)
        with pytest.raises(ConnectionError):
            watch.watch()
    assert new_scores(root) is not None
    assert deployed() == []
    assert watch.watch() == "data/ has changed: 1 files"
    assert watch.watch() == "unchanged"
    (run,) = deployed()
    assert run.parameters == {"reason": "data/ has changed: 1 files"}
