"""How fast batches of real folk melodies are composed: is time linear, is memory bounded?

``kantor batch`` is run on 100, 1,000 and 10,000 melodies (`folk`), each in a process of its own and
into a new folder, start and page and all. Two shares are the model's: *of the workers' time*, the
time that their models worked, of wall time times workers; *of the wall time*, that in which
at least one worker's model was at work, from the start of the process to its end, while another may
have read or written. *Peak* is the largest sum of the processes' resident memory.

Melodies of any length are made where it is said: ``python benchmarks/batch.py 42 --bars 990``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import machine
from composing import write_melodies
from folk import melodies, packs

ROOT = Path(__file__).resolve().parents[1]
_EVERY = 0.2  # seconds between looks at the memory
PACKED = 10_000
"""More melodies than this come in zip files, and in several keys."""


@dataclass(frozen=True)
class Figures:
    """What one batch took."""

    melodies: int
    steps: int
    seconds: float
    composing: float
    model_share: float
    model_at_work: float
    peak_mb: float

    @property
    def row(self) -> str:
        """A row of the table."""
        return (
            f"| {self.melodies:,} | {self.steps:,} | {self.seconds:.1f} | {self.composing:.1f} "
            f"| {1000 * self.seconds / self.melodies:.1f} | {self.model_share:.0%} "
            f"| {self.model_at_work:.0%} | {self.peak_mb:,.0f} |"
        )


HEAD = (
    "| melodies | steps | seconds | of these composing | ms a melody | model, of the workers' time "
    "| a model at work, of the wall time | peak MB |\n|---|---|---|---|---|---|---|---|"
)

SCRIPT = """
import json, os, sys, time
from pathlib import Path
from kantor import forking

if __name__ == "__main__":
    forking.begin(forking.BATCH)

from kantor.batch import Batch, Plan, run
from kantor.batch.dispatcher import processes
from kantor.registry import fetch, load_alone


class Logged:
    def __init__(self, model):
        self._model = model

    def __call__(self, *given, **knobs):
        began = time.monotonic()
        answer = self._model(*given, **knobs)
        with (Path(__file__).parent / f"{os.getpid()}.spans").open("a") as log:
            print(began, time.monotonic(), file=log)
        return answer

    def __getattr__(self, name):
        return getattr(self.__dict__["_model"], name)


def load(folder):
    return Logged(load_alone(folder))


if __name__ == "__main__":
    inbox, out, model, workers, chunk = sys.argv[1:]
    batch = Batch(out=Path(out), workers=int(workers), chunk=int(chunk))
    with processes(batch.workers) as engine:
        plan = Plan((inbox,), batch, lambda into: fetch(into, model), load)
        summary = run(plan, engine)
    (Path(__file__).parent / "composing").write_text(str(summary.composing_seconds))
"""


def measure(inbox: Path, model: Path, workers: int, chunk: int) -> Figures:
    """Compose all melodies of a folder in a process of its own."""
    import pandas as pd

    with tempfile.TemporaryDirectory(prefix="kantor-batch-") as scratch:
        out, script = Path(scratch) / "out", Path(scratch) / "script.py"
        script.write_text(SCRIPT)
        command = [sys.executable, script, inbox, out, model, workers, chunk]
        began = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)),
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(_EVERY)
        seconds = time.perf_counter() - began
        if process.returncode:
            raise SystemExit(f"the batch failed: exit code {process.returncode}")
        composing = float((Path(scratch) / "composing").read_text())
        rows = pd.read_parquet(out / "batch-0001/manifest.parquet")
        spans = _spans(Path(scratch))
    at_work = _covered(spans) / seconds
    share = sum(ended - began for began, ended in spans) / (seconds * workers)
    return Figures(len(rows), int(rows["steps"].sum()), seconds, composing, share, at_work, peak)


def _spans(folder: Path) -> list[tuple[float, ...]]:
    """When each of the logged models began and ended a piece of work, in order."""
    lines = [line for path in folder.glob("*.spans") for line in path.read_text().splitlines()]
    return sorted(tuple(map(float, line.split())) for line in lines)


def _covered(spans: list[tuple[float, ...]]) -> float:
    """The seconds in which any model worked."""
    covered = until = 0.0
    for began, ended in spans:
        covered += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return covered


def _fill(inbox: Path, folk: Path, size: int) -> None:
    """So many melodies into a folder."""
    if size > PACKED:
        packs(folk, size, inbox)
        return
    for path in melodies(folk, size):
        (inbox / path.name).write_bytes(path.read_bytes())


def _memory(parent: int) -> float:
    """Resident memory of a process and all that it started, in MB; what they share counts twice."""
    try:
        own = int(Path(f"/proc/{parent}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    mine = own * os.sysconf("SC_PAGE_SIZE") / 1e6
    return mine + sum(_memory(child) for child in _children(parent))


def _children(parent: int) -> list[int]:
    try:
        tasks = Path(f"/proc/{parent}/task").iterdir()
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    except OSError:
        return []


def main() -> None:
    """Measure each size in turn; print a table, write it as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", type=machine.positive, default=[100, 1_000, 10_000])
    parser.add_argument("--model", type=Path, default=ROOT / "build/model")
    parser.add_argument("--folk", type=Path, default=ROOT / "build/folk", help="cache of melodies")
    parser.add_argument("--bars", type=machine.positive, help="made melodies, so long, not folk's")
    parser.add_argument("--workers", type=machine.positive, default=2)
    parser.add_argument("--chunk", type=machine.positive, default=250)
    parser.add_argument("--out", type=Path, default=ROOT / "build/batch.json")
    asked = parser.parse_args()
    about = machine.describe()
    machine.warn_if_busy(about)
    found = []
    print(HEAD)
    for size in asked.sizes:
        with tempfile.TemporaryDirectory(prefix="kantor-folk-") as scratch:
            if asked.bars:
                write_melodies(Path(scratch), size, asked.bars)
            else:
                _fill(Path(scratch), asked.folk, size)
            time.sleep(1.5)  # what changed a moment ago is left for the next pass
            found.append(measure(Path(scratch), asked.model, asked.workers, asked.chunk))
        print(found[-1].row, flush=True)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    figures = {"machine": about, "batches": [asdict(one) for one in found]}
    asked.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
