"""Runs that a killed service left under way are begun again; no others."""

import time

import pytest
from prefect import flow
from prefect import states as known
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from unfinished import FLOW_RUN, MOST_TIMES, begin_again, begin_lost

from kantor.service import cleanup

pytestmark = pytest.mark.usefixtures("prefect_server")


@flow(name="unfinished-work")
def work(melody: str = ""):
    return melody


@pytest.fixture(scope="module")
def deployment(prefect_server):
    limit = ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW")
    return work.to_deployment("test", concurrency_limit=limit).apply()


def again(client, deployment, alive=None):
    told = []
    begin_again(client, [deployment], alive, told.append)
    return told


@pytest.mark.parametrize(
    "state", [known.Running(), known.Pending(), known.Paused(timeout_seconds=99)], ids=str
)
def test_what_was_under_way_is_begun_again(left, deployment, state):
    """The same run, with its parameters."""
    leave, client = left
    run = leave(state)
    assert len(again(client, deployment)) == 1
    after = client.read_flow_run(run)
    assert after.state_name == "Scheduled"
    assert after.parameters == {"melody": "x"}
    client.delete_flow_run(run)


def test_what_had_ended_stays_ended(left, deployment):
    """Completed, failed, and crashed while the service lived."""
    leave, client = left
    runs = [leave(state) for state in (known.Completed(), known.Failed(), known.Crashed())]
    assert again(client, deployment, alive=time.time() + 5) == []
    names = [client.read_flow_run(run).state_name for run in runs]
    assert names == ["Completed", "Failed", "Crashed"]


def test_what_crashed_with_the_service_is_begun_again(left, deployment):
    """A run notices that the process which started it is gone, and says that it crashed."""
    leave, client = left
    alive = time.time() - 1
    run = leave(known.Crashed())
    again(client, deployment, alive)
    assert client.read_flow_run(run).state_name == "Scheduled"
    client.delete_flow_run(run)


def test_what_a_person_cancelled_is_cancelled(left, deployment):
    """It is not begun again only because nobody was left to cancel it."""
    leave, client = left
    run = leave(known.Cancelling())
    again(client, deployment)
    assert client.read_flow_run(run).state_name == "Cancelled"


def test_what_never_ends_is_given_up(left, deployment):
    """A run that takes the service down with it each time does so a few times only."""
    leave, client = left
    run = leave(known.Running(), times=MOST_TIMES)
    start = time.time()
    (told,) = again(client, deployment)
    assert client.read_flow_run(run).state_name == "Crashed"
    assert "never ended" in told
    assert again(client, deployment, alive=start) == []


def test_what_did_not_begin_is_never_given_up(left, deployment):
    """However often the service ended before it could: nothing says that the run is the cause."""
    leave, client = left
    run = leave(known.Pending(), times=MOST_TIMES)
    again(client, deployment)
    assert client.read_flow_run(run).state_name == "Scheduled"
    client.delete_flow_run(run)


def test_places_are_freed(left, deployment):
    """A place that nobody holds any more does not keep the next run from starting."""
    _, client = left
    limit = client.read_deployment(deployment).global_concurrency_limit
    client.increment_concurrency_slots([limit.name], 1, "concurrency")
    again(client, deployment)
    assert client.read_deployment(deployment).global_concurrency_limit.active_slots == 0


def test_a_run_that_lost_its_process_is_begun_again(left, deployment, monkeypatch):
    """When two looks find none; a run that a process works on is left to it."""
    leave, client = left
    lost, worked = leave(known.Running()), leave(known.Running())
    monkeypatch.setenv(cleanup.SERVICE, "here")
    found = [{cleanup.SERVICE: "here", FLOW_RUN: str(worked)}]
    monkeypatch.setattr(cleanup, "environments", lambda: found)
    first = begin_lost(client, [deployment], set(), time.time(), lambda line: None)
    assert first == {lost}
    assert client.read_flow_run(lost).state_name == "Running"
    begin_lost(client, [deployment], first, time.time(), lambda line: None)
    assert client.read_flow_run(lost).state_name == "Scheduled"
    assert client.read_flow_run(worked).state_name == "Running"
    for run in (lost, worked):
        client.delete_flow_run(run)


def test_a_run_whose_process_ended_is_begun_again(left, deployment):
    """Without a failure of its flow: as when the server did not answer it. Not older ones."""
    leave, client = left
    old = leave(known.Crashed())
    since = time.time()
    run = leave(known.Crashed())
    begin_lost(client, [deployment], set(), since, lambda line: None)
    assert client.read_flow_run(run).state_name == "Scheduled"
    assert client.read_flow_run(old).state_name == "Crashed"
    client.delete_flow_run(run)
