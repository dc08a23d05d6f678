"""Runs of a work pool that lost their process are begun again; no others."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import resume
from prefect import flow, get_client
from prefect import states as known
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events import Event, Resource
from unfinished import MOST_TIMES

pytestmark = pytest.mark.usefixtures("prefect_server")


@flow(name="pooled-work")
def work(melody: str = ""):
    return melody


@pytest.fixture(scope="module")
def deployment(prefect_server):
    """In a pool; another one like it is served, and one is in another pool."""
    with get_client(sync_client=True) as client:
        for pool in ("here", "elsewhere"):
            client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        told = client.create_flow(work)
        client.create_deployment(told, "served")
        client.create_deployment(told, "far", work_pool_name="elsewhere")
        return client.create_deployment(told, "pooled", work_pool_name="here")


def give_sign(client, run, ago=0.0):
    """A sign of life as Prefect lets runs give them; there when this returns."""
    sign = Event(
        event=resume.SIGN,
        resource=Resource({"prefect.resource.id": f"prefect.flow-run.{run}"}),
        occurred=datetime.now(UTC) - timedelta(seconds=ago),
    )
    client.request("POST", "/events", json=[sign.model_dump(mode="json")])
    ends = time.monotonic() + 20
    while (found := resume._last_sign(client, run)) is None or found[0] != sign.id:
        assert time.monotonic() < ends
        time.sleep(0.05)


def begin(client, deployment, wait=lambda seconds: None, seconds=0.0):
    told = []
    count = resume.begin_silent(client, [deployment], seconds, told.append, wait)
    assert count <= len(told)
    return told


def state(client, run):
    return client.read_flow_run(run).state_name


def test_a_run_that_falls_silent_is_begun_again(left, deployment):
    """The same run, with its parameters, whether or not it gave a sign of life before."""
    leave, client = left
    run, early = leave(known.Running()), leave(known.Running())
    give_sign(client, run, ago=9)
    assert len(begin(client, deployment)) == 2
    assert state(client, run) == state(client, early) == "Scheduled"
    assert client.read_flow_run(run).parameters == {"melody": "x"}
    for one in (run, early):
        client.delete_flow_run(one)


def test_a_run_that_gives_a_sign_is_left_alone(left, deployment):
    """Lately; or while one waits to be sure, whatever the clock of its machine says."""
    leave, client = left
    run = leave(known.Running())
    give_sign(client, run)
    assert begin(client, deployment, pytest.fail, seconds=60) == []
    assert begin(client, deployment, lambda _: give_sign(client, run, ago=-60)) == []
    assert state(client, run) == "Running"
    client.delete_flow_run(run)


def test_a_run_that_ends_or_goes_on_meanwhile_is_left_alone(left, deployment):
    """It was silent, but something works on it."""
    leave, client = left
    ended, paused = leave(known.Running()), leave(known.Running())

    def live(seconds):
        client.set_flow_run_state(ended, known.Completed(), force=True)
        client.set_flow_run_state(paused, known.Paused(timeout_seconds=99), force=True)

    assert begin(client, deployment, live) == []
    assert [state(client, run) for run in (ended, paused)] == ["Completed", "Paused"]
    client.delete_flow_run(paused)


def test_a_machine_may_take_its_time_to_start(left, deployment):
    """A run that is only about to begin gives no sign yet."""
    leave, client = left
    run = leave(known.Pending())
    assert begin(client, deployment) == []
    client.delete_flow_run(run)


def test_a_run_whose_worker_reported_its_end_is_begun_again(left, deployment):
    """It crashed; what failed by itself or was completed stays as it is."""
    leave, client = left
    run, failed = leave(known.Crashed()), leave(known.Failed())
    assert len(begin(client, deployment, pytest.fail)) == 1
    assert [state(client, one) for one in (run, failed)] == ["Scheduled", "Failed"]
    client.delete_flow_run(run)


def test_a_run_that_ends_its_worker_each_time_is_given_up(left, deployment):
    """After a few times; it is then not begun again."""
    leave, client = left
    run = leave(known.Running(), times=MOST_TIMES)
    (told,) = begin(client, deployment)
    assert "never ended" in told
    assert begin(client, deployment) == []
    assert state(client, run) == "Crashed"


def elsewhere(client):
    return client.read_deployment_by_name("pooled-work/far").id


def test_the_flow_says_how_many(left, deployment):
    """Run by hand it needs the pool, whose runs alone it begins; in none it asks for one."""
    leave, client = left
    run = leave(known.Crashed())
    other = client.create_flow_run_from_deployment(elsewhere(client))
    client.set_flow_run_state(other.id, known.Crashed(), force=True)
    assert resume.resume("here") == 1
    assert state(client, other.id) == "Crashed"
    for one in (run, other.id):
        client.delete_flow_run(one)
    with pytest.raises(ValueError, match="say which one"):
        resume.resume()
