"""Flow `watch`: notice new scores in ``data/`` and ask for retraining; record a moved champion."""

from __future__ import annotations

from pathlib import Path

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from announcing import announce  # noqa: E402
from prefect import flow, get_run_logger  # noqa: E402

from kantor.operations.changes import announced, new_data  # noqa: E402
from kantor.registry import RegistryError, notice  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
EVENT = "kantor.data.changed"


@flow(name="watch")
def watch() -> str:
    """Say once of each content of the data folder that it is not what the model learned from."""
    _look_at_champion()
    news = new_data(ROOT)
    get_run_logger().info(news or "data/ is as it was")
    if news is None:
        return "unchanged"
    announce(EVENT, "kantor.data", news)
    announced(ROOT)
    return news


def _look_at_champion() -> None:
    """Record a champion that was moved in MLflow's page."""
    log = get_run_logger()
    try:
        moved = notice(root=ROOT)
    except RegistryError as error:
        log.warning(error)
    else:
        if moved is not None:
            log.info("version %s was made champion in %s", moved.after, moved.by)


if __name__ == "__main__":
    watch()
