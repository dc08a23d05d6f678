"""Start a retraining from another flow, in a way that survives a server that dies meanwhile."""

from __future__ import annotations

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect import get_client  # noqa: E402
from prefect.exceptions import ObjectNotFound  # noqa: E402

RETRAIN = "retrain/kantor"


class NotDeployed(RuntimeError):
    """The server has no deployment that retrains; the message is one line."""


def start_retraining(reason: str, key: str) -> None:
    """Create a run of `retrain`, and return when the server has stored it.

    Parameters
    ----------
    reason
        Why, for those who read of the run later.
    key
        Names the cause. However often this is called with one key, there is one run.

    Raises
    ------
    NotDeployed
        If nothing serves the flow `retrain`.
    Exception
        Whatever Prefect's client raises when the server does not store the run.
    """
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(RETRAIN)
        except ObjectNotFound:
            raise NotDeployed(f"{RETRAIN} is not deployed; `make serve` does that") from None
        client.create_flow_run_from_deployment(
            deployment.id, parameters={"reason": reason}, idempotency_key=key
        )
