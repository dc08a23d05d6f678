"""All flows are served by what params.yaml says; what arrives is composed."""

import asyncio
from uuid import UUID

import deployments


def test_every_flow_is_served_with_its_schedule():
    """Retraining comes by calendar, and so does what looks whether it must come sooner."""
    named = {one.flow_name: one for one in deployments.deployments()}
    by_calendar = {"retrain", "watch", "drift", "batch_compose", "prune"}
    assert set(named) == by_calendar | {"promote"}
    assert {name for name, one in named.items() if one.schedules} == by_calendar
    assert not named["retrain"].triggers, "`watch` and `drift` start it themselves, once"
    limited = {name for name, one in named.items() if one.concurrency_limit == 1}
    assert limited == {"watch", "drift", "batch_compose", "prune"}


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


def test_an_arrival_starts_one_batch(monkeypatch, tmp_path, capsys):
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
    assert capsys.readouterr().out == "could not start a batch: ConnectionError\n" * 2
