"""A batch in words, for the flow's page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from kantor.batch.plan import Summary

HOME, PORT, USUAL_PORT = "KANTOR_HOME", "KANTOR_PORT", "8400"


def markdown(summary: Summary, root: Path, environ: Mapping[str, str] = os.environ) -> str:
    """What a batch came to, and where its page and its manifest are.

    Parameters
    ----------
    root
        The repository. Under ``make serve`` its front page serves what lies in it; elsewhere
        the files are named by their paths.
    """
    lines = [f"# Batch {summary.number}", "", f"Model: {summary.model}", ""]
    lines += ["| status | files |", "|---|---:|"]
    lines += [f"| {status} | {count:,} |" for status, count in sorted(summary.counts.items())]
    lines += ["", f"{summary.seconds:.1f} s. {_files(summary.folder, root, environ)}", ""]
    if summary.full:
        lines += [f"{summary.full} (`intake` in params.yaml)", ""]
    return "\n".join(lines)


def _files(folder: Path, root: Path, environ: Mapping[str, str]) -> str:
    if HOME in environ and folder.is_relative_to(root):
        port = environ.get(PORT, USUAL_PORT)
        address = f"http://127.0.0.1:{port}/{quote(folder.relative_to(root).as_posix())}"
        return f"[Look and listen]({address}/index.html), [manifest]({address}/manifest.csv)"
    return f"Look and listen: `{folder / 'index.html'}`, manifest: `{folder / 'manifest.csv'}`"
