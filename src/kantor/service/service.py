"""What `make serve` runs: four processes on one machine, and their environment."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kantor import settings
from kantor.errors import SetupError
from kantor.files import private_file, private_folder
from kantor.locks import STATE, Busy, held
from kantor.registry.store import DATABASE
from kantor.service import cleanup, parameters
from kantor.service.access import Access, bracketed
from kantor.service.opening import require_free
from kantor.service.supervisor import Part, Supervisor

PORTS = {"KANTOR_PORT": 8400, "KANTOR_PREFECT_PORT": 4200, "KANTOR_MLFLOW_PORT": 5000}
PREFECT = "prefect"  # folder of its database and settings, below the state's
SIGN = "flows.alive"  # touched every second by the process that runs the flows
_LOCK = "serve.lock"
_DAY = 24 * 3600  # seconds
_PREFECT_DATABASE = "PREFECT_API_DATABASE_CONNECTION_URL"
_VACUUM = "PREFECT_SERVER_SERVICES_DB_VACUUM"
_LEASES = "prefect.server.concurrency.lease_storage.filesystem"


@dataclass(frozen=True)
class Service:
    """A repository served on one machine, by three ports; Prefect keeps runs `keep_runs` days."""

    root: Path
    access: Access
    front: int
    prefect: int
    mlflow: int
    keep_runs: float | None = None

    @classmethod
    def from_environment(cls, root: Path) -> Service:
        """What the variables say, and for how long `params.yaml` keeps runs.

        Raises `SetupError` if the servers would be open to others, if a port is not a number or is
        named twice, or if the block `keep` is at fault.
        """
        ports = [_port(name, default) for name, default in PORTS.items()]
        if len(set(ports)) < len(ports):
            raise SetupError(f"{', '.join(PORTS)}: three different ports, please")
        kept = settings.load(parameters.Keep, "keep", root / "params.yaml", optional=True).runs
        front, prefect, mlflow = ports
        return cls(root.absolute(), Access.from_environment(), front, prefect, mlflow, kept)

    @property
    def here(self) -> str:
        """How processes on this machine reach the servers."""
        everywhere = self.access.host in ("0.0.0.0", "localhost", "127.0.0.1")
        return "127.0.0.1" if everywhere else bracketed(self.access.host)

    def addresses(self) -> list[str]:
        """The three addresses, as lines for a terminal."""
        ports = {"Kantor": self.front, "Prefect": self.prefect, "MLflow": self.mlflow}
        return [f"  {name:9} http://{self.access.name}:{port}" for name, port in ports.items()]

    def environment(self) -> dict[str, str]:
        """What all parts and the flows find in their environment."""
        home = self.root / STATE / PREFECT
        values = {
            cleanup.SERVICE: str(self.root),
            "KANTOR_HOME": str(self.root),
            "KANTOR_URL": f"http://{self.access.name}:{self.front}",
            "KANTOR_MLFLOW_URL": f"http://{self.access.name}:{self.mlflow}",
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": f"http://{self.here}:{self.prefect}/api",
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": _LEASES,
            "PREFECT_CLIENT_MAX_RETRIES": "10",
            "PREFECT_RUNNER_POLL_FREQUENCY": "4",
            "PREFECT_LOGGING_COLORS": "false",
            "PYTHONUNBUFFERED": "1",
        }
        if self.keep_runs is not None:  # else it deletes events alone, after a week
            values[f"{_VACUUM}_ENABLED"] = "events,flow_runs"
            values[f"{_VACUUM}_RETENTION_PERIOD"] = str(round(self.keep_runs * _DAY))
        if _PREFECT_DATABASE not in os.environ:
            values[_PREFECT_DATABASE] = f"sqlite+aiosqlite:///{home / 'prefect.db'}"
        return {**settings.QUIET, **values}

    def parts(self) -> list[Part]:
        """The processes, in the order of their start."""
        environment, here = self.environment(), f"http://{self.here}"
        login = {}  # for Prefect's clients alone; its server would show it on its page
        if self.access.token:
            headers = {"Authorization": f"Bearer {self.access.token}"}
            login["PREFECT_CLIENT_CUSTOM_HEADERS"] = json.dumps(headers)

        def part(name: str, port: int, health: str, *command: object) -> Part:
            arguments = (sys.executable, *command, "--port", port)
            return Part(name, list(map(str, arguments)), environment, f"{here}:{port}{health}")

        flows = self.root / "flows"
        others = ("--prefect", self.prefect, "--mlflow", self.mlflow)
        return [
            part("prefect", self.prefect, "/api/health", flows / "prefect_server.py"),
            part("mlflow", self.mlflow, "/health", "-m", "kantor.service.mlflow_server"),
            part("front", self.front, "/health", "-m", "kantor.studio", *others),
            Part(
                "flows",
                [sys.executable, str(flows / "deployments.py")],
                environment | login,
                sign=self.root / STATE / SIGN,
                needs="prefect",
            ),
        ]


def run(service: Service, say: Callable[[str], object] = print) -> None:
    """Serve until SIGTERM or Ctrl-C; leave no process behind.

    Raises `SetupError` if ``params.yaml`` is at fault, anything is taken, or a part does not start.
    """
    parameters.check(service.root)
    try:
        with held(service.root / STATE / _LOCK, seconds=0):
            _run(service, say)
    except Busy:
        raise SetupError(f"{service.root}: served already; stop that first") from None


def _run(service: Service, say: Callable[[str], object]) -> None:
    def ours(values: Mapping[str, str]) -> bool:
        """Whether a process of this environment belongs to this repository's service."""
        return values.get(cleanup.SERVICE) == str(service.root)

    if left := cleanup.sweep(ours):
        say(f"ended {left} process{'es' * (left != 1)} that a killed service had left")
    for name, port in zip(PORTS, (service.front, service.prefect, service.mlflow), strict=True):
        require_free(service.access.host, port, f"set {name} to another")
    _keep_private(service.root)

    supervisor = Supervisor(service.parts(), service.root / STATE, service.root, say)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, supervisor.stop)
    try:
        say("starting; this takes some seconds")
        supervisor.run(
            lambda: [say(line) for line in (*service.addresses(), "Ctrl-C ends it")],
            parameters.Watch(service.root, say).look,
        )
    finally:
        cleanup.sweep(ours)


def _keep_private(root: Path) -> None:
    """Keep to their owner what the service keeps, and databases that are there already."""
    home = private_folder(private_folder(root / STATE) / PREFECT)
    ledgers = (root / "compositions").glob("**/ledger.sqlite")
    databases = [*root.glob(DATABASE), *ledgers]
    if _PREFECT_DATABASE not in os.environ:
        databases.append(home / "prefect.db")
    for database in databases:
        private_file(database)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name, "") or str(default)
    if not (text.isdecimal() and 1 <= int(text) <= 65535):
        raise SetupError(f"{name}={text}: expected a port, 1 to 65535")
    return int(text)
