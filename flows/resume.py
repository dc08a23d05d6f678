"""Flow runs that lost their process are begun again; flow `resume` does that for a work pool.

A run keeps its parameters, and finds done what it had done already. The process that serves the
flows looks after its own runs, by their processes. A pool's runs are on any machine, so `resume`
goes by the heartbeat that Prefect lets each run give, every ``PREFECT_FLOWS_HEARTBEAT_FREQUENCY``
seconds (30 at least; 180 where nothing is said).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import base  # noqa: F401
from naming import RunName
from prefect import flow, get_client, get_run_logger
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas import filters
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.events import filters as events
from prefect.runtime import flow_run
from prefect.settings import get_current_settings
from prefect.states import Cancelled, Crashed, Scheduled

from kantor.service import cleanup

FLOW_RUN = "PREFECT__FLOW_RUN_ID"
MOST_TIMES = 25  # a run begun again so often without an end is the one that ends the service
AGAIN, NEVER = "begun again", "never ended"
UNDER_WAY = (StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING)
HEARTBEAT = "prefect.flow-run.heartbeat"
MISSED = 2  # heartbeats that must be missing, twice over
STARTING = 900.0  # seconds that a machine or a container may take to start
DAY = 86_400.0

Say = Callable[[str], object]
Heartbeat = tuple[UUID, float] | None


@flow(
    name="resume",
    description="Begin runs of a work pool again that lost their worker.",
    flow_run_name=RunName(lambda given: f"resume: {given.get('pool') or 'this pool'}"),
)
def resume(pool: str | None = None) -> int:
    """Begin again what no process works on any more; how many runs.

    Args:
        pool: The work pool to look after. Empty: the one that this run is in.
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
    """Begin again the runs that gave no heartbeat in `seconds`, nor in as many that follow.

    In the second wait any new heartbeat counts, whatever its time: so no run passes for dead
    because a clock elsewhere is wrong or the server was away. Runs that crashed within a day are
    begun again too: their process ended, their flow did not fail. Returns how many were.
    """
    lost = _silent(client, deployments, seconds)
    if lost:
        wait(seconds)
        still = _silent(client, deployments, seconds)
        lost = {mark: run for mark, run in still.items() if mark in lost}
    again = [*lost.values(), *crashed(client, deployments, time.time() - DAY)]
    return sum(schedule_again(client, run, say) for run in again)


def _silent(
    client: SyncPrefectClient, deployments: list[UUID], seconds: float
) -> dict[tuple[UUID, UUID, Heartbeat], FlowRun]:
    """Runs under way without news for so long, by run, state and last heartbeat."""
    silent = {}
    for run in runs_in(client, deployments, *UNDER_WAY):
        state, heartbeat = run.state, last_heartbeat(client, run.id)
        if state is None:
            continue
        last_news = max(state.timestamp.timestamp(), heartbeat[1] if heartbeat else 0.0)
        if time.time() - last_news > (STARTING if state.is_pending() else seconds):
            silent[run.id, state.id, heartbeat] = run
    return silent


def last_heartbeat(client: SyncPrefectClient, run: UUID) -> Heartbeat:
    """Its identity and its time, in seconds since 1970 by the clock of the run's machine."""
    heartbeats = events.EventFilter(
        event=events.EventNameFilter(name=[HEARTBEAT]),
        resource=events.EventResourceFilter(id=[f"prefect.flow-run.{run}"]),
        occurred=events.EventOccurredFilter(until=datetime.now(UTC) + timedelta(days=1)),
        order=events.EventOrder.DESC,
    )
    last = client.read_events(heartbeats, limit=1).events
    return (last[0].id, last[0].occurred.timestamp()) if last else None


def end_flow_runs() -> int:
    """Kill the processes of flow runs that belong to this repository's service; how many."""
    root = os.environ.get(cleanup.SERVICE, "nowhere")
    return cleanup.sweep(lambda one: one.get(cleanup.SERVICE) == root and FLOW_RUN in one)


def begin_lost(
    client: SyncPrefectClient,
    deployments: list[UUID],
    since: float,
    say: Say,
    before: Collection[UUID] | None = None,
) -> set[UUID]:
    """Begin again the runs under way that have no process now, nor had one in the look before.

    A run may lose its process while nobody could report it, as when the server was down as well.
    Runs that crashed after `since`, in seconds since 1970, are begun again too: their process
    ended, their flow did not fail. `before` is what the last call returned, the runs without a
    process. It is None before anything is run: then one look is enough, and places are freed that
    a killed server may have taken.
    """
    root = os.environ.get(cleanup.SERVICE)
    environments = cleanup.environments()
    alive = {one.get(FLOW_RUN) for one in environments if one.get(cleanup.SERVICE) == root}
    lost = [run for run in runs_in(client, deployments, *UNDER_WAY) if str(run.id) not in alive]
    again = [run for run in lost if before is None or run.id in before]
    for run in [*again, *crashed(client, deployments, since)]:
        schedule_again(client, run, say)
    for each in deployments if before is None else ():
        limit = client.read_deployment(each).global_concurrency_limit
        if limit is not None and limit.active_slots:
            free = GlobalConcurrencyLimitUpdate(active_slots=0)
            client.update_global_concurrency_limit(limit.name, free)
    return {run.id for run in lost} - {run.id for run in again}


def schedule_again(client: SyncPrefectClient, run: FlowRun, say: Say) -> bool:
    """Schedule a run anew and say so in one line; False if it was cancelled or never ends."""
    state: State[object] = Scheduled(message=f"{AGAIN}: the process that ran it is gone")
    states = client.read_flow_run_states(run.id)
    times = sum((one.message or "").startswith(AGAIN) for one in states)
    if run.state_name == "Cancelling":
        state = Cancelled(message="cancelled; the process that ran it is gone")
    elif times >= MOST_TIMES:
        state = Crashed(message=f"begun again {times} times and {NEVER}")
    client.set_flow_run_state(run.id, state, force=True)
    say(f"{run.name}: {state.message}")
    return state.is_scheduled()


def crashed(client: SyncPrefectClient, deployments: list[UUID], since: float) -> list[FlowRun]:
    """Runs that crashed at `since` (seconds since 1970) or after it, and were not given up."""
    return [
        run
        for run in runs_in(client, deployments, StateType.CRASHED)
        if run.state and run.state.timestamp.timestamp() >= since
        if not (run.state.message or "").endswith(NEVER)
    ]


def runs_in(client: SyncPrefectClient, deployments: list[UUID], *types: StateType) -> list[FlowRun]:
    """Runs of the deployments in states of these types, the 200 that ended last."""
    if not deployments:
        return []
    kind = filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=list(types)))
    within = filters.FlowRunFilterDeploymentId(any_=deployments)
    chosen = filters.FlowRunFilter(deployment_id=within, state=kind)
    return client.read_flow_runs(flow_run_filter=chosen, sort=FlowRunSort.END_TIME_DESC)


def name_scheduled(client: SyncPrefectClient, names: Mapping[UUID, RunName]) -> None:
    """Name the runs to come, by deployment; Prefect calls them by random words until they begin."""
    for run in runs_in(client, [*names], StateType.SCHEDULED):
        if run.deployment_id is None or run.expected_start_time is None:
            continue
        name = names[run.deployment_id].of(run.parameters, run.expected_start_time)
        if run.name != name:
            client.set_flow_run_name(run.id, name)


if __name__ == "__main__":
    resume(*sys.argv[1:2])
