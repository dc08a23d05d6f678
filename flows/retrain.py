"""Flow `retrain`: bring the pipeline up to date, and promote what it made by the rule.

Run it by hand with ``python flows/retrain.py``; nothing changed means done in seconds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from base import PARAMS, ROOT
from naming import RunName, of_style
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Cancelled
from promote import ask

from kantor import settings, styles
from kantor.locks import Busy
from kantor.promotion import page
from kantor.promotion.comparison import (
    ModelComparison,
    compare,
    decided,
    deciding,
    settle,
    undecided,
)
from kantor.promotion.page import PLOT
from kantor.service import pipeline
from kantor.service.failures import StageStopped
from kantor.service.parameters import Retrain
from kantor.service.pass_page import Pass, inline, markdown


@task(name="run the stages", task_run_name="run the stages of dvc.yaml")
def reproduce(root: Path, force: bool, lock: int) -> list[str]:
    """Run every stage that something changed for; the names of those that ran."""
    return pipeline.reproduce(root, get_run_logger().info, force, lock)


@flow(
    name="retrain",
    description="Train a new version where data, parameters or code have changed. Compare it with "
    "the champion, and promote it by the rule or after a person's word.",
    flow_run_name=RunName(
        lambda given: f"retrain{of_style(given)}: {given.get('reason', 'what has changed')}"
    ),
    log_prints=True,
)
def retrain(
    reason: str = "by hand",
    force: bool = False,
    promote: Literal["auto", "approve", "never"] | None = None,
    style: str = "",
) -> str | State[str]:
    """Bring the pipeline up to date, compare what it made with the champion, promote by the rule.

    Args:
        reason: Why, for those who look at the run and the history later.
        force: Run every stage, even if nothing has changed for it.
        promote: What happens to a version that is better: promote it at once (auto), ask a person
            first (approve), or leave the champion (never). Empty: what params.yaml says.
        style: The style whose model it is, such as pop; its data must be there. Empty: Bach's.
    """
    root = styles.folder_of(ROOT, style)
    log = get_run_logger()
    log.info("asked for: %s", reason)
    try:
        done = _pass(root, reason, force)
    except StageStopped as stopped:
        return Cancelled(message=str(stopped))
    rule = settings.load(settings.Promote, "promote", settings.params_path(root))
    rule = rule.model_copy(update={"mode": promote or rule.mode})
    outcome = done.summary[0] if done.summary else "nothing changed: every stage is up to date"
    compared = False
    try:
        with deciding(root):
            while pair := undecided(root):
                outcome, compared = _decide(root, done, pair, rule, reason), True
    except Busy:
        outcome, compared = f"{outcome}; another run decides on the challenger", False
    if not compared:
        log.info(outcome)
        if done.ran:
            _show(root, done, outcome, None)
    return outcome


def _pass(root: Path, reason: str, force: bool) -> Pass:
    """Bring the pipeline up to date, when nobody else does."""
    log = get_run_logger()
    limits = settings.load(Retrain, "retrain", PARAMS)
    with pipeline.alone(root, log.info) as lock:
        changed = pipeline.changed(root)
        if not changed and not force:
            return Pass(reason, (), (), ())
        for line in changed:
            log.info("changed for %s", line)
        tried = reproduce.with_options(
            retries=limits.retries,
            retry_delay_seconds=limits.retry_seconds,
            retry_condition_fn=reproduce_again,
        )
        ran = tried(root, force, lock)
        told = [sys.executable, "-m", "kantor.registry", *(["style", root.name] * (root != ROOT))]
        summary = pipeline.run_logged(told, ROOT, log.info)
    return Pass(reason, changed, ran, summary)


def reproduce_again(_task: object, _run: object, state: State[list[str]]) -> bool:
    """Whether it is worth another try: not where somebody stopped it."""
    return not isinstance(state.result(raise_on_failure=False), StageStopped)


def _decide(root: Path, done: Pass, pair: str, rule: settings.Promote, reason: str) -> str:
    """Compare challenger and champion and do what the rule says; what was done."""
    get_run_logger().info("comparing %s", pair)
    comparison = compare(root=root, rule=rule)
    page.write(comparison, root)
    _show(root, done, f"{comparison.name}: {pair}", comparison)
    outcome = settle(root, comparison, reason, ask)
    get_run_logger().info(outcome)
    decided(root, pair)
    _show(root, done, outcome, comparison)
    return outcome


def _show(root: Path, done: Pass, outcome: str, comparison: ModelComparison | None) -> None:
    text = markdown(done, outcome, comparison, os.environ)
    create_markdown_artifact(text, key="retrain", description=outcome)
    if comparison is not None:
        create_image_artifact(inline(root / PLOT), key="drawing", description=outcome)


if __name__ == "__main__":
    retrain()
