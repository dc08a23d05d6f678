"""All flows with their schedules, and the process that runs them: ``python flows/deployments.py``.

A deployment is created or changed on the server only where it differs there: otherwise its schedule
would be made anew and a run that is about to start would start twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from kantor import settings
from kantor.batch import Batch
from kantor.locks import STATE
from kantor.service.inbox import Inbox
from kantor.service.service import SIGN

settings.quiet()  # before Prefect reads its settings

import batch_compose  # noqa: E402
import drift  # noqa: E402
import promote  # noqa: E402
import prune  # noqa: E402
import retrain  # noqa: E402
import watch  # noqa: E402
from prefect import Flow, get_client  # noqa: E402
from prefect.client.schemas.actions import DeploymentUpdate  # noqa: E402
from prefect.client.schemas.objects import ConcurrencyLimitConfig  # noqa: E402
from prefect.client.schemas.responses import DeploymentResponse  # noqa: E402
from prefect.deployments.runner import RunnerDeployment  # noqa: E402
from prefect.exceptions import ObjectNotFound  # noqa: E402
from prefect.runner import Runner  # noqa: E402
from pydantic import ValidationError  # noqa: E402
from unfinished import begin_again, begin_lost, end_flow_runs  # noqa: E402

from kantor.errors import SetupError  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
PARAMS = ROOT / "params.yaml"
NAME = "kantor"
LOOK_SECONDS = 15.0  # between two looks for runs that lost their process
# A run that waits for a person gives up its place among so many, and is then killed for going on
# without one: those that may wait have no such limit, but locks of their own.
# Of what looks about now and then, one that was missed is not made up for.
ONE = ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW")
ONE_AFTER_ANOTHER = ConcurrencyLimitConfig(limit=1, collision_strategy="ENQUEUE")


class InPool(RuntimeError):
    """A deployment of the same name belongs to a work pool; the message is one line."""


class Deployment(RunnerDeployment):
    """A deployment that changes on the server only where it differs from what is here."""

    @property
    def digest(self) -> str:
        """A digest of all that it is but its version."""
        content = self.model_dump(mode="json", exclude={"version"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    async def aapply(self, *args: Any, **kwargs: Any) -> UUID:
        """Create it, or put it back where it was changed elsewhere; its id.

        That it or a schedule of it was paused in Prefect's page is left so.

        Raises
        ------
        InPool
            If it was deployed to a work pool: changed here, neither would run it.
        """
        async with get_client() as client:
            try:
                known = await client.read_deployment_by_name(self.full_name)
            except ObjectNotFound:
                return await super().aapply(*args, **kwargs)
            if known.work_pool_name is not None:
                raise InPool(
                    f"{self.full_name} is deployed to the work pool {known.work_pool_name}: deploy "
                    f"it there under another name, and `prefect deployment delete {self.full_name}`"
                )
            foreign = self._differences(known)
            if known.version == self.version and not foreign:
                return known.id
            if known.version == self.version:
                _say(f"{self.full_name} was changed elsewhere ({', '.join(foreign)}): put back")
            # Applied again alone, some of it would stay.
            await client.update_deployment(known.id, self._as_update())
        return await super().aapply(*args, **kwargs)

    def _as_update(self) -> DeploymentUpdate:
        """What a flow run of it loads and runs."""
        return DeploymentUpdate(
            path=self._path, entrypoint=self.entrypoint, pull_steps=[], job_variables={}
        )

    def _differences(self, known: DeploymentResponse) -> list[str]:
        """What the server has otherwise, by name."""
        limit = known.global_concurrency_limit
        options = known.concurrency_options
        pairs = {
            "description": (known.description, self.description),
            "parameters": (known.parameters, self.parameters),
            "tags": (known.tags, self.tags),
            "path": (known.path, self._path),
            "entrypoint": (known.entrypoint, self.entrypoint),
            "pull steps": (known.pull_steps or [], []),
            "job variables": (known.job_variables, {}),
            "checks of parameters": (
                (known.enforce_parameter_schema, known.parameter_openapi_schema),
                (
                    self.enforce_parameter_schema,
                    self._parameter_openapi_schema.model_dump(exclude_unset=True),
                ),
            ),
            "concurrency": (
                (limit and limit.limit, options and options.collision_strategy),
                (
                    self.concurrency_limit,
                    self.concurrency_options and self.concurrency_options.collision_strategy,
                ),
            ),
            "schedules": (
                [_rule(one) for one in known.schedules],
                [_rule(one) for one in self.schedules or ()],
            ),
        }
        return [name for name, (found, wanted) in pairs.items() if found != wanted]


def _rule(schedule: BaseModel) -> dict[str, Any]:
    """A schedule without its identity, and whether it is paused or not."""
    chosen = {"schedule", "parameters", "max_scheduled_runs"}
    return schedule.model_dump(mode="json", include=chosen)


class Serving(Runner):
    """A runner whose end leaves its runs unfinished, to be begun again, instead of cancelled."""

    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:
        """End at once, and the runs' processes with it."""
        end_flow_runs()
        os._exit(0)


