"""Trainings as flow runs, asked for by Prefect's HTTP API; Prefect itself is not imported."""

from __future__ import annotations

import os
import time
from typing import Any

import httpx

from kantor.errors import SetupError
from kantor.service.access import TOKEN

DEPLOYMENT = "retrain/retrain-model"
ENDED = {
    "COMPLETED": "done",
    "PAUSED": "done",  # all is made; a person is asked whether it shall be champion
    "CANCELLED": "stopped",
    "FAILED": "failed",
    "CRASHED": "failed",
}
"""The states of a run in which its training has ended, and how."""
_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)  # seconds
_PAGE = 200  # lines of a log that the server gives at once


class Prefect:
    """Prefect's server at the address of its API, such as ``http://127.0.0.1:4200/api``."""

    def __init__(self, api: str) -> None:
        token = os.environ.get(TOKEN, "")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=api, headers=headers, timeout=10)

    def start(self, reason: str, key: str) -> str:
        """Ask for a run of the flow `retrain`; its id. With the same key it is stored once.

        Raises
        ------
        SetupError
            If the server does not answer, or knows no such deployment.
        """
        deployment = self._ask("GET", f"/deployments/name/{DEPLOYMENT}")["id"]
        asked = {
            "parameters": {"reason": reason},
            "state": {"type": "SCHEDULED"},
            "idempotency_key": key,
        }
        return str(self._ask("POST", f"/deployments/{deployment}/create_flow_run", asked)["id"])

    def state(self, run: str) -> tuple[str, str]:
        """The type of a run's state, such as ``RUNNING``, and what it says in words."""
        state = self._ask("GET", f"/flow_runs/{run}").get("state") or {}
        return str(state.get("type", "")), str(state.get("message") or state.get("name") or "")

    def cancel(self, run: str) -> None:
        """Have a run cancelled."""
        self._ask("POST", f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})

    def lines(self, run: str, after: int) -> list[str]:
        """The lines of a run's log from number `after` on."""
        asked = {
            "logs": {"flow_run_id": {"any_": [run]}},
            "offset": after,
            "limit": _PAGE,
            "sort": "TIMESTAMP_ASC",
        }
        return [str(line["message"]) for line in self._ask("POST", "/logs/filter", asked)]

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _ask(self, method: str, path: str, json: Any = None) -> Any:
        for pause in (*_PAUSES, None):
            try:
                answer = self._client.request(method, path, json=json)
            except httpx.HTTPError:
                raise SetupError("Prefect does not answer; see whether `make serve` runs") from None
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or pause is None:
                break
            time.sleep(pause)  # its database is locked: it asks to be asked again
        if answer.status_code == 404:
            raise SetupError(f"Prefect knows no {path}; start `make serve` again")
        if answer.is_error:
            raise SetupError(f"Prefect: {answer.status_code} {answer.reason_phrase} for {path}")
        return answer.json()
