"""Emit an event that starts other flows, from a flow that ends right afterwards."""

from __future__ import annotations

import time

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect.events import emit_event  # noqa: E402

_SENDING = 2.0  # seconds in which the event leaves this process


def announce(event: str, about: str, reason: str) -> None:
    """Emit `event` about the resource `about`, and wait until it has left this process."""
    emit_event(event, {"prefect.resource.id": about}, payload={"reason": reason})
    time.sleep(_SENDING)
