"""Flows `watch` and `drift`: what starts retraining, and records a champion that was moved."""

from __future__ import annotations

from functools import partial

from base import ROOT
from naming import DEPLOYMENTS, RunName, of_style
from prefect import flow, get_client, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.exceptions import ObjectNotFound

import kantor.drift
from kantor import settings, styles
from kantor.errors import InputError, SetupError
from kantor.promotion.promote import audit
from kantor.service.inbox import announced, new_scores

RETRAIN = f"retrain/{DEPLOYMENTS['retrain']}"


@flow(
    name="watch",
    description="Look for new scores in data/, and start one retraining for them.",
    flow_run_name=RunName(lambda _: "look for new scores"),
)
def watch() -> str:
    """Notice new scores in data/, and start retraining once for each content of the folder."""
    log = get_run_logger()
    try:
        if (moved := audit(root=ROOT)) is not None:
            log.info("version %s was made champion in %s", moved.after, moved.by)
    except (InputError, SetupError) as error:
        log.warning(error)
    scores = new_scores(ROOT)
    if scores is None:
        log.info("data/ is as it was")
        return "unchanged"
    log.info(scores.line)
    start_retraining(scores.line, scores.key)
    announced(ROOT, scores)  # after the run is stored: a failure above is made up for later
    return scores.line


@flow(
    name="drift",
    description="Compare the melodies that came in with the training data. Start a retraining if "
    "they stay unlike them.",
    flow_run_name=RunName(lambda given: f"compare the{of_style(given)} melodies that came in"),
)
def drift(style: str = "") -> str:
    """Compare the melodies that came in with the training's; start retraining if drift stays.

    Args:
        style: The style whose melodies and model these are, such as pop. Empty: Bach's.
    """
    root = styles.folder_of(ROOT, style)
    limits = settings.load(settings.Drift, "drift", settings.params_path(root))
    folder = root / limits.log
    recent = kantor.drift.last(folder, limits.last)
    if len(recent) < limits.least:
        get_run_logger().info("%d melodies, %d are needed to compare", len(recent), limits.least)
        return "too few"
    training = kantor.drift.training(root / "build" / "scores.npz")
    report = kantor.drift.compare(recent, training, limits)
    get_run_logger().info(report.line)
    create_markdown_artifact(report.markdown, key="drift", description=report.line)
    start = partial(start_retraining, f"drift: {report.line}", style=style)
    kantor.drift.watch(folder, bool(report.beyond), limits.in_a_row, start)
    return report.line


def start_retraining(reason: str, key: str, style: str = "") -> None:
    """Create a run of `retrain`, and return when the server has stored it.

    The key names the cause: however often this is called with one key, there is one run.

    Raises
    ------
    SetupError
        If nothing serves the flow `retrain`; else whatever Prefect's client raises.
    """
    given = {"reason": reason} | ({"style": style} if style else {})
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(RETRAIN)
        except ObjectNotFound:
            raise SetupError(f"{RETRAIN} is not deployed; `make serve` does that") from None
        client.create_flow_run_from_deployment(deployment.id, parameters=given, idempotency_key=key)


if __name__ == "__main__":
    watch()
