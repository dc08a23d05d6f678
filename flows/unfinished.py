"""What a killed service left behind: its flows' processes end, its runs are begun again.

A run keeps its parameters. What it had done already it finds done: stages in DVC's cache, a
training in its checkpoint, a batch in its outputs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas import filters
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled, Crashed, Scheduled

from kantor.service import cleanup

FLOW_RUN = "PREFECT__FLOW_RUN_ID"
MOST_TIMES = 25  # a run begun again so often without an end is the one that ends the service
AGAIN, NOT_YET, NEVER = "begun again", "not begun yet", "never ended"
_UNDER_WAY = (StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING)
_PAGE = 200

Say = Callable[[str], object]


def end_flow_runs() -> int:
    """Kill the processes of flow runs that belong to this repository's service; how many."""
    root = os.environ.get(cleanup.SERVICE)

    def orphan(values: Mapping[str, str]) -> bool:
        return bool(root) and values.get(cleanup.SERVICE) == root and FLOW_RUN in values

    return cleanup.sweep(orphan)


def begin_again(
    client: SyncPrefectClient, deployments: Iterable[UUID], alive: float | None, say: Say = print
) -> int:
    """Schedule anew every run of the deployments that was under way; how many.

    To be called before anything is run: nothing runs them now.

    Parameters
    ----------
    alive
        When the process that ran them last was surely alive, in seconds since 1970: a run that
        has crashed since then did so because that process ended, and counts as under way.
    """
    ids = list(deployments)
    lost = [*under_way(client, ids), *crashed(client, ids, alive)]
    count = sum(schedule_again(client, run, say) for run in lost)
    for each in ids:  # a server killed at the wrong moment may take places for taken
        limit = client.read_deployment(each).global_concurrency_limit
        if limit is not None and limit.active_slots:
            free = GlobalConcurrencyLimitUpdate(active_slots=0)
            client.update_global_concurrency_limit(limit.name, free)
    return count


def begin_lost(
    client: SyncPrefectClient, deployments: list[UUID], before: set[UUID], since: float, say: Say
) -> set[UUID]:
    """Begin again the runs under way that have no process now, nor had one in the look before.

    A run may lose its process while nobody could report it, as when the server was down as well.
    A run that crashed since `since` (its process ended, its flow did not fail) is begun again too:
    Prefect's processes end so when the server does not answer.

    Parameters
    ----------
    before
        What this function gave the last time, some seconds ago.
    since
        Seconds since 1970.

    Returns
    -------
    set of UUID
        Runs under way that have no process.
    """
    root = os.environ.get(cleanup.SERVICE)
    environments = cleanup.environments()
    alive = {one.get(FLOW_RUN) for one in environments if one.get(cleanup.SERVICE) == root}
    lost = [run for run in under_way(client, deployments) if str(run.id) not in alive]
    again = [run for run in lost if run.id in before]
    for run in [*again, *crashed(client, deployments, since)]:
        schedule_again(client, run, say)
    return {run.id for run in lost} - before


def schedule_again(client: SyncPrefectClient, run: FlowRun, say: Say) -> bool:
    """Schedule a run anew; False where a person had cancelled it or it never ends.

    Parameters
    ----------
    say
        Gets one line: what became of it.
    """
    # Of a run that had not begun it cannot be said that it ends the service: it does not count.
    word = NOT_YET if run.state_name in ("Pending", "Submitting") else AGAIN
    state: State[object] = Scheduled(message=f"{word}: the process that ran it is gone")
    states = client.read_flow_run_states(run.id)
    times = sum((one.message or "").startswith(AGAIN) for one in states)
    if run.state_name == "Cancelling":
        state = Cancelled(message="cancelled; the process that ran it is gone")
    elif word == AGAIN and times >= MOST_TIMES:
        state = Crashed(message=f"begun again {times} times and {NEVER}")
    client.set_flow_run_state(run.id, state, force=True)
    say(f"{run.name}: {state.message}")
    return state.is_scheduled()


def under_way(client: SyncPrefectClient, deployments: list[UUID]) -> Iterator[FlowRun]:
    """Runs that something works on, or did when their state was set."""
    return _runs(client, deployments, _UNDER_WAY)


def crashed(
    client: SyncPrefectClient, deployments: list[UUID], since: float | None
) -> Iterator[FlowRun]:
    """Runs that crashed at `since` (seconds since 1970) or after it, and were not given up."""
    if since is None:
        return
    for run in _runs(client, deployments, (StateType.CRASHED,)):
        state = run.state
        if state is None or (state.message or "").endswith(NEVER):
            continue
        if state.timestamp.timestamp() >= since:
            yield run


def _runs(
    client: SyncPrefectClient, deployments: list[UUID], types: Iterable[StateType]
) -> Iterator[FlowRun]:
    if not deployments:
        return
    chosen = filters.FlowRunFilter(
        deployment_id=filters.FlowRunFilterDeploymentId(any_=deployments),
        state=filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=list(types))),
    )
    offset = 0
    while runs := client.read_flow_runs(flow_run_filter=chosen, limit=_PAGE, offset=offset):
        yield from runs
        offset += len(runs)
