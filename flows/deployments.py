"""All flows with their schedules, and the process that runs them: `flows/deployments.py`."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import batch_compose
import promote
import prune
import retrain
import watch
from base import PARAMS, ROOT
from naming import DEPLOYMENTS, RunName, titled
from prefect import Flow, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.runner import Runner
from pydantic import ValidationError
from resume import begin_lost, end_flow_runs, name_scheduled

from kantor import settings
from kantor.batch import Batch
from kantor.errors import SetupError
from kantor.locks import STATE
from kantor.service.inbox import Inbox
from kantor.service.parameters import Keep, Retrain
from kantor.service.service import SIGN

LOOK_SECONDS = 15.0  # between two looks for runs that lost their process
# A run that waits for a person gives up its place among so many, and is then killed for going on
# without one: those that may wait have no such limit, but locks of their own.
# Of what looks about now and then, one that was missed is not made up for.
ONE = ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW")
ONE_AFTER_ANOTHER = ConcurrencyLimitConfig(limit=1, collision_strategy="ENQUEUE")
_PLAIN = ("description", "parameters", "tags", "entrypoint", "enforce_parameter_schema")
_RULE = {"schedule", "parameters", "max_scheduled_runs"}  # of a schedule: not its identity or pause

_say = partial(print, flush=True)


class Deployment(RunnerDeployment):
    """A deployment that changes on the server only where it differs from what is here.

    Otherwise its schedule would be made anew, and a run that is about to start would start twice.
    """

    async def aapply(self, *args: Any, **kwargs: Any) -> UUID:
        """Create it, or put back what was changed elsewhere; its id.

        A pause that somebody set in Prefect's page, for it or for a schedule of it, stays. One
        that was deployed to a work pool is a `SetupError`: changed here, neither would run it.
        """
        async with get_client() as client:
            try:
                known = await client.read_deployment_by_name(self.full_name)
            except ObjectNotFound:
                return await super().aapply(*args, **kwargs)
            if known.work_pool_name is not None:
                raise SetupError(
                    f"{self.full_name} is deployed to the work pool {known.work_pool_name}: deploy "
                    f"it there under another name, and `prefect deployment delete {self.full_name}`"
                )
            different = self._differences(known)
            if not different:
                return known.id
            _say(f"{self.full_name}: put back as it is here: {', '.join(different)}")
            # These would stay as they are when it is applied again.
            stays = DeploymentUpdate(
                path=self._path, entrypoint=self.entrypoint, pull_steps=[], job_variables={}
            )
            await client.update_deployment(known.id, stays)
        return await super().aapply(*args, **kwargs)

    def _differences(self, known: DeploymentResponse) -> list[str]:
        """What the server has otherwise, by name."""
        limit, options = known.global_concurrency_limit, known.concurrency_options
        own = self.concurrency_options
        schema = self._parameter_openapi_schema.model_dump(exclude_unset=True)
        rules = [
            [one.model_dump(mode="json", include=_RULE) for one in schedules]
            for schedules in (known.schedules, self.schedules or ())
        ]
        pairs: dict[str, tuple[object, object]] = {
            name.replace("_", " "): (getattr(known, name), getattr(self, name)) for name in _PLAIN
        }
        pairs |= {
            "path": (known.path, self._path),
            "pull steps": (known.pull_steps or [], []),
            "job variables": (known.job_variables, {}),
            "parameter schema": (known.parameter_openapi_schema, schema),
            "concurrency limit": (
                (limit and limit.limit, options and options.collision_strategy),
                (self.concurrency_limit, own and own.collision_strategy),
            ),
            "schedules": (rules[0], rules[1]),
        }
        return [name for name, (there, here) in pairs.items() if there != here]


def deployment(flow: Flow[..., Any], **arguments: Any) -> Deployment:
    """What `prefect.Flow.to_deployment` makes; a `SetupError` if its schedule is none."""
    try:
        made = Deployment.from_flow(flow, DEPLOYMENTS[flow.name], **arguments)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SetupError(f"params.yaml: when to run {flow.name}: {reason}") from None
    assert isinstance(made, Deployment)
    titled(made._parameter_openapi_schema.properties)
    return made


class Serving(Runner):
    """A runner whose end leaves its runs unfinished, to be begun again, instead of cancelled."""

    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:
        """End at once, and the runs' processes with it."""
        end_flow_runs()
        os._exit(0)


