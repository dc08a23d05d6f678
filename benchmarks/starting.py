"""What a start costs: fresh processes of `kantor`, one after the other, timed from outside.

Each command runs by turns with the others; the files that it reads are in the system's cache after
the first turn, which does not count. Importing TensorFlow and MLflow stands beside them for
comparison.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import harness

BARS = 4
"""Of the melody that is harmonised."""


def commands(model: str, folder: Path) -> dict[str, list[str]]:
    """What is started, by what the table calls it."""
    (melody,) = harness.write_melodies(folder, 1, BARS)
    kantor = [sys.executable, "-m", "kantor.cli"]
    compose = [*kantor, "compose", str(melody), "--model", model, "--out", str(folder / "out")]
    python = [sys.executable, "-c"]
    return {
        "kantor --help": [*kantor, "--help"],
        "kantor compose, mid": [*compose, "--format", "mid"],
        "kantor compose, mid and png": [*compose, "--format", "mid,png"],
        "kantor compose, mid, with a critic": [*compose, "--format", "mid", "--candidates", "4"],
        "import mlflow": [*python, "import mlflow"],
        "import tensorflow": [*python, "import tensorflow"],
    }


def start(command: list[str]) -> tuple[float, float, int]:
    """Run a command to its end: seconds, processor seconds, and bytes that it held at most.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0o600) for stream in (1, 2)]
    began = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(process, 0)
    seconds = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"failed: {' '.join(command)}")
    return seconds, used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss


def main() -> int:
    """Measure and print."""
    parser = harness.parser(__doc__)
    parser.add_argument("--model", default="build/model", help="as `kantor compose` takes it")
    parser.add_argument("--rounds", type=harness.positive, default=5, help="(5)")
    asked = parser.parse_args()
    harness.machine()
    runs: dict[str, list[tuple[float, float, int]]] = {}
    with tempfile.TemporaryDirectory(prefix="kantor-bench-") as folder:
        for turn in range(asked.rounds + 1):
            for name, command in commands(asked.model, Path(folder)).items():
                run = start(command)
                if turn:
                    runs.setdefault(name, []).append(run)
    medians = {
        name: [statistics.median(values) for values in zip(*taken, strict=True)]
        for name, taken in runs.items()
    }
    rows = [
        (name, f"{seconds:.2f}", f"{processor:.2f}", f"{memory / 1e6:.0f}")
        for name, (seconds, processor, memory) in medians.items()
    ]
    print(harness.table(("fresh process", "seconds", "processor s", "memory MB"), rows))
    return 0


if __name__ == "__main__":
    harness.main(main, "starting")
