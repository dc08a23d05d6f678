"""Runs that lost their process are begun again, served or in a work pool; no others."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import resume
from prefect import flow
from prefect import states as known
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.events import Event, Resource
from resume import AGAIN, MOST_TIMES, begin_lost, begin_silent

from kantor.service import cleanup

pytestmark = pytest.mark.usefixtures("prefect_server")


@flow(name="lost-work")
def work(melody: str = ""):
    return melody


@pytest.fixture(scope="module")
def deployment(client):
    return client.create_deployment(client.create_flow(work), "served")


@pytest.fixture
def leave(client, deployment):
    """Leaves a run in a state, begun again so many times before."""
    runs = []

    def leave(state, times=0, where=deployment):
        run = client.create_flow_run_from_deployment(where, parameters={"melody": "x"}).id
        runs.append(run)
        for _ in range(times):
            client.set_flow_run_state(run, known.Running(), force=True)
            again = known.Scheduled(message=f"{AGAIN}: it was gone")
            client.set_flow_run_state(run, again, force=True)
        client.set_flow_run_state(run, known.Running(), force=True)
        client.set_flow_run_state(run, state, force=True)
        return run

    yield leave
    for run in runs:
        client.delete_flow_run(run)


def names(client, *runs):
    return [client.read_flow_run(run).state_name for run in runs]


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (known.Running(), "Scheduled"),
        (known.Pending(), "Scheduled"),
        (known.Paused(timeout_seconds=99), "Scheduled"),
        (known.Cancelling(), "Cancelled"),
        (known.Completed(), "Completed"),
        (known.Failed(), "Failed"),
    ],
    ids=str,
)
def test_what_was_under_way_is_begun_again(client, deployment, leave, state, after):
    """The same run, with its parameters; what a person cancelled is cancelled."""
    run, said = leave(state), []
    begin_lost(client, [deployment], time.time(), said.append)
    assert names(client, run) == [after]
    assert client.read_flow_run(run).parameters == {"melody": "x"}
    assert len(said) == (after in ("Scheduled", "Cancelled"))


def test_what_crashed_with_its_process_is_begun_again(client, deployment, leave):
    """As when the service ended or the server did not answer; not what had crashed before."""
    old = leave(known.Crashed())
    since = time.time()
    run = leave(known.Crashed())
    begin_lost(client, [deployment], since, print)
    assert names(client, old, run) == ["Crashed", "Scheduled"]


def test_what_never_ends_is_given_up(client, deployment, leave):
    """A run that takes the service down with it each time does so a few times only."""
    run, start, said = leave(known.Running(), times=MOST_TIMES), time.time(), []
    for _ in range(2):
        begin_lost(client, [deployment], start, said.append)
    assert names(client, run) == ["Crashed"]
    assert len(said) == 1
    assert "never ended" in said[0]


def test_a_run_that_lost_its_process_is_begun_again(client, deployment, leave, monkeypatch):
    """When two looks find none; a run that a process works on is left to it."""
    lost, worked = leave(known.Running()), leave(known.Running())
    monkeypatch.setenv(cleanup.SERVICE, "here")
    process = {cleanup.SERVICE: "here", resume.FLOW_RUN: str(worked)}
    monkeypatch.setattr(cleanup, "environments", lambda: [process])
    first = begin_lost(client, [deployment], time.time(), print, set())
    assert first == {lost}
    assert names(client, lost, worked) == ["Running", "Running"]
    begin_lost(client, [deployment], time.time(), print, first)
    assert names(client, lost, worked) == ["Scheduled", "Running"]


def test_places_are_freed(client):
    """A place that nobody holds any more does not keep the next run from starting."""
    limit = ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW")
    limited = work.to_deployment("limited", concurrency_limit=limit).apply()
    name = client.read_deployment(limited).global_concurrency_limit.name
    client.increment_concurrency_slots([name], 1, "concurrency")
    begin_lost(client, [limited], time.time(), print)
    assert client.read_deployment(limited).global_concurrency_limit.active_slots == 0


def give_heartbeat(client, run, ago=0.0):
    """A heartbeat as Prefect lets runs give them; there when this returns."""
    beat = Event(
        event=resume.HEARTBEAT,
        resource=Resource({"prefect.resource.id": f"prefect.flow-run.{run}"}),
        occurred=datetime.now(UTC) - timedelta(seconds=ago),
    )
    client.request("POST", "/events", json=[beat.model_dump(mode="json")])
    ends = time.monotonic() + 20
    while (last := resume.last_heartbeat(client, run)) is None or last[0] != beat.id:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_run_that_falls_silent_is_begun_again(client, deployment, leave):
    """Whether or not it gave a heartbeat before; so is one whose worker reported its end."""
    silent, early, crashed, failed = (
        leave(state)
        for state in (known.Running(), known.Running(), known.Crashed(), known.Failed())
    )
    give_heartbeat(client, silent, ago=9)
    assert begin_silent(client, [deployment], 0.0, wait=lambda seconds: None) == 3
    assert names(client, silent, early, crashed, failed) == [*["Scheduled"] * 3, "Failed"]


def test_a_run_that_lives_is_left_alone(client, deployment, leave):
    """By a heartbeat, whatever its machine's clock says; or by its state; or if it only starts."""
    runs = beating, ended, paused, _ = [
        leave(state) for state in (*[known.Running()] * 3, known.Pending())
    ]
    give_heartbeat(client, beating)

    def live(seconds):
        give_heartbeat(client, beating, ago=-60)
        client.set_flow_run_state(ended, known.Completed(), force=True)
        client.set_flow_run_state(paused, known.Paused(timeout_seconds=99), force=True)

    assert begin_silent(client, [deployment], 60.0, wait=pytest.fail) == 0
    assert begin_silent(client, [deployment], 0.0, wait=live) == 0
    assert names(client, *runs) == ["Running", "Completed", "Paused", "Pending"]


def test_the_flow_says_how_many(client, leave):
    """Run by hand it needs the pool, whose runs alone it begins; in none it fails."""
    flow = client.create_flow(work)
    runs = [leave(known.Crashed())]
    for pool in ("here", "elsewhere"):
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        where = client.create_deployment(flow, pool, work_pool_name=pool)
        runs.append(leave(known.Crashed(), where=where))
    assert resume.resume("here") == 1
    assert names(client, *runs) == ["Crashed", "Scheduled", "Crashed"]
    with pytest.raises(ValueError, match="say which one"):
        resume.resume()
