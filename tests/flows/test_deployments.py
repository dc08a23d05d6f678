"""All flows are served by what params.yaml says, and told to the server once."""

import asyncio
from uuid import UUID

import deployments
import pytest
from prefect import get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate

from kantor.errors import SetupError

MADE = deployments.deployments()


def test_every_flow_is_served_with_its_schedule():
    """Retraining comes by calendar, and so does what looks whether it must come sooner."""
    named = {one.flow_name: one for one in MADE}
    by_calendar = {"retrain", "watch", "drift", "batch_compose", "prune"}
    assert by_calendar <= set(named)
    assert all(one.schedules for one in MADE if one.flow_name in by_calendar)
    assert not named["retrain"].triggers, "`watch` and `drift` start it themselves, once"
    limited = {name for name, one in named.items() if one.concurrency_limit == 1}
    assert limited == {"watch", "drift", "batch_compose", "prune"}


def test_a_version_is_what_a_deployment_is():
    """The same settings make the same version, another schedule makes another."""
    again = {one.flow_name: one.version for one in deployments.deployments()}
    assert again == {one.flow_name: one.version for one in MADE}
    other = deployments.deployment(deployments.watch.watch, "told", cron="1 1 * * *")
    same = deployments.deployment(deployments.watch.watch, "told", cron="1 1 * * *")
    moved = deployments.deployment(deployments.watch.watch, "told", cron="2 1 * * *")
    assert other.version == same.version != moved.version


def test_a_schedule_that_is_none():
    """One line says whose it is, and where that stands."""
    with pytest.raises(SetupError, match=r'params.yaml: when to run watch: .*"every sunday"'):
        deployments.deployment(deployments.watch.watch, "told", cron="every sunday")


@pytest.mark.usefixtures("prefect_server")
def test_what_is_deployed_to_a_pool_is_not_served_as_well():
    """Prefect would keep it in the pool and lose where its code is: one line says what to do."""
    made = deployments.deployment(deployments.watch.watch, "told")
    made.name = "pooled"
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="machines", type="process"))
        flow = client.create_flow(deployments.watch.watch)
        client.create_deployment(flow, "pooled", work_pool_name="machines")
    with pytest.raises(deployments.InPool, match="watch/pooled is deployed to the work pool mach"):
        asyncio.run(made.aapply())


@pytest.mark.usefixtures("prefect_server")
def test_telling_a_deployment_twice_changes_nothing():
    """Its schedule stays the same one: a run that is about to start does not start twice."""

    def schedules(cron):
        made = deployments.deployment(deployments.watch.watch, "told", cron=cron)
        told = asyncio.run(made.aapply())
        with get_client(sync_client=True) as client:
            return [(one.id, one.schedule.cron) for one in client.read_deployment(told).schedules]

    first = schedules("1 1 * * *")
    assert schedules("1 1 * * *") == first
    ((changed, cron),) = schedules("2 1 * * *")
    assert cron == "2 1 * * *"
    assert changed != first[0][0]


CHANGES = {
    "pull steps": {
        "pull_steps": [{"prefect.deployments.steps.run_shell_script": {"script": "echo in"}}]
    },
    "job variables": {"job_variables": {"env": {"PYTHONPATH": "/elsewhere"}}},
    "path": {"path": "/elsewhere"},
    "entrypoint": {"entrypoint": "elsewhere.py:flow"},
    "parameters": {"parameters": {"reason": "none of yours"}},
    "tags": {"tags": ["foreign"]},
    "description": {"description": "Something else."},
    "checks of parameters": {"enforce_parameter_schema": False},
    "concurrency": {"concurrency_limit": 7},
}


@pytest.fixture(scope="module")
def watched(prefect_server):
    """A deployment that the server has, with a schedule and a limit."""
    limit = deployments.ONE
    made = deployments.deployment(
        deployments.watch.watch, "told", cron="1 1 * * *", concurrency_limit=limit
    )
    made.name = "watched"
    asyncio.run(made.aapply())
    return made


def content(made):
    with get_client(sync_client=True) as client:
        known = client.read_deployment_by_name(made.full_name)
    return known, {
        name: value
        for name, value in known.model_dump(mode="json").items()
        if name not in ("updated", "updated_by", "schedules", "global_concurrency_limit")
    }


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_elsewhere_is_put_back(watched, capsys, what):
    """Whatever it is, though the version be the same; it is said what it was."""
    known, before = content(watched)
    if what == "parameters":
        with get_client(sync_client=True) as client:
            client.update_deployment(known.id, DeploymentUpdate(enforce_parameter_schema=False))
    with get_client(sync_client=True) as client:
        client.update_deployment(known.id, DeploymentUpdate(**CHANGES[what]))
    assert content(watched)[1] != before or what == "concurrency"
    capsys.readouterr()
    asyncio.run(watched.aapply())
    said = capsys.readouterr().out
    assert what in said
    assert "put back" in said
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
        other = deployments.deployment(deployments.watch.watch, "told", cron="* * * * *")
        client.create_deployment_schedules(known.id, [(other.schedules[0].schedule, True)])
    assert len(content(watched)[0].schedules) == 2
    asyncio.run(watched.aapply())
    assert "schedules" in capsys.readouterr().out
    assert [one.schedule.cron for one in content(watched)[0].schedules] == ["1 1 * * *"]


class Client:
    """A server that stores each run and whose first answers are lost."""

    def __init__(self):
        self.keys = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def create_flow_run_from_deployment(self, _, idempotency_key=None):
        self.keys.append(idempotency_key)
        if len(self.keys) < 3:
            raise ConnectionError


def test_an_arrival_starts_one_batch(monkeypatch, tmp_path):
    """It is tried again until the server answers, and never stored as two runs."""
    client = Client()
    monkeypatch.setattr(deployments, "get_client", lambda: client)
    (tmp_path / "a.mid").write_text("a")
    inbox = deployments.Inbox(tmp_path, 0.01)

    async def receive():
        receiving = asyncio.create_task(deployments._receive(inbox, UUID(int=1)))
        while len(client.keys) < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        receiving.cancel()

    asyncio.run(asyncio.wait_for(receive(), 60))
    first, *others = client.keys
    assert first is not None
    assert others == [first, first]
