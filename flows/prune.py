"""Flow `prune`: delete what is older than the block `keep` of params.yaml says.

Run it by hand with ``python flows/prune.py [--dry-run]``.
"""

from __future__ import annotations

import sys

from base import ROOT
from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact

from kantor.errors import SetupError
from kantor.service import pruning


@flow(name="prune")
def prune(dry_run: bool = False) -> str:
    """Delete what is older than params.yaml says; say what went, or would go in a dry run."""
    pruned = []
    for one in pruning.prune(ROOT, dry_run):
        pruned.append(one)
        get_run_logger().info(one.line)
    summary = "; ".join(one.line for one in pruned)
    create_markdown_artifact(pruning.markdown(pruned), key="pruned", description=summary)
    if faults := [one.line for one in pruned if one.fault and not one.passing]:
        raise SetupError("; ".join(faults))
    return summary


if __name__ == "__main__":
    prune("--dry-run" in sys.argv[1:])
