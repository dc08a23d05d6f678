"""What a start costs: fresh processes of `kantor`, one after the other, timed from outside.

Each command is run by a process of its own, by turns with the others; the files that it reads are
in the system's cache after the first turn, which does not count. Processor seconds suffer less than
seconds on the clock where other work uses the machine. Importing TensorFlow, which composing with
the preset `unet` needs and with `chorale` does not, and MLflow stands beside them for comparison.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import machine
from composing import write_melodies

BARS = 4
"""Of the melody that is harmonised."""


@dataclass(frozen=True)
class Start:
    """One run of a command.

    Attributes
    ----------
    seconds, processor : float
        On the clock, and of all cores together.
    memory : int
        Bytes that it held at most.
    """

    seconds: float
    processor: float
    memory: int


def commands(model: str, folder: Path) -> dict[str, list[str]]:
    """What is started, by what the table calls it."""
    (melody,) = write_melodies(folder, 1, BARS)
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


def start(command: list[str]) -> Start:
    """Run a command to its end.

    Raises
    ------
    RuntimeError
        If it fails.
    """
    quiet = [
        (os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_WRONLY, 0o600) for descriptor in (1, 2)
    ]
    began = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(process, 0)
    seconds = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"failed: {' '.join(command)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Start(seconds, used.ru_utime + used.ru_stime, unit * used.ru_maxrss)


def measure(model: str, rounds: int, folder: Path) -> dict[str, list[Start]]:
    """All commands by turns; the first turn does not count."""
    found: dict[str, list[Start]] = {}
    asked = commands(model, folder)
    for turn in range(rounds + 1):
        for name, command in asked.items():
            one = start(command)
            if turn:
                found.setdefault(name, []).append(one)
        print(f"turn {turn} of {rounds}", file=sys.stderr)
    return found


def summary(starts: list[Start]) -> dict[str, float]:
    """Medians, and the slowest of them."""
    rows = [asdict(one) for one in starts]
    medians = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    return {**medians, "longest": max(one.seconds for one in starts)}


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures for a person."""
    head = ("fresh process", "seconds", "longest", "processor s", "memory MB")
    rows = [
        (
            name,
            f"{one['seconds']:.2f}",
            f"{one['longest']:.2f}",
            f"{one['processor']:.2f}",
            f"{one['memory'] / 1e6:.0f}",
        )
        for name, one in found.items()
    ]
    return machine.columns(head, rows)


def main() -> int:
    """Measure, print, and write the figures where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--model", default="build/model", help="as `kantor compose` takes it")
    parser.add_argument("--rounds", type=machine.positive, default=5, help="(5)")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    about: dict[str, Any] = machine.describe()
    machine.warn_if_busy(about)
    try:
        with tempfile.TemporaryDirectory(prefix="kantor-bench-") as folder:
            found = measure(options.model, options.rounds, Path(folder))
    except RuntimeError as error:
        print(f"starting: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    medians = {name: summary(starts) for name, starts in found.items()}
    print(table(medians))
    if options.json:
        machine.save_json(options.json, {"machine": about, "commands": medians})
    return 0


if __name__ == "__main__":
    sys.exit(main())
