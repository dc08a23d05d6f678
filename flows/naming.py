"""What runs and deployments are called in Prefect's page.

Prefect reads what a parameter means from a docstring of Google's form alone; so the flows have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import base  # noqa: F401
from prefect.runtime import flow_run

from kantor.errors import one_line

DEPLOYMENTS = {
    "batch_compose": "compose-inbox",
    "retrain": "retrain-model",
    "promote": "move-champion",
    "watch": "watch-data",
    "drift": "check-drift",
    "prune": "delete-old",
}
"""The name of each flow's deployment, by the flow's own."""
_MOST = 70  # characters of what a run is about


@dataclass(frozen=True)
class RunName:
    """The `flow_run_name` of a flow: what a run is about, and when it is due, in local time.

    For example ``retrain: data/ has changed: 382 files, 3 Dec 03:00``. `about` gets the parameters
    that were given.
    """

    about: Callable[[Mapping[str, Any]], str]

    def __call__(self) -> str:
        """The name of the run under way."""
        return self.of(flow_run.parameters, flow_run.scheduled_start_time)

    def of(self, parameters: Mapping[str, Any], due: datetime) -> str:
        """The name of any run."""
        return f"{one_line(self.about(parameters), _MOST)}, {due.astimezone():%-d %b %H:%M}"


def of_style(given: Mapping[str, Any]) -> str:
    """What the name of a run says of its style; nothing for Bach's."""
    return f" {given['style']}" if given.get("style") else ""


def titled(properties: Mapping[str, dict[str, Any]]) -> None:
    """Give parameters of a JSON schema the titles of a form: ``Only new`` for ``only_new``."""
    for name, about in properties.items():
        about["title"] = name.replace("_", " ").capitalize()
