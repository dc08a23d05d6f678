"""The service whose server or flows are killed runs what was scheduled, once each."""

from __future__ import annotations

import contextlib
import datetime
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from faults import Trial

from kantor.locks import STATE
from kantor.service import cleanup
from kantor.service.access import Access
from kantor.service.service import PREFECT, SIGN, Service
from kantor.service.supervisor import Part, Supervisor

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

ROOT = Path(__file__).resolve().parents[1]
EVERY = 15.0  # seconds from one scheduled run to the next
LONGEST = 8.0  # seconds from when the part is there again to the next kill
PATIENCE = 600.0
KILLED = {"prefect": "the Prefect server", "flows": "the process that runs the flows"}


def service(times: int) -> Iterator[Trial]:
    """Kill each of both `times` times while a light flow runs by its schedule."""
    for name, what in KILLED.items():
        with tempfile.TemporaryDirectory(prefix="kantor-service-") as scratch:
            yield _killed(name, f"{what} killed (kill -9) at a random moment", times, Path(scratch))


def _killed(name: str, what: str, times: int, root: Path) -> Trial:
    began = time.monotonic()
    service, parts = small(root, "light.py", str(EVERY))
    with running(parts, root) as supervisor:
        first, last = _kills(supervisor, name, times, root)
        return _counted(service, root, first, last, what, times, began)


@contextlib.contextmanager
def running(parts: list[Part], root: Path) -> Iterator[Supervisor]:
    """The parts, once all are ready; none is left behind."""
    supervisor = Supervisor(parts, root, root, lambda line: None)
    ready = threading.Event()
    thread = threading.Thread(target=supervisor.run, args=(ready.set,), daemon=True)
    thread.start()
    try:
        until(lambda: ready.is_set() or not thread.is_alive(), f"not ready; see {root}/logs")
        if not ready.is_set():
            raise RuntimeError(f"the service does not start; see {root}/logs")
        yield supervisor
    finally:
        supervisor.stop()
        thread.join(30)
        cleanup.sweep(lambda values: values.get(cleanup.SERVICE) == str(root))


def small(root: Path, script: str, *arguments: str) -> tuple[Service, list[Part]]:
    """The server of Prefect as `make serve` starts it, and a script beside this that serves flows.

    The script gives its sign of life in ``root/flows.alive``.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = Service(root, Access(), 0, port, 0)
    (root / "done").mkdir()
    (root / STATE / PREFECT).mkdir(parents=True)
    path = os.pathsep.join(map(str, (ROOT / "src", ROOT / "flows", ROOT / "benchmarks")))
    environment = service.environment() | {
        "PYTHONPATH": path,
        "KANTOR_LIGHT_FOLDER": str(root / "done"),
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    }
    server = [sys.executable, str(ROOT / "flows/prefect_server.py"), "--port", str(port)]
    flows = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    health = f"{environment['PREFECT_API_URL']}/health"
    return service, [
        Part("prefect", server, environment, health),
        Part("flows", flows, environment, sign=root / SIGN, needs="prefect"),
    ]


def _kills(
    supervisor: Supervisor, name: str, times: int, root: Path
) -> tuple[datetime.datetime, datetime.datetime]:
    """Kill `times` times; the moments between which every scheduled run shall have run."""
    chance = random.Random(0)
    until(lambda: any((root / "done").iterdir()), "no run ever ended")
    first = datetime.datetime.now(datetime.UTC)
    part = next(one for one in supervisor.parts if one.name == name)
    kills = 0
    while kills < times:
        until(lambda: part.alive and part.ready, f"{name} is not started again")
        time.sleep(chance.uniform(0, LONGEST))
        process = part.process
        if process is None:  # it ended by itself, for want of the other one
            continue
        process.send_signal(signal.SIGKILL)
        kills += 1
        print(f"service: {name} killed {kills} times", file=sys.stderr, flush=True)
        until(lambda: part.process is not process, f"{name} lives on")  # noqa: B023
    return first, datetime.datetime.now(datetime.UTC)


def _counted(
    service: Service,
    root: Path,
    first: datetime.datetime,
    last: datetime.datetime,
    what: str,
    times: int,
    began: float,
) -> Trial:
    """Wait for what was scheduled in between, and compare it with the calendar."""
    steps = range(int(first.timestamp() // EVERY) + 1, int(last.timestamp() // EVERY) + 1)
    wanted = {datetime.datetime.fromtimestamp(EVERY * step, datetime.UTC) for step in steps}

    def noted() -> set[datetime.datetime]:
        names = (path.name for path in (root / "done").iterdir())
        return {datetime.datetime.fromisoformat(name) for name in names}

    end = time.monotonic() + PATIENCE
    ended: Counter[datetime.datetime] = Counter()
    while (not wanted <= noted() or not wanted <= {*ended}) and time.monotonic() < end:
        time.sleep(2)
        with contextlib.suppress(OSError, httpx.HTTPError):  # it may be starting again still
            ended = _ended(service, wanted)
    missing = sorted(wanted - noted()) + sorted(wanted - {*ended})
    twice = [moment for moment, count in ended.items() if count > 1]
    outcome = f"{len(wanted)} runs were scheduled meanwhile: each ended, once"
    if missing or twice:
        outcome = (
            f"of {len(wanted)} scheduled runs {len(missing)} are missing, {len(twice)} doubled"
        )
    return Trial(what, times, outcome, time.monotonic() - began, not (missing or twice))


@contextlib.contextmanager
def asking(service: Service) -> Iterator[SyncPrefectClient]:
    """A client of the server of this trial: the one before had another port."""
    from prefect import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    address = service.environment()["PREFECT_API_URL"]
    with temporary_settings({PREFECT_API_URL: address}), get_client(sync_client=True) as client:
        yield client


def _ended(service: Service, wanted: set[datetime.datetime]) -> Counter[datetime.datetime]:
    """How many runs there are that completed, by the moment for which they were scheduled."""
    from prefect.client.schemas import filters
    from prefect.client.schemas.objects import StateType

    completed = filters.FlowRunFilterStateType(any_=[StateType.COMPLETED])
    chosen = filters.FlowRunFilter(state=filters.FlowRunFilterState(type=completed))
    with asking(service) as client:
        runs = client.read_flow_runs(flow_run_filter=chosen, limit=200)
    moments = (run.expected_start_time for run in runs if run.expected_start_time)
    return Counter(moment for moment in moments if moment in wanted)


def until(condition: object, failure: str) -> None:
    """Wait for a condition."""
    end = time.monotonic() + PATIENCE
    assert callable(condition)
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(failure)
        time.sleep(0.1)
