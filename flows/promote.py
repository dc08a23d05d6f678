"""Flow `promote`: move the champion as `kantor models` does, from Prefect's page.

Run it by hand with ``python flows/promote.py``: by the rule. If the rule wants a person's approval,
the flow run waits for it on its page. Prefect keeps the answer with the flow run, in the same step
in which it lets the run go on. So a run that is killed right after the answer, and begun again,
finds it and does not ask again.
"""

from __future__ import annotations

import hashlib
import os
from typing import Literal
from uuid import UUID, uuid4

from base import PARAMS, ROOT
from naming import RunName, of_style
from prefect import flow, get_client, get_run_logger, pause_flow_run
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from prefect.exceptions import FlowPauseTimeout
from prefect.input import RunInput
from prefect.runtime import flow_run
from prefect.states import Running
from pydantic import Field

from kantor import settings, styles
from kantor.promotion import page, rendering
from kantor.promotion import promote as moves
from kantor.promotion.champion_history import history
from kantor.promotion.comparison import Approval, ModelComparison, compare, settle
from kantor.promotion.page import PLOT
from kantor.service.parameters import Retrain
from kantor.service.pass_page import form, inline

_MOST = 200  # inputs of a flow run that Prefect gives at once; three for each time it asked


@flow(
    name="promote",
    description="Make another version the champion: by the rule, by hand, or back to the one "
    "before.",
    flow_run_name=RunName(
        lambda given: (
            f"{given.get('action', 'by the rule')}:{of_style(given)} "
            f"{given.get('version', 'challenger')}"
        )
    ),
)
def promote(
    action: Literal["by the rule", "promote", "rollback", "retire"] = "by the rule",
    version: str = "challenger",
    why: str = "",
    by: str = "",
    force: bool = False,
    style: str = "",
) -> str:
    """Move the champion, by the rule or by hand; or go back to the one before.

    Args:
        action: By the rule: compare the version with the champion and do what params.yaml says.
            The others do what they say, or fail with all that the gate has against it.
        version: The version's number, or an alias such as challenger. A rollback needs none.
        why: The reason, for the history. Only by the rule needs none.
        by: Your name, for the history.
        force: Promote or roll back in spite of the gate. What it has against it is recorded.
        style: The style whose model it is, such as pop. Empty: Bach's.
    """
    root = styles.folder_of(ROOT, style)
    if action == "by the rule":
        comparison = compare(version, root=root)
        page.write(comparison, root)
        text = rendering.comparison_markdown(comparison)
        create_markdown_artifact(text, key="comparison", description=comparison.name)
        create_image_artifact(inline(root / PLOT), key="drawing", description=comparison.name)
        outcome = settle(root, comparison, why or "asked for by hand", ask, by or "flow promote")
    elif action == "retire":
        outcome = moves.retire(version, why, by, root=root).line
    elif action == "rollback":
        outcome = moves.rollback(why, by, force, root=root).line
    else:
        outcome = moves.promote(version, why, by, force, root=root).line
    get_run_logger().info(outcome)
    champions = rendering.history_markdown(history(root=root))
    create_markdown_artifact(champions, key="champions", description=outcome)
    return outcome


class Decision(RunInput):
    """The form in Prefect's page. Nothing in it is filled in: no answer must not pass for a yes."""

    promote: bool = Field(
        title="Make the challenger champion",
        description="On: it composes from now on. Off: the champion stays.",
    )
    your_name: str = Field(title="Your name", description="It goes into the history.")
    why: str = Field(
        title="Why", description="One sentence for the history, such as: sounds better in minor."
    )


def ask(comparison: ModelComparison) -> Approval | None:
    """Pause the flow run until somebody has filled in the form; None if nobody does in time.

    Where this run was killed after an answer on the same two versions, that answer counts.
    """
    pair = f"{comparison.name} {comparison.challenger} {comparison.champion}"
    question = hashlib.sha256(pair.encode()).hexdigest()[:16]
    answer = _earlier_answer(question) or _wait_for_answer(comparison, question)
    if answer is None:
        return None
    return Approval(answer.promote, answer.your_name or "someone", answer.why or "no reason given")


def _earlier_answer(question: str) -> Decision | None:
    """The answer that this flow run was given to the same question before it was begun again."""
    run, prefix = UUID(str(flow_run.id)), f"paused-{question}-"
    with get_client(sync_client=True) as client:
        kept = client.filter_flow_run_input(run, prefix, limit=_MOST, exclude_keys=set())
    answers = [entry.value for entry in kept if entry.key.endswith("-response")]
    if not answers:
        return None
    answer = Decision.model_validate_json(answers[-1])
    get_run_logger().info("answered by %s before this run was begun again", answer.your_name)
    return answer


def _wait_for_answer(comparison: ModelComparison, question: str) -> Decision | None:
    hours = settings.load(Retrain, "retrain", PARAMS).approval_hours
    text = form(comparison, inline(ROOT / PLOT), os.environ)
    asked = Decision.with_initial_data(description=text)
    get_run_logger().info("waiting for a person: Resume, on this run's page")
    try:
        # A run that was begun again would find its former pause ended, hence a key of its own.
        key = f"{question}-{uuid4().hex}"
        return pause_flow_run(wait_for_input=asked, timeout=int(hours * 3600), key=key)
    except FlowPauseTimeout:
        # Out of the pause: ended in it, Prefect would call the flow run failed.
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(UUID(str(flow_run.id)), Running(), force=True)
        return None


if __name__ == "__main__":
    promote()
