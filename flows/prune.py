"""Flow `prune`: delete what is older than the block `keep` of params.yaml says.

Run it by hand with ``python flows/prune.py [--dry-run]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect import flow, get_run_logger  # noqa: E402
from prefect.artifacts import create_markdown_artifact  # noqa: E402

from kantor.service import pruning  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


class NotPruned(RuntimeError):
    """Something could not be deleted; the message is one line."""


@flow(name="prune")
def prune(dry_run: bool = False) -> str:
    """Delete what is too old, and say what went; started again, it goes on.

    Parameters
    ----------
    dry_run
        Delete nothing; say what would be deleted.
    """
    pruned = []
    for one in pruning.prune(ROOT, dry_run):
        pruned.append(one)
        get_run_logger().info(one.line)
    summary = "; ".join(one.line for one in pruned)
    create_markdown_artifact(pruning.markdown(pruned), key="pruned", description=summary)
    if faults := [one.line for one in pruned if one.fault and not one.passing]:
        raise NotPruned("; ".join(faults))
    return summary


if __name__ == "__main__":
    prune("--dry-run" in sys.argv[1:])
