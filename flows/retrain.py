"""Flow `retrain`: bring the pipeline up to date, its progress in Prefect's log.

Run it by hand with ``python flows/retrain.py``; nothing changed means done in seconds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect import flow, get_run_logger, task  # noqa: E402
from prefect.artifacts import create_markdown_artifact  # noqa: E402

from kantor.operations import pipeline  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


@task
def reproduce(force: bool, lock: int) -> list[str]:
    """Run every stage that something changed for; the names of those that ran."""
    return pipeline.reproduce(ROOT, get_run_logger().info, force, lock)


@flow(name="retrain", log_prints=True)
def retrain(reason: str = "by hand", force: bool = False) -> list[str]:
    """Reproduce the pipeline and say what stands in the registry afterwards.

    Parameters
    ----------
    reason
        Why, for those who read of it later.
    force
        Run every stage, whether or not anything changed for it.
    """
    log = get_run_logger()
    limits = settings.load(settings.Retrain, "retrain", ROOT / "params.yaml")
    log.info("asked for: %s", reason)
    with pipeline.alone(ROOT, log.info) as lock:
        what = pipeline.changed(ROOT)
        if not what and not force:
            log.info("nothing changed: every stage is up to date")
            return []
        for line in what:
            log.info("changed for %s", line)
        tried = reproduce.with_options(
            retries=limits.retries, retry_delay_seconds=limits.retry_seconds
        )
        ran = tried(force, lock)
        told = pipeline.run_logged([sys.executable, "-m", "kantor.registry"], ROOT, log.info)
    create_markdown_artifact(_markdown(reason, what, ran, told), key="retrain", description=told[0])
    return told


def _markdown(reason: str, what: list[str], ran: list[str], told: list[str]) -> str:
    """What was done and what came of it, for Prefect's page."""
    front, mlflow = os.environ.get("KANTOR_URL", ""), os.environ.get("KANTOR_MLFLOW_URL", "")
    links = [f"[report]({front}/reports/report.html)"] if front else []
    links += [f"[models in MLflow]({mlflow}/#/models)"] if mlflow else []
    changes = "\n".join(f"- {line}" for line in what) or "- nothing; every stage was forced"
    table = "\n".join(told[1:])
    return (
        f"**{told[0]}**\n\nAsked for: {reason}. Ran: {', '.join(ran) or 'no stage'}.\n\n"
        f"Changed:\n\n{changes}\n\n```\n{table}\n```\n\n{' · '.join(links)}\n"
    )


if __name__ == "__main__":
    retrain()
