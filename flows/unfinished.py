"""What a killed service left behind: its flows' processes end, its runs are begun again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from kantor.service import cleanup

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, State, StateType

FLOW_RUN = "PREFECT__FLOW_RUN_ID"
MOST_TIMES = 25  # a run begun again so often without an end is the one that ends the service
AGAIN, NOT_YET, NEVER = "begun again", "not begun yet", "never ended"
_PAGE = 200

Say = Callable[[str], object]


def end_flow_runs() -> int:
    """Kill the processes of flow runs that belong to this repository's service."""
    root = os.environ.get(cleanup.SERVICE)

    def orphan(values: Mapping[str, str]) -> bool:
        return bool(root) and values.get(cleanup.SERVICE) == root and FLOW_RUN in values

    return cleanup.sweep(orphan)


def begin_again(
    client: SyncPrefectClient,
    deployments: Iterable[UUID],
    alive: float | None = None,
    say: Say = print,
) -> int:
    """Schedule anew every run of the deployments that was under way; nothing runs them now.

    To be called before anything is run. A run keeps its parameters. What it had done already it
    finds done: stages in DVC's cache, a training in its checkpoint, a batch in its outputs.

    Parameters
    ----------
    alive
        When the process that ran them last was surely alive, in seconds since 1970: a run that
        has crashed since then did so because that process ended, and counts as under way.

    Returns
    -------
    int
        How many runs were begun again.
    """
    ids = list(deployments)
    found = [*under_way(client, ids), *crashed(client, ids, alive)]
    count = sum(schedule_again(client, run, say) for run in found)
    _free_slots(client, ids)
    return count


def begin_lost(
    client: SyncPrefectClient,
    deployments: Iterable[UUID],
    before: set[UUID],
    since: float,
    say: Say = print,
) -> set[UUID]:
    """Begin again the runs under way that no process has worked on now and in the look before.

    A run may lose its process while nobody could be told, as when the server was down as well.
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
        Runs under way that no process works on.
    """
    root = os.environ.get(cleanup.SERVICE)
    working = {
        values.get(FLOW_RUN)
        for values in cleanup.environments()
        if values.get(cleanup.SERVICE) == root
    }
    ids = list(deployments)
    lost = [run for run in under_way(client, ids) if str(run.id) not in working]
    for run in [*(run for run in lost if run.id in before), *crashed(client, ids, since)]:
        schedule_again(client, run, say)
    return {run.id for run in lost} - before


def schedule_again(client: SyncPrefectClient, run: FlowRun, say: Say) -> bool:
    """Schedule a run anew; False where a person had cancelled it or it never ends.

    Parameters
    ----------
    say
        Told in one line what became of it.
    """
    from prefect.states import Cancelled, Crashed, Scheduled

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
    """Runs that something works on, or did when it was last heard of."""
    from prefect.client.schemas.objects import StateType

    types = [StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]
    yield from _found(client, deployments, types)


def crashed(
    client: SyncPrefectClient, deployments: list[UUID], since: float | None
) -> Iterator[FlowRun]:
    """Runs that crashed at `since` (seconds since 1970) or after it, and were not given up."""
    from prefect.client.schemas.objects import StateType

    if since is not None:
        for run in _found(client, deployments, [StateType.CRASHED]):
            state = run.state
            given_up = state is None or (state.message or "").endswith(NEVER)
            if state is not None and not given_up and state.timestamp.timestamp() >= since:
                yield run


def _found(
    client: SyncPrefectClient, deployments: list[UUID], types: list[StateType]
) -> Iterator[FlowRun]:
    from prefect.client.schemas import filters

    if not deployments:
        return
    wanted = filters.FlowRunFilter(
        deployment_id=filters.FlowRunFilterDeploymentId(any_=deployments),
        state=filters.FlowRunFilterState(type=filters.FlowRunFilterStateType(any_=types)),
    )
    offset = 0
    while runs := client.read_flow_runs(flow_run_filter=wanted, limit=_PAGE, offset=offset):
        yield from runs
        offset += len(runs)


def _free_slots(client: SyncPrefectClient, deployments: list[UUID]) -> None:
    """Nothing runs, so no place is taken: a server killed at the wrong moment may think so."""
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    for each in deployments:
        limit = client.read_deployment(each).global_concurrency_limit
        if limit is not None and limit.active_slots:
            update = GlobalConcurrencyLimitUpdate(active_slots=0)
            client.update_global_concurrency_limit(limit.name, update)
