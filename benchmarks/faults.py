"""Do to Kantor what months of running will do, and see whether it comes through.

Each part yields rows of a table: what was done, how often, what came of it, and whether the promise
was kept every time. A training and a batch are killed again and again, each stage of the pipeline
runs on a disk that fills up, and the parts of the service are killed while a flow runs by schedule.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
import pandas as pd
from clone import Clone, differences, small_clone

_PATIENCE = 900.0
_MODEL = harness.ROOT / "build/model"
_MELODIES = 60


@dataclass(frozen=True)
class Trial:
    """A row of the table; `held` is None where it could not be tried here."""

    what: str
    times: int
    outcome: str
    seconds: float
    held: bool | None


def killed_again_and_again(
    what: str,
    times: int,
    run: Callable[[Path, float | None], bool],
    result: Callable[[Path], Any],
    differ: Callable[[Any, Any], list[str]],
    folder: Path,
) -> Trial:
    """Kill a command at random moments; as often as it comes to its end, compare and begin anew.

    Parameters
    ----------
    run
        Runs the command on a folder until its end, or kills it after so many seconds; whether it
        came to its end.
    result, differ
        What a command left in its folder, and the names of what differs between two results.
    """
    began = time.monotonic()
    run(folder / "calm", None)
    lasted, expected = time.monotonic() - began, result(folder / "calm")
    chance = random.Random(0)
    kills = ends = 0
    faults: set[str] = set()
    while kills < times or ends == 0:
        place = folder / f"killed{ends}"
        while not run(place, chance.uniform(0, lasted) if kills < times else None):
            kills += 1
            print(f"killed {kills} times", file=sys.stderr, flush=True)
        ends += 1
        faults |= set(differ(expected, result(place)))
        shutil.rmtree(place)
    outcome = f"{ends} came to their end, "
    outcome += f"unlike the undisturbed one: {sorted(faults)[:5]}" if faults else "like the first"
    return Trial(what, kills, outcome, time.monotonic() - began, not faults)


def training(times: int) -> Iterator[Trial]:
    """Kill the stage `train`: weights, log and film stay byte for byte the same."""
    results = ("build/model", "reports/training")
    with tempfile.TemporaryDirectory(prefix="kantor-training-") as scratch:
        folder = Path(scratch)
        ready = small_clone(folder / "ready")
        ready.repro("validate")

        def run(root: Path, seconds: float | None) -> bool:
            clone = Clone(root) if root.is_dir() else ready.copied(root)
            process = clone.start("dvc", "repro", "train", said=folder / "said")
            return _ended(process, seconds, lambda: clone.kill(process), {0})

        yield killed_again_and_again(
            "a training killed (kill -9) at a random moment and started again",
            times,
            run,
            lambda root: Clone(root).contents(*results),
            differences,
            folder,
        )


def batch(times: int) -> Iterator[Trial]:
    """Kill ``kantor batch``: no melody is lost, none is composed twice."""
    what = "a batch killed (kill -9) at a random moment and started again"
    if not _MODEL.is_dir():
        yield Trial(what, 0, "there is no build/model: `make repro` makes it", 0.0, None)
        return
    with tempfile.TemporaryDirectory(prefix="kantor-batch-") as scratch:
        inbox = Path(scratch) / "inbox"
        harness.write_melodies(inbox, _MELODIES, 8)
        (inbox / "damaged.mid").write_bytes(b"MThd and no more")
        time.sleep(2)  # what changed a moment ago is left for the next pass

        def run(out: Path, seconds: float | None) -> bool:
            command = ["-m", "kantor.cli", "batch", inbox, "--out", out, "--model", _MODEL]
            process = subprocess.Popen(
                [sys.executable, *map(str, command), "--chunk", "4"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            return _ended(process, seconds, process.kill, {0, 2})

        yield killed_again_and_again(what, times, run, _composed, _unlike, Path(scratch))


def _ended(
    process: subprocess.Popen[bytes],
    seconds: float | None,
    kill: Callable[[], object],
    codes: set[int],
) -> bool:
    """Wait for a command, or kill it after `seconds`; whether it came to its end before.

    Raises
    ------
    RuntimeError
        If it fails by itself or does not end.
    """
    try:
        code = process.wait(_PATIENCE if seconds is None else seconds)
    except subprocess.TimeoutExpired:
        kill()
        process.wait()
        if seconds is None:
            raise RuntimeError("the command does not come to its end") from None
        return False
    if code not in codes:
        raise RuntimeError(f"exit code {code}")
    return True


def _composed(out: Path) -> pd.DataFrame:
    """The manifest of the first batch but for its times, with the bytes of each row's files."""
    manifest = min(out.glob("*/manifest.parquet"))
    folder, rows = manifest.parent, pd.read_parquet(manifest)
    rows = rows.drop(columns=["seconds", "finished"])
    named = {path for files in rows["files"] for path in files.split(";") if path}
    there = {path.relative_to(folder).as_posix() for path in (folder / "music").glob("*.*")}
    contents = [
        b"".join((folder / path).read_bytes() for path in files.split(";") if path)
        for files in rows["files"]
    ]
    return rows.assign(contents=contents, unnamed=";".join(sorted(there ^ named)))


def _unlike(expected: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """The columns that differ."""
    if list(expected["source"]) != list(found["source"]):
        return ["rows"]
    return [name for name in expected if not expected[name].equals(found[name])]


def main() -> int:
    """Run the parts that were asked for; 1 if a promise was not kept."""
    from fault_disk import disk
    from fault_service import service

    parts = {part.__name__: part for part in (training, batch, disk, service)}
    parser = harness.parser(__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(parts)}")
    parser.add_argument("--times", type=harness.positive, default=20, help="kills of a kind (20)")
    parser.add_argument("--out", type=Path, default=Path("build/faults.md"), help="the table")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(parts):
        parser.error(f"{min(unknown)}: no such part; there are {', '.join(parts)}")
    words = {True: "yes", False: "**no**", None: "not tried"}
    trials: list[Trial] = []
    for name in asked.parts or parts:
        for trial in parts[name](asked.times):
            trials.append(trial)
            rows = [
                (one.what, str(one.times), one.outcome, f"{one.seconds:.0f}", words[one.held])
                for one in trials
            ]
            head = ("what was done", "times", "outcome", "seconds", "held")
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            asked.out.write_text(harness.table(head, rows) + "\n")
    print(asked.out.read_text(), end="")
    return 1 if any(trial.held is False for trial in trials) else 0


if __name__ == "__main__":
    sys.modules["faults"] = sys.modules["__main__"]
    harness.main(main, "faults")
