"""A deletion of old batches, quarantine and logs that is killed again and again.

The batches are composed by a rule: what is deleted does not depend on the model.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from composing import melody
from trial import Trial

from kantor.batch import Batch, Plan, run
from kantor.batch.dispatcher import Here
from kantor.formats import midi
from kantor.intake import Limits
from kantor.service.pruning import LOGS

ROOT = Path(__file__).resolve().parents[1]
BATCHES, EACH, SHARED = 8, 120, 20  # batches, melodies of each, of these also of the next one
OUT = Path("compositions/batches")
KEEP = {"compositions": 30, "quarantine": 30, "logs": 30}
YEAR = 365 * 24 * 3600
SCRIPT = """
import sys
from pathlib import Path
from kantor.service.pruning import prune
print("begins", flush=True)
for one in prune(Path(sys.argv[1])):
    print(one.line, flush=True)
"""
_QUERIES = (
    "SELECT number, state FROM batches ORDER BY number",
    "SELECT key FROM compositions ORDER BY key",
    "SELECT batch, name, sha256, status, key FROM entries ORDER BY 1, 2",
    "SELECT sha256, name FROM dealt ORDER BY 1, 2",
)


def trials(times: int) -> Iterator[Trial]:
    """Kill it `times` times in all, each time as often as it takes to come to its end."""
    what = "old batches, quarantine and logs being deleted, killed (kill -9) at a random moment"
    with tempfile.TemporaryDirectory(prefix="kantor-prune-") as scratch:
        folder = Path(scratch)
        ready = _repository(folder)
        began = time.monotonic()
        calm = shutil.copytree(ready, folder / "calm")
        lasted = _finished(calm, None)
        expected = _result(calm)
        chance = random.Random(0)
        kills = ends = 0
        wrong: set[str] = set()
        while kills < times or ends == 0:
            root = shutil.copytree(ready, folder / f"killed{ends}")
            while not _finished(root, chance.uniform(0, lasted) if kills < times else None):
                kills += 1
                wrong |= _lost(expected, _result(root))
                print(f"prune: killed {kills} times", file=sys.stderr, flush=True)
            ends += 1
            wrong |= {name for name, value in _result(root).items() if value != expected[name]}
            shutil.rmtree(root)
        outcome = f"{BATCHES} batches of {EACH} melodies, {ends} deletions came to their end, "
        outcome += (
            f"not as the undisturbed one: {', '.join(sorted(wrong))}"
            if wrong
            else "ledger and files those of the undisturbed one; nothing deleted that should stay"
        )
        yield Trial(what, kills, outcome, time.monotonic() - began, not wrong)


def _repository(folder: Path) -> Path:
    """Batches of which all but the last ended a year ago, each with something refused."""
    root = folder / "ready"
    out = root / OUT
    for number in range(BATCHES):
        inbox = folder / f"inbox{number}"
        inbox.mkdir()
        first = number * (EACH - SHARED)
        for seed in range(first, first + EACH):
            midi.write(melody(2, seed), inbox / f"melody{seed:04}.mid")
        (inbox / "damaged.mid").write_bytes(b"MThd and no more %d" % number)
        batch = Batch.model_validate({"out": out, "page": {"recorded": 0}})
        run(Plan((str(inbox),), batch, _fetch, _load, Limits(settle=0)), Here())
    with closing(sqlite3.connect(out / "ledger.sqlite")) as ledger, ledger:
        ledger.execute(
            "UPDATE batches SET finished = '2000-01-01T00:00:00+00:00' WHERE number < ?", (BATCHES,)
        )
    (root / LOGS).mkdir(parents=True)
    (root / LOGS / "flows.log").write_text("a line\n")
    packs = sorted((out / "quarantine").iterdir(), key=lambda path: path.stat().st_mtime)
    for path in (*packs[:-1], root / LOGS / "flows.log"):
        os.utime(path, (time.time() - YEAR, time.time() - YEAR))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["keep"] |= KEEP
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    return root


def _fetch(into: Path) -> str:
    (into / "model.json").write_text("{}")
    return "a rule"


def _load(_: str) -> Any:
    return _parallel


def _parallel(given: Any, seeds: Any) -> Any:
    """Voices in parallel below the soprano."""
    soprano = given.pitches[..., :1].astype(int)
    lower = np.where(soprano < 0, -1, soprano - 4 * np.arange(4))
    pitches = np.where(given.mask, given.pitches, lower).astype(np.int8)
    return pitches, np.where(given.mask, given.onsets, given.onsets[..., :1])


def _finished(root: Path, seconds: float | None) -> float:
    """Delete what is old, killed after so many seconds; how long it took, 0 if it was killed."""
    command = [sys.executable, "-c", SCRIPT, str(root)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.monotonic()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return 0.0
    if process.returncode:
        raise RuntimeError(f"pruning {root} failed: {process.returncode}")
    return time.monotonic() - began


def _result(root: Path) -> dict[str, list[Any]]:
    """What the ledger says, which files there are, and which of those that it names are not."""
    with closing(sqlite3.connect(root / OUT / "ledger.sqlite")) as ledger:
        rows = {query: ledger.execute(query).fetchall() for query in _QUERIES}
    files = [path for path in root.rglob("*") if path.is_file()]
    names = {path.relative_to(root).as_posix(): path.stat().st_size for path in files}
    kept = {name: size for name, size in names.items() if "ledger.sqlite" not in name}
    kept.pop((OUT / ".lock").as_posix(), None)  # holds the name of the last process
    return rows | {"files": sorted(kept.items())}


def _lost(expected: dict[str, list[Any]], now: dict[str, list[Any]]) -> set[str]:
    """Of what stays in the end, what is not there amid it."""
    entries = _QUERIES[2]
    missing = {f"row {row}" for row in set(expected[entries]) - set(now[entries])}
    gone = {name for name, _ in expected["files"]} - {name for name, _ in now["files"]}
    return missing | gone
