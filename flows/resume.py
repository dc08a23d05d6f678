"""Flow `resume`: begin the runs of a work pool again whose worker or machine died.

The process that serves the flows looks after its own runs. A pool's runs are on any machine, so
this flow goes by the signs of life that Prefect lets each run give, every
``PREFECT_FLOWS_HEARTBEAT_FREQUENCY`` seconds (30 at least; 180 where nothing is said).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect import flow, get_client, get_run_logger  # noqa: E402
from prefect.client.orchestration import SyncPrefectClient  # noqa: E402
from prefect.client.schemas import filters  # noqa: E402
from prefect.client.schemas.objects import FlowRun  # noqa: E402
from prefect.events import filters as events  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402
from prefect.settings import get_current_settings  # noqa: E402
from unfinished import Say, crashed, schedule_again, under_way  # noqa: E402

SIGN = "prefect.flow-run.heartbeat"
MISSED = 2  # signs of life that must be missing, twice over
STARTING = 900.0  # seconds that a machine or a container may take to start
DAY = 86_400.0

Sign = tuple[UUID, float] | None


@flow(name="resume")
def resume(pool: str | None = None) -> int:
    """Begin again what no process works on any more; how many runs.

    Parameters
    ----------
    pool
        The work pool to look after; by default the one that this run is in.
    """
    every = get_current_settings().flows.heartbeat_frequency
    if every is None:
        raise ValueError("PREFECT_FLOWS_HEARTBEAT_FREQUENCY is off: dead runs cannot be recognised")
    log = get_run_logger()
    with get_client(sync_client=True) as client:
        pool = pool or client.read_flow_run(UUID(str(flow_run.id))).work_pool_name
        if pool is None:
            raise ValueError("this run is in no work pool: say which one to look after")
        here = filters.WorkPoolFilter(name=filters.WorkPoolFilterName(any_=[pool]))
        deployments = [one.id for one in client.read_deployments(work_pool_filter=here)]
        count = begin_silent(client, deployments, MISSED * every, log.info)
    log.info("pool %s: %d runs begun again", pool, count)
    return count


def begin_silent(
    client: SyncPrefectClient,
    deployments: list[UUID],
    seconds: float,
    say: Say = print,
    wait: Callable[[float], object] = time.sleep,
) -> int:
    """Begin again the runs that gave no sign of life in `seconds`, nor in as many that follow.

    In the second wait any new sign counts, whatever its time: so no run passes for dead because a
    clock elsewhere is wrong or the server was away. Runs that crashed within a day are begun again
    too: their process ended, their flow did not fail.

    Returns
    -------
    int
        How many runs were begun again.
    """
    first = _silent(client, deployments, seconds)
    if first:
        wait(seconds)
    second = _silent(client, deployments, seconds) if first else {}
    lost = [run for mark, run in second.items() if mark in first]
    again = [*lost, *crashed(client, deployments, time.time() - DAY)]
    return sum(schedule_again(client, run, say) for run in again)


def _silent(
    client: SyncPrefectClient, deployments: list[UUID], seconds: float
) -> dict[tuple[UUID, UUID, Sign], FlowRun]:
    """Runs under way without news for so long, by run, state and last sign of life."""
    silent = {}
    for run in under_way(client, deployments):
        state = run.state
        if state is None:
            continue
        sign = _last_sign(client, run.id)
        last_news = max(state.timestamp.timestamp(), sign[1] if sign else 0.0)
        if time.time() - last_news > (STARTING if state.is_pending() else seconds):
            silent[run.id, state.id, sign] = run
    return silent


def _last_sign(client: SyncPrefectClient, run: UUID) -> Sign:
    """Its identity and its time, in seconds since 1970 by the clock of the run's machine."""
    signs = events.EventFilter(
        event=events.EventNameFilter(name=[SIGN]),
        resource=events.EventResourceFilter(id=[f"prefect.flow-run.{run}"]),
        occurred=events.EventOccurredFilter(until=datetime.now(UTC) + timedelta(days=1)),
        order=events.EventOrder.DESC,
    )
    last = client.read_events(signs, limit=1).events
    return (last[0].id, last[0].occurred.timestamp()) if last else None


if __name__ == "__main__":
    resume(*sys.argv[1:2])
