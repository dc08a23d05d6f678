"""Ask a person in Prefect's page whether a challenger shall be the champion.

Prefect keeps the answer with the flow run, in the same step in which it lets the run go on. So a
run that is killed right after the answer, and begun again, finds it and does not ask again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID, uuid4

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect import get_client, get_run_logger, pause_flow_run  # noqa: E402
from prefect.exceptions import FlowPauseTimeout  # noqa: E402
from prefect.input import RunInput  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402
from prefect.states import Running  # noqa: E402
from pydantic import ValidationError  # noqa: E402

from kantor.promotion.comparison import Approval, ModelComparison  # noqa: E402
from kantor.promotion.rendering import comparison_markdown  # noqa: E402
from kantor.service.parameters import Retrain  # noqa: E402

PARAMS = Path(__file__).resolve().parents[1] / "params.yaml"
_MOST = 200  # inputs of a flow run that Prefect gives at once; three for each time it asked


class Decision(RunInput):
    """The form in Prefect's page. Nothing in it is filled in: no answer must not pass for a yes."""

    promote: bool
    your_name: str
    why: str


def ask(comparison: ModelComparison) -> Approval | None:
    """Pause the flow run until somebody has filled in the form; None if nobody does in time.

    Where this run was killed after an answer on the same two versions, that answer counts.
    """
    pair = f"{comparison.name} {comparison.challenger} {comparison.champion}"
    about = hashlib.sha256(pair.encode()).hexdigest()[:16]
    answer = _earlier_answer(about)
    if answer is not None:
        get_run_logger().info("answered by %s before this run was begun again", answer.your_name)
    else:
        answer = _wait_for_answer(comparison, about)
    if answer is None:
        return None
    return Approval(answer.promote, answer.your_name or "someone", answer.why or "no reason given")


def _earlier_answer(about: str) -> Decision | None:
    """The answer that this flow run was given to the same question before it was begun again."""
    with get_client(sync_client=True) as client:
        kept = client.filter_flow_run_input(
            UUID(str(flow_run.id)), key_prefix=f"paused-{about}-", limit=_MOST, exclude_keys=set()
        )
    for entry in reversed(kept):
        if entry.key.endswith("-response"):
            try:
                return Decision.model_validate_json(entry.value)
            except ValidationError:
                continue
    return None


def _wait_for_answer(comparison: ModelComparison, about: str) -> Decision | None:
    hours = settings.load(Retrain, "retrain", PARAMS).approval_hours
    question = f"Shall version {comparison.challenger} be the champion?"
    text = f"{comparison_markdown(comparison)}\n\n{question}"
    form = Decision.with_initial_data(description=text)
    get_run_logger().info("waiting for a person: Resume, on this run's page")
    try:
        # A run that was begun again would find its former pause ended, hence a key of its own.
        key = f"{about}-{uuid4().hex}"
        return pause_flow_run(wait_for_input=form, timeout=int(hours * 3600), key=key)
    except FlowPauseTimeout:
        _end_pause()
        return None


def _end_pause() -> None:
    """Take the flow run out of its pause: ended in it, Prefect would call it failed."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(str(flow_run.id)), Running(), force=True)
