"""All flows are served by what params.yaml says, and put back where they were changed elsewhere."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import AsyncMock, MagicMock
from uuid import UUID

import deployments
import naming
import pytest
import watch
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.states import Scheduled
from resume import name_scheduled

from kantor.errors import SetupError
from kantor.studio.training import prefect_runs

DUE = datetime(2026, 12, 3, 3, 0, tzinfo=UTC)
CHANGES = DeploymentUpdate(
    pull_steps=[{"prefect.deployments.steps.run_shell_script": {"script": "echo in"}}],
    job_variables={"env": {"PYTHONPATH": "/elsewhere"}},
    path="/elsewhere",
    entrypoint="elsewhere.py:flow",
    parameters={"reason": "none of yours"},
    tags=["foreign"],
    description="Something else.",
    enforce_parameter_schema=False,
    concurrency_limit=7,
)


def test_every_flow_is_served_with_its_schedule():
    """Retraining comes by calendar, and so does what looks whether it must come sooner."""
    named = {one.flow_name: one for one in deployments.deployments()}
    by_calendar = {"retrain", "watch", "drift", "batch_compose", "prune"}
    assert set(named) == by_calendar | {"promote"}
    assert {name for name, one in named.items() if one.schedules} == by_calendar
    assert not named["retrain"].triggers, "`watch` and `drift` start it themselves, once"
    limited = {name for name, one in named.items() if one.concurrency_limit == 1}
    assert limited == {"watch", "drift", "batch_compose", "prune"}


def test_names_and_words_tell_them_apart():
    """No two have a name in common; each flow, deployment and parameter is described."""
    made = deployments.deployments()
    assert len({one.name for one in made}) == len({one.description for one in made}) == len(made)
    for one in made:
        assert re.fullmatch(r"[A-Z].{20,}\.", one.description), one.description
        assert len(one.tags) == 1
        for name, about in one._parameter_openapi_schema.properties.items():
            assert about.get("description", "").endswith("."), f"{one.name}: {name}"
            assert about["title"] == about["title"].capitalize()
            assert "_" not in about["title"]
    served = {f"{one.flow_name}/{one.name}" for one in made}
    assert {watch.RETRAIN, prefect_runs.DEPLOYMENT} <= served


def test_a_run_is_called_by_what_it_is_about_and_when(monkeypatch):
    """One line, however long the reason; the time is the machine's own."""
    monkeypatch.setattr(
        naming, "flow_run", SimpleNamespace(parameters={}, scheduled_start_time=DUE)
    )
    named = naming.RunName(lambda given: f"retrain: {given.get('reason', 'by hand')}\n" * 9)
    when = DUE.astimezone().strftime("%-d %b %H:%M")
    assert re.fullmatch(f"retrain: by hand retrain: .{{,45}}, {when}", named())


def test_runs_to_come_have_names_as_well(client):
    """Prefect calls them by two random words until they begin; named once, they are left alone."""
    made = client.create_deployment(client.create_flow(watch.watch), "to come")
    due = datetime.now(UTC) + timedelta(days=1)
    run = client.create_flow_run_from_deployment(made, state=Scheduled(scheduled_time=due))
    names = {made: watch.watch.flow_run_name}
    name_scheduled(client, names)
    named = client.read_flow_run(run.id)
    assert named.name == f"look for new scores, {due.astimezone():%-d %b %H:%M}"
    name_scheduled(client, names)
    assert client.read_flow_run(run.id).updated == named.updated


def test_an_arrival_starts_one_batch(monkeypatch, tmp_path, capsys):
    """It is tried again until the server answers, and never stored as two runs."""
    client = MagicMock()
    create = client.__aenter__.return_value.create_flow_run_from_deployment = AsyncMock()
    create.side_effect = [ConnectionError, ConnectionError, None]
    client.__aexit__.return_value = False
    monkeypatch.setattr(deployments, "get_client", lambda: client)
    (tmp_path / "a.mid").write_text("a")
    inbox = deployments.Inbox(tmp_path, 0.01)

    async def receive():
        receiving = asyncio.create_task(deployments._receive(inbox, UUID(int=1)))
        while create.call_count < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        receiving.cancel()

    asyncio.run(asyncio.wait_for(receive(), 60))
    (key,) = {call.kwargs["idempotency_key"] for call in create.call_args_list}
    assert key is not None
    assert create.call_count == 3
    assert capsys.readouterr().out == "could not start a batch: ConnectionError\n" * 2


def made(name, **arguments):
    """A deployment of a flow of ours, under another name."""
    one = deployments.deployment(watch.watch, **arguments)
    one.name = name
    return one


def test_a_schedule_that_is_none():
    """One line says whose it is, and where that stands."""
    with pytest.raises(SetupError, match=r'params.yaml: when to run watch: .*"every sunday"'):
        made("never", cron="every sunday")


def test_what_is_deployed_to_a_pool_is_not_served_as_well(client):
    """Prefect would keep it in the pool and lose where its code is: one line says what to do."""
    client.create_work_pool(WorkPoolCreate(name="machines", type="process"))
    client.create_deployment(client.create_flow(watch.watch), "pooled", work_pool_name="machines")
    with pytest.raises(SetupError, match="watch/pooled is deployed to the work pool machines"):
        asyncio.run(made("pooled").aapply())


@pytest.fixture(scope="module")
def watched(prefect_server):
    """A deployment that the server has, with a schedule and a limit."""
    limit = ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW")
    watched = made("watched", cron="1 1 * * *", concurrency_limit=limit)
    asyncio.run(watched.aapply())
    return watched


@pytest.fixture
def known(client, watched):
    """What the server knows of the deployment at the moment."""
    return lambda: client.read_deployment_by_name(watched.full_name)


def test_what_was_changed_elsewhere_is_put_back(client, watched, known, capsys):
    """Whatever it is, and it is named; applied again, nothing changes."""
    others = {"updated", "updated_by", "schedules", "global_concurrency_limit", "pull_steps"}
    before = known()
    client.update_deployment(before.id, CHANGES)
    capsys.readouterr()
    asyncio.run(watched.aapply())
    printed = capsys.readouterr().out
    assert "put back" in printed
    names = [name.replace("_", " ") for name in CHANGES.model_dump(exclude_unset=True)]
    assert [name for name in names if name not in printed] == []
    after = known()
    assert after.model_dump(exclude=others) == before.model_dump(exclude=others)
    assert not after.pull_steps
    assert after.global_concurrency_limit.limit == 1
    asyncio.run(watched.aapply())
    assert capsys.readouterr().out == ""


def test_a_schedule_that_was_changed_elsewhere_is_put_back(client, watched, known, capsys):
    """Else it stays the same one, so that no run starts twice; one that is paused stays paused."""
    deployment, (schedule,) = known().id, known().schedules
    client.update_deployment_schedule(deployment, schedule.id, active=False)
    asyncio.run(watched.aapply())
    assert capsys.readouterr().out == ""
    assert [(one.id, one.active) for one in known().schedules] == [(schedule.id, False)]
    other = made("other", cron="* * * * *").schedules[0].schedule
    client.create_deployment_schedules(deployment, [(other, True)])
    assert len(known().schedules) == 2
    asyncio.run(watched.aapply())
    assert "schedules" in capsys.readouterr().out
    assert [one.schedule.cron for one in known().schedules] == ["1 1 * * *"]
