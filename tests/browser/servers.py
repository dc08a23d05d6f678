"""Kantor's servers as `make serve` starts them, for tests in a browser."""

import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.studio.conftest import free_port

from kantor.service.access import TOKEN, Access
from kantor.service.service import Service
from kantor.service.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]


class Servers:
    """The three servers as `make serve` starts them, and what a program on this machine sees."""

    def __init__(self, service):
        self.front, self.prefect, self.mlflow = (
            f"http://localhost:{port}" for port in (service.front, service.prefect, service.mlflow)
        )

    @staticmethod
    def ask(url, body=None):
        """The JSON that a program gets; it asks again while the database is locked."""
        answer = httpx.request("GET" if body is None else "POST", url, json=body, timeout=30)
        while answer.status_code == 503:
            time.sleep(1)
            answer = httpx.request(answer.request.method, url, json=body, timeout=30)
        return answer.raise_for_status().json()

    def deployed(self, flow):
        """A deployment of a flow of this name that does nothing; its id."""
        made = self.ask(f"{self.prefect}/api/flows/", {"name": flow})
        about = {"name": "kantor", "flow_id": made["id"], "entrypoint": "a.py:b"}
        return self.ask(f"{self.prefect}/api/deployments/", about)["id"]

    def deployment(self):
        """The deployment of the flow `watched`."""
        return self.ask(f"{self.prefect}/api/deployments/name/watched/kantor")


@contextmanager
def serving(root, names, token=""):
    """Some of the servers on the repository `root`, until they are no longer needed."""
    service = Service(root, Access(token=token), *(free_port() for _ in range(3)))
    (root / "flows").symlink_to(ROOT / "flows")
    (root / ".kantor" / "prefect").mkdir(parents=True)
    parts = [part for part in service.parts() if part.name in names]
    supervisor, ready = Supervisor(parts, root / ".kantor", root), threading.Event()
    thread = threading.Thread(target=supervisor.run, args=(ready.set,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TOKEN, token)
        thread.start()
        try:
            while not ready.wait(1):
                assert thread.is_alive(), "the servers do not start"
            yield service
        finally:
            supervisor.stop()
            thread.join(30)