def deployments(params: Path = PARAMS) -> list[Deployment]:
    """What is served, by what `params.yaml` says."""
    composing = settings.load(Batch, "batch", params).cron
    training = settings.load(Retrain, "retrain", params)
    drifting = settings.load(settings.Drift, "drift", params).cron
    keeping = settings.load(Keep, "keep", params, optional=True).cron
    return [
        deployment(
            batch_compose.batch_compose,
            tags=["compositions"],
            cron=composing,
            concurrency_limit=ONE_AFTER_ANOTHER,
        ),
        deployment(retrain.retrain, tags=["models"], cron=training.cron),
        deployment(promote.promote, tags=["models"]),
        deployment(watch.watch, tags=["data"], cron=training.watch, concurrency_limit=ONE),
        deployment(watch.drift, tags=["data"], cron=drifting, concurrency_limit=ONE),
        deployment(prune.prune, tags=["disk"], cron=keeping, concurrency_limit=ONE),
    ]


async def serve(made: Sequence[Deployment], sign: Path, inbox: Inbox | None = None) -> None:
    """Run the flows until SIGTERM, what was under way first.

    What arrives in the `inbox` is composed at once. The time of the file `sign` tells the next
    process when this one was alive.
    """
    runner = Serving(pause_on_shutdown=False)
    alive = sign.stat().st_mtime - 1 if sign.exists() else time.time()
    ids = {one.flow_name: await runner.aadd_deployment(one) for one in made}
    with get_client(sync_client=True) as client:
        begin_lost(client, [*ids.values()], alive, _say)
    _say(f"{len(ids)} deployments")
    sign.parent.mkdir(parents=True, exist_ok=True)
    flows = (
        batch_compose.batch_compose,
        retrain.retrain,
        promote.promote,
        watch.watch,
        watch.drift,
        prune.prune,
    )
    names = {ids[one.name]: cast(RunName, one.flow_run_name) for one in flows if one.name in ids}
    beside = [_give(sign), _look_after(names)]
    if inbox is not None:
        beside.append(_receive(inbox, ids["batch_compose"]))
    tasks = [asyncio.create_task(one) for one in beside]
    await runner.start()
    for task in tasks:
        task.cancel()


async def _give(sign: Path) -> None:
    """A sign of life, every second; where the disk refuses, it may take it later."""
    while True:
        with suppress(OSError):
            sign.touch()
        await asyncio.sleep(1)


async def _receive(inbox: Inbox, composing: UUID) -> None:
    """Start a batch when something has arrived, and try again until the server has stored it.

    With the same key it stores one run, however often it is tried.
    """
    key = None
    while True:
        await asyncio.sleep(inbox.pause)
        if await asyncio.to_thread(inbox.look):
            key = uuid4().hex
        try:
            if key is not None:
                async with get_client() as client:
                    await client.create_flow_run_from_deployment(composing, idempotency_key=key)
                key = None
        except Exception as error:  # as when the server is away: there is a next time
            _say(f"could not start a batch: {type(error).__name__}")


async def _look_after(names: Mapping[UUID, RunName]) -> None:
    """Begin runs again that lost their process; give those to come their names."""
    lost: set[UUID] = set()
    since = time.time()

    def look() -> set[UUID]:
        with get_client(sync_client=True) as client:
            name_scheduled(client, names)
            return begin_lost(client, [*names], since, _say, lost)

    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            lost = await asyncio.to_thread(look)
        except Exception as error:
            _say(f"could not look for lost runs: {type(error).__name__}")


def main() -> None:
    """Serve; one line and 1 where `params.yaml` or the server's deployments are at fault."""
    os.chdir(ROOT)
    end_flow_runs()
    try:
        made = deployments()
        inbox = Inbox.from_params(ROOT, _say)
        inbox.prepare()
        asyncio.run(serve(made, ROOT / STATE / SIGN, inbox))
    except (SetupError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
