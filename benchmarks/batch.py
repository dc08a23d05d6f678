"""How fast batches of real folk melodies are composed: is time linear, is memory bounded?

``kantor batch`` is run on so many melodies, each time in a process of its own and into a new
folder, start and page and all. *Peak* is the largest sum of the processes' resident memory.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness
import psutil
import tunes

_EVERY = 0.2  # seconds between looks at the memory


def measure(inbox: Path, model: Path, workers: int, particles: int | None) -> tuple[float, float]:
    """Compose all melodies of a folder: seconds, and the peak memory in MB."""
    with tempfile.TemporaryDirectory(prefix="kantor-batch-") as out:
        command = ["-m", "kantor.cli", "batch", inbox, "--out", out, "--model", model]
        command += ["--format", "mid"]  # to write MusicXML as well takes longer
        command += ["--particles", particles] if particles else []
        began, peak = time.perf_counter(), 0.0
        process = subprocess.Popen(
            [sys.executable, *map(str, command), "--workers", str(workers)],
            stdout=subprocess.DEVNULL,
        )
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(_EVERY)
        if process.returncode not in (0, 2):  # 2: some tunes cannot be used
            raise SystemExit(f"the batch failed: exit code {process.returncode}")
        return time.perf_counter() - began, peak


def _memory(pid: int) -> float:
    """Resident memory of a process and all that it started, in MB; what they share counts twice."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total / 1e6


def main() -> int:
    """Measure each size in turn; print a table."""
    parser = harness.parser(__doc__)
    parser.add_argument("sizes", nargs="*", type=harness.positive, default=[100, 1_000, 10_000])
    parser.add_argument("--model", type=Path, default=harness.ROOT / "build/model")
    parser.add_argument("--folk", type=Path, default=harness.ROOT / "build/folk", help="a cache")
    parser.add_argument("--workers", type=harness.positive, default=2)
    parser.add_argument("--particles", type=harness.positive, help="the model's own if not said")
    asked = parser.parse_args()
    harness.machine()
    rows = []
    for size in asked.sizes:
        with tempfile.TemporaryDirectory(prefix="kantor-folk-") as inbox:
            for path in tunes.midi_files(asked.folk, size):
                (Path(inbox) / path.name).write_bytes(path.read_bytes())
            time.sleep(1.5)  # what changed a moment ago is left for the next pass
            seconds, peak = measure(Path(inbox), asked.model, asked.workers, asked.particles)
        rows.append((f"{size:,}", f"{seconds:.1f}", f"{1000 * seconds / size:.1f}", f"{peak:,.0f}"))
    print(harness.table(("melodies", "seconds", "ms a melody", "peak MB"), rows))
    return 0


if __name__ == "__main__":
    harness.main(main, "batch")
