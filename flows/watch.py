"""Flow `watch`: notice new scores in ``data/``, and ask for retraining."""

from __future__ import annotations

import time
from pathlib import Path

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect import flow, get_run_logger  # noqa: E402
from prefect.events import emit_event  # noqa: E402

from kantor.operations.changes import announced, new_data  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
EVENT = "kantor.data.changed"
_SENDING = 2.0  # seconds in which the event leaves this process


@flow(name="watch")
def watch() -> str:
    """Say once of each content of the data folder that it is not what the model learned from."""
    news = new_data(ROOT)
    get_run_logger().info(news or "data/ is as it was")
    if news is None:
        return "unchanged"
    emit_event(EVENT, {"prefect.resource.id": "kantor.data"}, payload={"reason": news})
    time.sleep(_SENDING)
    announced(ROOT)
    return news


if __name__ == "__main__":
    watch()