def deployments(root: Path = ROOT) -> list[Deployment]:
    """What is served, by what `params.yaml` says."""
    params = root / "params.yaml"
    training = settings.load(settings.Retrain, "retrain", params)
    drifting = settings.load(settings.Drift, "drift", params)
    return [
        deployment(
            batch_compose.batch_compose,
            "Compose what is new in the inbox.",
            cron=settings.load(Batch, "batch", params).cron,
            concurrency_limit=ONE_AFTER_ANOTHER,
        ),
        deployment(
            retrain.retrain,
            "Bring the pipeline up to date; say what came of it.",
            cron=training.cron,
        ),
        deployment(
            promote.promote,
            "Move the champion, by the rule or by hand; or go back to the one before.",
        ),
        deployment(
            watch.watch,
            "Notice new scores in data/, and start retraining.",
            cron=training.watch,
            concurrency_limit=ONE,
        ),
        deployment(
            drift.drift,
            "Compare the melodies that came in with the training's.",
            cron=drifting.cron,
            concurrency_limit=ONE,
        ),
        deployment(
            prune.prune,
            "Delete what is older than params.yaml says.",
            cron=settings.load_or_default(settings.Keep, "keep", params).cron,
            concurrency_limit=ONE,
        ),
    ]


def deployment(flow: Flow[..., Any], told: str, **arguments: Any) -> Deployment:
    """A deployment whose version is a digest of it; Prefect makes up one that says less.

    Raises
    ------
    SetupError
        If its schedule is none.
    """

    def one(version: str) -> Deployment:
        try:
            found = Deployment.from_flow(flow, NAME, description=told, version=version, **arguments)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise SetupError(f"params.yaml: when to run {flow.name}: {reason}") from None
        assert isinstance(found, Deployment)
        return found

    return one(one("").digest)


async def serve(made: Sequence[Deployment], sign: Path, inbox: Inbox | None = None) -> None:
    """Run the flows until SIGTERM, what was under way first.

    Parameters
    ----------
    sign
        A file whose time tells the next process when this one was alive.
    inbox
        What arrives there is composed at once.
    """
    runner = Serving(pause_on_shutdown=False)
    alive = sign.stat().st_mtime - 1 if sign.exists() else None
    ids = [await runner.aadd_deployment(one) for one in made]
    with get_client(sync_client=True) as client:
        again = begin_again(client, ids, alive, _say)
    _say(f"{len(ids)} deployments; {again} runs begun again")
    sign.parent.mkdir(parents=True, exist_ok=True)
    beside = [asyncio.create_task(_give(sign)), asyncio.create_task(_look_after(ids))]
    names = [one.flow_name for one in made]
    if inbox is not None:
        composing = ids[names.index("batch_compose")]
        beside.append(asyncio.create_task(_receive(inbox, composing)))
    await runner.start()
    for task in beside:
        task.cancel()


async def _give(sign: Path) -> None:
    """A sign of life, every second; where the disk refuses, it may take it later."""
    while True:
        with suppress(OSError):
            sign.touch()
        await asyncio.sleep(1)


async def _receive(inbox: Inbox, composing: UUID) -> None:
    """Start a batch when something has arrived, and try again until the server has stored it."""
    key = None
    while True:
        await asyncio.sleep(inbox.pause)
        if await asyncio.to_thread(inbox.look):
            key = uuid4().hex
        if key is not None and await _started(composing, key):
            key = None


async def _started(deployment: UUID, key: str) -> bool:
    """Whether the server has stored a run of `deployment`; with the same key it stores one."""
    try:
        async with get_client() as client:
            await client.create_flow_run_from_deployment(deployment, idempotency_key=key)
    except Exception as error:  # the server is away: there is a next time
        _say(f"could not start a batch: {type(error).__name__}")
        return False
    return True


async def _look_after(ids: list[UUID]) -> None:
    """Begin runs again that lost their process."""
    lost: set[UUID] = set()
    since = time.time()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        lost = await asyncio.to_thread(_begin_lost, ids, lost, since)


def _begin_lost(ids: list[UUID], before: set[UUID], since: float) -> set[UUID]:
    try:
        with get_client(sync_client=True) as client:
            return begin_lost(client, ids, before, since, _say)
    except Exception as error:  # the server is away: there is a next time
        _say(f"could not look for lost runs: {type(error).__name__}")
        return before


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """Serve; one line and 1 where `params.yaml` is at fault."""
    os.chdir(ROOT)
    end_flow_runs()
    try:
        made = deployments()
        inbox = Inbox.from_params(ROOT, _say)
        inbox.prepare()
    except (SetupError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        asyncio.run(serve(made, ROOT / STATE / SIGN, inbox))
    except InPool as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
