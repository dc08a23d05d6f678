"""Do to Kantor what months of running will do, and see whether it comes through.

Each part is a module ``fault_PART.py`` beside this file, with ``trials(times)`` that yields a
`trial.Trial` for each thing that it does. Parts run in the order in which they are named.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from machine import positive
from trial import Trial, table

PARTS = {
    "uploads": "10,000 damaged uploads are read or refused",
    "disk": "every stage on a disk that fills up",
    "repro": "two runs of the pipeline at once",
    "training": "a training killed again and again",
    "batch": "a batch killed, its model damaged, and one whose registry is gone for a minute",
    "prune": "the deletion of what is old killed",
    "workers": "the main process of each kind of pool killed alone",
    "service": "the Prefect server and the serving process killed",
    "registry": "a registry out of reach, locked, moved by wrong clocks, killed amid moves",
    "serving": "each part of `make serve` stopped (SIGSTOP), and params.yaml at fault",
    "telling": "the Prefect server killed while `watch` tells of new scores",
}
_HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts that were asked for; 1 if a promise was not kept."""
    there = [part for part in PARTS if (_HERE / f"fault_{part}.py").is_file()]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    told = ", ".join(f"{part} ({PARTS[part]})" for part in there)
    parser.add_argument("parts", nargs="*", metavar="part", help=told)
    parser.add_argument("--times", type=positive, default=20, help="kills of each kind (20)")
    parser.add_argument("--out", type=Path, default=Path("build/faults.md"), help="the table")
    asked = parser.parse_args(arguments)
    unknown = [part for part in asked.parts if part not in there]
    if unknown:
        parser.error(f"{unknown[0]}: no such part; there are {', '.join(there)}")
    found: list[Trial] = []
    for part in asked.parts or there:
        for trial in _told(part, asked.times):
            found.append(trial)
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            asked.out.write_text(table(found))
    print(table(found), end="")
    return 1 if any(trial.held is False for trial in found) else 0


def _told(part: str, times: int) -> Iterator[Trial]:
    """The trials of one part, each told as it ends."""
    began = time.monotonic()
    print(f"{part}: {PARTS[part]}", file=sys.stderr, flush=True)
    for trial in importlib.import_module(f"fault_{part}").trials(times):
        word = {True: "held", False: "NOT HELD", None: "not tried"}[trial.held]
        line = f"{part}: {word}: {trial.what}: {trial.outcome}"
        print(f"{line} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
        yield trial


if __name__ == "__main__":
    sys.exit(main())
