"""A registry that is out of reach, locked, moved by a wrong clock, or killed amid its moves.

The registry is a small one of its own, whose versions have no files: what is tried is everything
but the models.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from trial import Trial

from kantor.errors import InputError, SetupError
from kantor.promotion import gate
from kantor.promotion import history as events
from kantor.promotion.alias_audit import audit
from kantor.promotion.history import history
from kantor.promotion.previous import PREVIOUS, back
from kantor.promotion.promote import promote, rollback
from kantor.registry import model_name, versions

ROOT = Path(__file__).resolve().parents[1]
MOST = 10.0  # seconds until the line
VERSIONS = 6
KINDS = {
    "refused": "which refuses the connection",
    "lost": "whose packets are lost",
    "silent": "which takes the connection and never answers",
}

# Moves without end, each to a version drawn at random; no model is loaded.
MOVES = """
import pathlib, random, sys
from kantor.errors import InputError, SetupError
from kantor.promotion import gate
from kantor.promotion.promote import promote, rollback
root = pathlib.Path(sys.argv[1])
gate.unsound = lambda *_: []
gate.reasons_against = lambda *_: []
while True:
    try:
        print("move", flush=True)
        if random.random() < 0.3:
            rollback("trial", "trial", root=root)
        else:
            promote(random.randint(1, int(sys.argv[2])), "trial", "trial", root=root)
    except (InputError, SetupError):
        pass
"""


def trials(times: int) -> Iterator[Trial]:
    """Each kind `times` times, but for the locked database, for which MLflow waits long."""
    for kind, told in KINDS.items():
        yield _out_of_reach(kind, told, times)
    with tempfile.TemporaryDirectory(prefix="kantor-registry-") as scratch:
        made = _registry(Path(scratch) / "made")
        yield _locked(made)
        yield _wrong_clocks(made, Path(scratch), times)
        yield _killed(made, times)


def _out_of_reach(kind: str, told: str, times: int) -> Trial:
    began = time.monotonic()
    took, wrong = [], 0
    with _address(kind) as address:
        for _ in range(times):
            start = time.monotonic()
            code, said = _kantor(ROOT, "models", "list", MLFLOW_TRACKING_URI=address)
            took.append(time.monotonic() - start)
            wrong += code != 1 or said.count("\n") != 1 or "does not answer" not in said
    outcome = (
        f"one line after {min(took):.1f} to {max(took):.1f} s"
        if not wrong
        else f"{wrong} times no such line"
    )
    held = not wrong and max(took) <= MOST
    what = f"`kantor models list` with a registry's server {told}"
    return Trial(what, times, outcome, time.monotonic() - began, held)


@contextlib.contextmanager
def _address(kind: str) -> Iterator[str]:
    """The address of a server that is not one."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        if kind != "refused":
            listening.listen(0 if kind == "lost" else 100)
        for _ in range(4 if kind == "lost" else 0):  # what comes after the queue is full is dropped
            full = stack.enter_context(socket.socket())
            full.setblocking(False)
            full.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def _locked(root: Path) -> Trial:
    began = time.monotonic()
    with contextlib.closing(sqlite3.connect(root / "mlflow.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        code, said = _kantor(root, "models", "retire", "2", "--why", "trial")
    held = code == 1 and said.count("\n") == 1 and "another process is writing" in said
    outcome = "one line, no SQL" if held else said[:200]
    what = "a move while another process holds a write lock on `mlflow.db`"
    return Trial(what, 1, outcome, time.monotonic() - began, held)


def _wrong_clocks(made: Path, scratch: Path, times: int) -> Trial:
    began = time.monotonic()
    chance = random.Random(0)
    wrong: list[str] = []
    gate.unsound = lambda *_: []  # type: ignore[assignment]
    gate.reasons_against = lambda *_: []  # type: ignore[assignment]
    for number in range(times):
        root = scratch / f"clocks{number}"
        shutil.copytree(made, root)
        wrong += _history_with_wrong_clocks(root, chance)
        shutil.rmtree(root)
    outcome = "; ".join(sorted(set(wrong))[:3]) or (
        "each history in its order, nothing made up; rollbacks led to no version twice"
    )
    what = (
        f"{2 * VERSIONS} promotions, before each the clock set up to two days forth or back, "
        "then rollbacks until none was left"
    )
    return Trial(what, times, outcome, time.monotonic() - began, not wrong)


def _history_with_wrong_clocks(root: Path, chance: random.Random) -> list[str]:
    """What did not hold."""
    now = 1
    wanted = []
    for _ in range(2 * VERSIONS):
        _set_clock(chance.uniform(-48, 48))
        after = chance.choice([v for v in range(1, VERSIONS + 1) if v != now])
        promote(after, "trial", "trial", root=root)
        wanted.append(("promote", now, after))
        now = after
    found = [(event.what, event.before, event.after) for event in history(root=root)]
    visited = [now]
    with contextlib.suppress(InputError, SetupError):
        while True:
            visited.append(rollback("trial", "trial", root=root).after or 0)
    wrong = ["the history is not what was done"] if found != wanted else []
    return wrong + (["a rollback led back"] if len({*visited}) < len(visited) else [])


def _set_clock(hours: float) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(hours=hours)  # type: ignore[arg-type]

    events.datetime = Clock  # type: ignore[attr-defined, misc]


def _killed(root: Path, times: int) -> Trial:
    began = time.monotonic()
    chance = random.Random(0)
    wrong = 0
    for number in range(times):
        _moved_and_killed(root, chance.uniform(0, 2))
        audit(root=root)
        wrong += not _true(root)
        print(f"registry: killed {number + 1} times", file=sys.stderr, flush=True)
    moves = history(root=root)
    torn = sum(event.what == "elsewhere" for event in moves)
    outcome = (
        f"{len(moves)} moves; after each kill the aliases stand where the history says; "
        f"{torn} killed between record and switch are in it as moved back"
    )
    if wrong:
        outcome = f"{wrong} times the aliases were not what the history says"
    what = "moves of the champion killed (kill -9) at a random moment"
    return Trial(what, times, outcome, time.monotonic() - began, not wrong)


def _moved_and_killed(root: Path, seconds: float) -> None:
    command = [sys.executable, "-c", MOVES, str(root), str(VERSIONS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment(root)) as process:
        assert process.stdout is not None
        for _ in range(2):  # the first move is made by then
            process.stdout.readline()
        time.sleep(seconds)
        process.kill()


def _true(root: Path) -> bool:
    """Whether the aliases stand where the history says."""
    moves = history(root=root)
    at = {alias: row["version"] for row in versions(root=root) for alias in row["aliases"]}
    if not moves:
        return PREVIOUS not in at
    way = back(moves, range(1, VERSIONS + 1))
    return (at["champion"], at.get(PREVIOUS)) == (moves[-1].after, way.to)


def _registry(root: Path) -> Path:
    """A repository with nothing but a registry of some versions."""
    root.mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root)
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    name = model_name(root)
    client.create_registered_model(name)
    for _ in range(VERSIONS):
        client.create_model_version(name, str(root / "nowhere"))
    client.set_registered_model_alias(name, "champion", "1")
    return root


def _kantor(root: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """A command that a person types: its exit code and what it says on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "kantor.cli", *arguments],
        env=_environment(root) | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def _environment(root: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return kept | {"PYTHONPATH": str(ROOT / "src"), "KANTOR_HOME": str(root)}
