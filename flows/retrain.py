"""Flow `retrain`: bring the pipeline up to date, its progress in Prefect's log.

Run it by hand with ``python flows/retrain.py``; nothing changed means done in seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect import flow, get_run_logger, task  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


class StageFailed(RuntimeError):
    """A stage of the pipeline failed; what was there before stays as it was."""


def run_logged(command: Sequence[str], root: Path, log: Callable[[str], object]) -> list[str]:
    """Run a command in `root`, passing each line on as it comes.

    Returns
    -------
    list of str
        All lines.

    Raises
    ------
    StageFailed
        With the last line that was not DVC's own, if the command fails.
    """
    # DVC's stages say `python`: they mean the one that runs here.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}
    lines = []
    with subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            log(lines[-1])
    if process.returncode:
        told = [line for line in lines if line and not line.startswith("ERROR:")]
        raise StageFailed(told[-1] if told else f"{command[0]}: exit code {process.returncode}")
    return lines


@task
def reproduce(root: Path) -> None:
    """Run every stage that something changed for."""
    run_logged([sys.executable, "-m", "dvc", "repro"], root, get_run_logger().info)


@flow(name="retrain", log_prints=True)
def retrain(root: Path = ROOT) -> list[str]:
    """Reproduce the pipeline and say what stands in the registry afterwards."""
    reproduce(root)
    return run_logged([sys.executable, "-m", "kantor.registry"], root, print)


if __name__ == "__main__":
    retrain()
