"""Whether a stage runs in an experiment of DVC's (`dvc exp run`), and undoing a refused one.

In the workspace DVC writes the values of ``-S`` into ``params.yaml`` before any stage runs, and
leaves them there whatever comes of it. Edits that are not committed it stashes before and takes up
again; Git keeps that stash for a while, though nothing names it any more.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from kantor import files

if TYPE_CHECKING:
    import psutil


def name() -> str:
    """What the experiment is called that this process belongs to; empty outside of any."""
    return os.environ.get("DVC_EXP_NAME", "")


def put_back(path: Path) -> bool:
    """Make a file that Git knows what it was before ``dvc exp run -S`` changed it; whether it did.

    Does nothing outside of an experiment, in one that runs in a copy of the repository, and where
    it cannot be told what the file was.
    """
    root = path.absolute().parent
    command = _command()
    if command is None or Path(os.environ.get("DVC_ROOT", "")).resolve() != root.resolve():
        return False
    try:
        before = _git(root, "show", f"{_stashed(root, command)}:./{path.name}")
    except (OSError, subprocess.SubprocessError):
        return False
    if before == path.read_bytes():
        return False
    files.save(path, lambda file: file.write(before))
    return True


def _command() -> psutil.Process | None:
    """The `dvc exp run` that this process belongs to."""
    if not name():
        return None
    import psutil

    family = psutil.Process().parents()
    return next((one for one in family if "dvc" in [Path(w).name for w in one.cmdline()]), None)


def _stashed(root: Path, command: psutil.Process) -> str:
    """The commit with the edits that a command took aside; ``HEAD`` if there were none.

    It is a stash on HEAD that nothing names, made since the command began.
    """
    head = _git(root, "rev-parse", "HEAD").decode().strip()
    lines = _git(root, "fsck", "--no-reflogs", "--no-progress").decode().splitlines()
    dangling = [line.split()[-1] for line in lines if line.startswith("dangling commit ")]
    newest = int(command.create_time()), "HEAD"
    for commit in dangling:
        made, *parents = _git(root, "show", "-s", "--format=%ct %P", commit).decode().split()
        if len(parents) > 1 and parents[0] == head:  # the other holds the index
            newest = max(newest, (int(made), commit))
    return newest[1]


def _git(root: Path, *command: str) -> bytes:
    done = subprocess.run(["git", *command], cwd=root, capture_output=True, check=True, timeout=60)
    return done.stdout
