"""What `make serve` runs: four processes on one machine, and their environment."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kantor import settings
from kantor.errors import SetupError
from kantor.files import private_database, private_folder
from kantor.locks import STATE, Busy, held
from kantor.registry.store import DATABASE
from kantor.service import cleanup, parameters
from kantor.service.access import Access, bracketed
from kantor.service.part import Part
from kantor.service.settings import Keep
from kantor.service.supervisor import Supervisor

PORTS = {"KANTOR_PORT": 8400, "KANTOR_PREFECT_PORT": 4200, "KANTOR_MLFLOW_PORT": 5000}
PREFECT = "prefect"  # folder of its database and settings, below the state's
SIGN = "flows.alive"  # touched every second by the process that runs the flows
_LOCK = "serve.lock"
_DAY = 24 * 3600  # seconds


@dataclass(frozen=True)
class Service:
    """A repository served on one machine.

    Attributes
    ----------
    root : Path
        The repository.
    access : Access
    front, prefect, mlflow : int
        Ports.
    keep_runs : float or None
        Days for which Prefect keeps what ran; None for ever.
    """

    root: Path
    access: Access
    front: int
    prefect: int
    mlflow: int
    keep_runs: float | None = None

    @classmethod
    def from_environment(cls, root: Path) -> Service:
        """What the variables say, and for how long `params.yaml` keeps runs.

        Raises
        ------
        SetupError
            If the servers would be open to others, if a port is not a number or is named twice,
            or if the block `keep` is at fault.
        """
        ports = [_port(name, default) for name, default in PORTS.items()]
        if len(set(ports)) < len(ports):
            raise SetupError(f"{', '.join(PORTS)}: three different ports, please")
        kept = settings.load(Keep, "keep", root / "params.yaml", optional=True).runs
        front, prefect, mlflow = ports
        return cls(root.absolute(), Access.from_environment(), front, prefect, mlflow, kept)

    @property
    def here(self) -> str:
        """How processes on this machine reach the servers."""
        everywhere = self.access.host in ("0.0.0.0", "localhost", "127.0.0.1")
        return "127.0.0.1" if everywhere else bracketed(self.access.host)

    def addresses(self) -> list[str]:
        """The three addresses, as lines for a terminal."""
        return [
            f"  Kantor    http://{self.access.name}:{self.front}",
            f"  Prefect   http://{self.access.name}:{self.prefect}",
            f"  MLflow    http://{self.access.name}:{self.mlflow}",
        ]

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
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
                "prefect.server.concurrency.lease_storage.filesystem"
            ),
            "PREFECT_CLIENT_MAX_RETRIES": "10",
            "PREFECT_RUNNER_POLL_FREQUENCY": "4",
            "PREFECT_LOGGING_COLORS": "false",
            "PYTHONUNBUFFERED": "1",
        }
        if self.keep_runs is not None:  # else it deletes events alone, after a week
            values["PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"] = "events,flow_runs"
            seconds = str(round(self.keep_runs * _DAY))
            values["PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD"] = seconds
        if "PREFECT_API_DATABASE_CONNECTION_URL" not in os.environ:
            values["PREFECT_API_DATABASE_CONNECTION_URL"] = (
                f"sqlite+aiosqlite:///{home / 'prefect.db'}"
            )
        return {**settings.QUIET, **values}

    def login(self) -> dict[str, str]:
        """What Prefect's clients need to log in; its server would show it on its page."""
        if not self.access.token:
            return {}
        headers = {"Authorization": f"Bearer {self.access.token}"}
        return {"PREFECT_CLIENT_CUSTOM_HEADERS": json.dumps(headers)}

    def parts(self) -> list[Part]:
        """The processes, in the order of their start."""
        environment = self.environment()

        def python(*arguments: object) -> list[str]:
            return [sys.executable, *map(str, arguments)]

        flows = self.root / "flows"
        others = ("--prefect", self.prefect, "--mlflow", self.mlflow)
        front = python("-m", "kantor.service.front", "--port", self.front, *others)
        mlflow = python("-m", "kantor.service.mlflow_server", "--port", self.mlflow)
        prefect = python(flows / "prefect_server.py", "--port", self.prefect)
        served = python(flows / "deployments.py")
        health = f"http://{self.here}"
        return [
            Part("prefect", prefect, environment, f"{health}:{self.prefect}/api/health"),
            Part("mlflow", mlflow, environment, f"{health}:{self.mlflow}/health"),
            Part("front", front, environment, f"{health}:{self.front}/health"),
            Part(
                "flows",
                served,
                environment | self.login(),
                sign=self.root / STATE / SIGN,
                needs="prefect",
            ),
        ]


def run(service: Service, say: Callable[[str], object] = print) -> None:
    """Serve until SIGTERM or Ctrl-C; leave no process behind.

    Raises
    ------
    SetupError
        If ``params.yaml`` is at fault, the repository is served already, a port is taken, or a
        part does not start.
    """
    parameters.check(service.root)
    state = service.root / STATE
    try:
        with held(state / _LOCK, seconds=0):
            _run(service, state, say)
    except Busy:
        raise SetupError(f"{service.root}: served already; stop that first") from None


def _run(service: Service, state: Path, say: Callable[[str], object]) -> None:
    root = str(service.root)

    def ours(values: Mapping[str, str]) -> bool:
        """Whether a process of this environment belongs to this repository's service."""
        return values.get(cleanup.SERVICE) == root

    if left := cleanup.sweep(ours):
        say(f"ended {left} processes that a killed service had left")
    for name, port in zip(PORTS, (service.front, service.prefect, service.mlflow), strict=True):
        _free(service.access.host, port, name)
    _keep_private(service.root)

    supervisor = Supervisor(service.parts(), state, service.root, say)
    before = {one: signal.signal(one, supervisor.stop) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        say("starting; this takes some seconds")
        supervisor.run(
            lambda: [say(line) for line in (*service.addresses(), "Ctrl-C ends it")],
            parameters.Watch(service.root, say).look,
        )
    finally:
        cleanup.sweep(ours)
        for one, handler in before.items():
            signal.signal(one, handler)


def _keep_private(root: Path) -> None:
    """Keep to their owner what the service keeps, and databases that are there already."""
    home = private_folder(private_folder(root / STATE) / PREFECT)
    ledgers = (root / "compositions").glob("**/ledger.sqlite")
    databases = [*root.glob(DATABASE), *ledgers]
    if "PREFECT_API_DATABASE_CONNECTION_URL" not in os.environ:
        databases.append(home / "prefect.db")
    for database in databases:
        private_database(database)


def _port(name: str, default: int) -> int:
    text = os.environ.get(name, "") or str(default)
    if not (text.isdecimal() and 1 <= int(text) <= 65535):
        raise SetupError(f"{name}={text}: expected a port, 1 to 65535")
    return int(text)


def _free(host: str, port: int, name: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or "cannot be bound"
            raise SetupError(f"port {port} on {host}: {reason}; set {name} to another") from None
