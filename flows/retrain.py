"""Flow `retrain`: bring the pipeline up to date, and promote what it made by the rule.

Run it by hand with ``python flows/retrain.py``; nothing changed means done in seconds.
"""

from __future__ import annotations

import os
import sys
from typing import Literal

from base import PARAMS, ROOT
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from promote import ask

from kantor import settings
from kantor.locks import Busy
from kantor.promotion import rendering
from kantor.promotion.comparison import (
    ModelComparison,
    compare,
    decided,
    deciding,
    settle,
    undecided,
)
from kantor.service import pipeline
from kantor.service.parameters import Retrain
from kantor.service.pass_page import PLOT, Pass, inline, markdown


@task
def reproduce(force: bool, lock: int) -> list[str]:
    """Run every stage that something changed for; the names of those that ran."""
    return pipeline.reproduce(ROOT, get_run_logger().info, force, lock)


@flow(name="retrain", log_prints=True)
def retrain(
    reason: str = "by hand",
    force: bool = False,
    promote: Literal["auto", "approve", "never"] | None = None,
) -> str:
    """Bring the pipeline up to date, compare what it made with the champion, promote by the rule.

    Parameters
    ----------
    reason
        For those who look at the run later.
    force
        Run every stage, whether or not anything changed for it.
    promote
        Whether the better one is promoted at once, or a person is asked, or never; by default
        what ``params.yaml`` says.
    """
    log = get_run_logger()
    log.info("asked for: %s", reason)
    done = _pass(reason, force)
    rule = settings.load(settings.Promote, "promote", PARAMS)
    rule = rule.model_copy(update={"mode": promote or rule.mode})
    outcome = done.summary[0] if done.summary else "nothing changed: every stage is up to date"
    compared = False
    try:
        with deciding(ROOT):
            while pair := undecided(ROOT):
                outcome, compared = _decide(done, pair, rule, reason), True
    except Busy:
        outcome, compared = f"{outcome}; another run decides on the challenger", False
    if not compared:
        log.info(outcome)
        if done.ran:
            _show(done, outcome, None)
    return outcome


def _pass(reason: str, force: bool) -> Pass:
    """Bring the pipeline up to date, when nobody else does."""
    log = get_run_logger()
    limits = settings.load(Retrain, "retrain", PARAMS)
    with pipeline.alone(ROOT, log.info) as lock:
        changed = pipeline.changed(ROOT)
        if not changed and not force:
            return Pass(reason, (), (), ())
        for line in changed:
            log.info("changed for %s", line)
        tried = reproduce.with_options(
            retries=limits.retries, retry_delay_seconds=limits.retry_seconds
        )
        ran = tried(force, lock)
        summary = pipeline.run_logged([sys.executable, "-m", "kantor.registry"], ROOT, log.info)
    return Pass(reason, changed, ran, summary)


def _decide(done: Pass, pair: str, rule: settings.Promote, reason: str) -> str:
    """Compare challenger and champion and do what the rule says; what was done."""
    get_run_logger().info("comparing %s", pair)
    comparison = compare(root=ROOT, rule=rule)
    _show(done, f"{comparison.name}: {pair}", comparison)
    outcome = settle(ROOT, comparison, reason, ask)
    get_run_logger().info(outcome)
    decided(ROOT, pair)
    _show(done, outcome, comparison)
    return outcome


def _show(done: Pass, outcome: str, comparison: ModelComparison | None) -> None:
    text = markdown(done, outcome, comparison, os.environ)
    create_markdown_artifact(text, key="retrain", description=outcome)
    if comparison is not None:
        rendering.draw(comparison, ROOT / PLOT)
        create_image_artifact(inline(ROOT / PLOT), key="drawing", description=outcome)


if __name__ == "__main__":
    retrain()
