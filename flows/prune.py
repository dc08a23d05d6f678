"""Flow `prune`: delete what is older than the block `keep` of params.yaml says.

Run it by hand with ``python flows/prune.py [--dry-run]``.
"""

from __future__ import annotations

import sys

from base import ROOT
from naming import RunName
from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact

from kantor import styles
from kantor.errors import SetupError
from kantor.service import pruning


@flow(
    name="prune",
    description="Delete batches, logs, refused uploads and retired versions that are older than "
    "the block keep of params.yaml allows.",
    flow_run_name=RunName(
        lambda given: "list what is old" if given.get("dry_run") else "delete what is old"
    ),
)
def prune(dry_run: bool = False, style: str = "") -> str:
    """Delete what is older than params.yaml says; say what went, or would go in a dry run.

    Args:
        dry_run: Only list what would be deleted.
        style: The style whose batches and versions these are, such as pop. Empty: Bach's.
    """
    pruned = []
    for one in pruning.prune(styles.folder_of(ROOT, style), dry_run):
        pruned.append(one)
        get_run_logger().info(one.line)
    summary = "; ".join(one.line for one in pruned)
    create_markdown_artifact(pruning.markdown(pruned), key="pruned", description=summary)
    if faults := [one.line for one in pruned if one.fault and not one.passing]:
        raise SetupError("; ".join(faults))
    return summary


if __name__ == "__main__":
    prune("--dry-run" in sys.argv[1:])
