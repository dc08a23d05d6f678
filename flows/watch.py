"""Flow `watch`: notice new scores in ``data/`` and start retraining; record a moved champion."""

from __future__ import annotations

from pathlib import Path

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect import flow, get_run_logger  # noqa: E402
from retraining import start_retraining  # noqa: E402

from kantor.errors import InputError, SetupError  # noqa: E402
from kantor.promotion.promote import audit  # noqa: E402
from kantor.service.inbox import announced, new_scores  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


@flow(name="watch")
def watch() -> str:
    """Start retraining once for each content of the data folder that no pass has read."""
    _look_at_champion()
    scores = new_scores(ROOT)
    if scores is None:
        get_run_logger().info("data/ is as it was")
        return "unchanged"
    get_run_logger().info(scores.line)
    start_retraining(scores.line, scores.key)
    announced(ROOT, scores)  # after the run is stored: a failure above is made up for later
    return scores.line


def _look_at_champion() -> None:
    """Record a champion that was moved in MLflow's page."""
    log = get_run_logger()
    try:
        moved = audit(root=ROOT)
    except (InputError, SetupError) as error:
        log.warning(error)
    else:
        if moved is not None:
            log.info("version %s was made champion in %s", moved.after, moved.by)


if __name__ == "__main__":
    watch()
