"""A deployment is put back where it was changed elsewhere, and left alone where it was not."""

import asyncio

import pytest
import watch
from deployment import deployment
from prefect import get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig

from kantor.errors import SetupError

CHANGES = {
    "pull steps": {
        "pull_steps": [{"prefect.deployments.steps.run_shell_script": {"script": "echo in"}}]
    },
    "job variables": {"job_variables": {"env": {"PYTHONPATH": "/elsewhere"}}},
    "path": {"path": "/elsewhere"},
    "entrypoint": {"entrypoint": "elsewhere.py:flow"},
    "parameters": {"parameters": {"reason": "none of yours"}, "enforce_parameter_schema": False},
    "tags": {"tags": ["foreign"]},
    "description": {"description": "Something else."},
    "enforce parameter schema": {"enforce_parameter_schema": False},
    "concurrency limit": {"concurrency_limit": 7},
}


def made(name, **arguments):
    """A deployment of a flow of ours, under another name."""
    one = deployment(watch.watch, "for a test", **arguments)
    one.name = name
    return one


def test_a_schedule_that_is_none():
    """One line says whose it is, and where that stands."""
    with pytest.raises(SetupError, match=r'params.yaml: when to run watch: .*"every sunday"'):
        deployment(watch.watch, "for a test", cron="every sunday")


@pytest.mark.usefixtures("prefect_server")
def test_what_is_deployed_to_a_pool_is_not_served_as_well():
    """Prefect would keep it in the pool and lose where its code is: one line says what to do."""
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="machines", type="process"))
        flow = client.create_flow(watch.watch)
        client.create_deployment(flow, "pooled", work_pool_name="machines")
    with pytest.raises(SetupError, match="watch/pooled is deployed to the work pool machines"):
        asyncio.run(made("pooled").aapply())


@pytest.mark.usefixtures("prefect_server")
def test_applied_twice_a_deployment_does_not_change():
    """Its schedule stays the same one: a run that is about to start does not start twice."""

    def schedules(cron):
        identity = asyncio.run(made("twice", cron=cron).aapply())
        with get_client(sync_client=True) as client:
            known = client.read_deployment(identity).schedules
        return [(one.id, one.schedule.cron) for one in known]

    first = schedules("1 1 * * *")
    assert schedules("1 1 * * *") == first
    ((changed, cron),) = schedules("2 1 * * *")
    assert cron == "2 1 * * *"
    assert changed != first[0][0]


@pytest.fixture(scope="module")
def watched(prefect_server):
    """A deployment that the server has, with a schedule and a limit."""
    limit = ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW")
    watched = made("watched", cron="1 1 * * *", concurrency_limit=limit)
    asyncio.run(watched.aapply())
    return watched


def content(deployment):
    with get_client(sync_client=True) as client:
        known = client.read_deployment_by_name(deployment.full_name)
    return known, {
        name: value
        for name, value in known.model_dump(mode="json").items()
        if name not in ("updated", "updated_by", "schedules", "global_concurrency_limit")
    }


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_elsewhere_is_put_back(watched, capsys, what):
    """Whatever it is; it is said what it was."""
    known, before = content(watched)
    with get_client(sync_client=True) as client:
        client.update_deployment(known.id, DeploymentUpdate(**CHANGES[what]))
    assert content(watched)[1] != before or what == "concurrency limit"
    capsys.readouterr()
    asyncio.run(watched.aapply())
    printed = capsys.readouterr().out
    assert what in printed
    assert "put back" in printed
    known, after = content(watched)
    assert after == {**before, "pull_steps": after["pull_steps"]}
    assert not after["pull_steps"]
    assert known.global_concurrency_limit.limit == 1
    asyncio.run(watched.aapply())
    assert capsys.readouterr().out == ""


def test_a_schedule_that_was_changed_elsewhere_is_put_back(watched, capsys):
    """Another one, or one more; one that is paused stays paused."""
    known, _ = content(watched)
    with get_client(sync_client=True) as client:
        (schedule,) = known.schedules
        client.update_deployment_schedule(known.id, schedule.id, active=False)
    asyncio.run(watched.aapply())
    assert capsys.readouterr().out == ""
    assert [one.active for one in content(watched)[0].schedules] == [False]
    with get_client(sync_client=True) as client:
        other = made("other", cron="* * * * *")
        client.create_deployment_schedules(known.id, [(other.schedules[0].schedule, True)])
    assert len(content(watched)[0].schedules) == 2
    asyncio.run(watched.aapply())
    assert "schedules" in capsys.readouterr().out
    assert [one.schedule.cron for one in content(watched)[0].schedules] == ["1 1 * * *"]
