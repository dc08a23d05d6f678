"""All flows with their schedules, and the process that runs them: `flows/deployments.py`."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from kantor import settings
from kantor.batch import Batch
from kantor.locks import STATE
from kantor.service.inbox import Inbox
from kantor.service.parameters import Keep, Retrain
from kantor.service.service import SIGN

settings.quiet()  # before Prefect reads its settings

import batch_compose  # noqa: E402
import drift  # noqa: E402
import promote  # noqa: E402
import prune  # noqa: E402
import retrain  # noqa: E402
import watch  # noqa: E402
from deployment import Deployment, deployment  # noqa: E402
from prefect import get_client  # noqa: E402
from prefect.client.schemas.objects import ConcurrencyLimitConfig  # noqa: E402
from prefect.runner import Runner  # noqa: E402
from unfinished import begin_again, begin_lost, end_flow_runs  # noqa: E402

from kantor.errors import SetupError  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
PARAMS = ROOT / "params.yaml"
LOOK_SECONDS = 15.0  # between two looks for runs that lost their process
# A run that waits for a person gives up its place among so many, and is then killed for going on
# without one: those that may wait have no such limit, but locks of their own.
# Of what looks about now and then, one that was missed is not made up for.
ONE = ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW")
ONE_AFTER_ANOTHER = ConcurrencyLimitConfig(limit=1, collision_strategy="ENQUEUE")


class Serving(Runner):
    """A runner whose end leaves its runs unfinished, to be begun again, instead of cancelled."""

    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:
        """End at once, and the runs' processes with it."""
        end_flow_runs()
        os._exit(0)


def deployments(root: Path = ROOT) -> list[Deployment]:
    """What is served, by what `params.yaml` says."""
    params = root / "params.yaml"
    training = settings.load(Retrain, "retrain", params)
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
            cron=settings.load(Keep, "keep", params, optional=True).cron,
            concurrency_limit=ONE,
        ),
    ]


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
    """Start a batch when something has arrived, and try again until the server has stored it.

    With the same key it stores one run, however often it is tried.
    """
    key = None
    while True:
        await asyncio.sleep(inbox.pause)
        if await asyncio.to_thread(inbox.look):
            key = uuid4().hex
        if key is not None:
            with _or_later("start a batch"):
                async with get_client() as client:
                    await client.create_flow_run_from_deployment(composing, idempotency_key=key)
                key = None


async def _look_after(ids: list[UUID]) -> None:
    """Begin runs again that lost their process."""
    lost: set[UUID] = set()
    since = time.time()

    def look() -> set[UUID]:
        with get_client(sync_client=True) as client:
            return begin_lost(client, ids, lost, since, _say)

    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with _or_later("look for lost runs"):
            lost = await asyncio.to_thread(look)


@contextmanager
def _or_later(what: str) -> Iterator[None]:
    """Say what could not be done, as when the server is away: there is a next time."""
    try:
        yield
    except Exception as error:
        _say(f"could not {what}: {type(error).__name__}")


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """Serve; one line and 1 where `params.yaml` or the server's deployments are at fault."""
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
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
