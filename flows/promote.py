"""Flow `promote`: move the champion as `kantor models` does, from Prefect's page.

Run it by hand with ``python flows/promote.py``: by the rule, asking in Prefect's page if need be.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from approval import ask  # noqa: E402
from prefect import flow, get_run_logger  # noqa: E402
from prefect.artifacts import create_image_artifact, create_markdown_artifact  # noqa: E402

from kantor.promotion import promote as moves  # noqa: E402
from kantor.promotion import rendering  # noqa: E402
from kantor.promotion.champion_history import history  # noqa: E402
from kantor.promotion.comparison import compare, settle  # noqa: E402
from kantor.service.pass_page import PLOT, inline  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


@flow(name="promote")
def promote(
    action: Literal["by the rule", "promote", "rollback", "retire"] = "by the rule",
    version: str = "challenger",
    why: str = "",
    by: str = "",
    force: bool = False,
) -> str:
    """Move the champion, or see whether the rule wants it moved.

    Parameters
    ----------
    action
        ``by the rule`` compares the version with the champion and does what ``params.yaml`` says;
        the others do what they say, or fail with all that the gate has against it.
    version
        A number or an alias; a rollback needs none.
    why, by
        The reason and the person, for the history. All but ``by the rule`` need a reason.
    force
        Promote or roll back against the gate; what it said is recorded.
    """
    if action == "by the rule":
        outcome = _by_the_rule(version, why or "asked for by hand", by or "flow promote")
    elif action == "retire":
        outcome = moves.retire(version, why, by, root=ROOT).line
    elif action == "rollback":
        outcome = moves.rollback(why, by, force, root=ROOT).line
    else:
        outcome = moves.promote(version, why, by, force, root=ROOT).line
    get_run_logger().info(outcome)
    create_markdown_artifact(
        rendering.history_markdown(history(root=ROOT)), key="champions", description=outcome
    )
    return outcome


def _by_the_rule(version: str, reason: str, by: str) -> str:
    comparison = compare(version, root=ROOT)
    rendering.draw(comparison, ROOT / PLOT)
    create_markdown_artifact(
        rendering.comparison_markdown(comparison), key="comparison", description=comparison.name
    )
    create_image_artifact(inline(ROOT / PLOT), key="drawing", description=comparison.name)
    return settle(ROOT, comparison, reason, ask, by)


if __name__ == "__main__":
    promote()
