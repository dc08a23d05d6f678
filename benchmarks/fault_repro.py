"""Two runs of the pipeline at once: the second waits, and then finds nothing left to do."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clone import Clone, Process, small_clone
from trial import Trial

_PATIENCE = 600.0


def trials(_times: int) -> Iterator[Trial]:
    """Once with both going on, once with the first killed while the second waits."""
    with tempfile.TemporaryDirectory(prefix="kantor-repro-") as scratch:
        folder = Path(scratch)
        ready = small_clone(folder / "ready")
        # One environment is enough: this one's packages with the clone's own source.
        (ready.root / ".venv").symlink_to(sys.prefix)
        yield _both(ready.copied(folder / "both"), folder)
        yield _first_killed(ready.copied(folder / "killed"), folder)


def _both(clone: Clone, folder: Path) -> Trial:
    began = time.monotonic()
    first = _make(clone, folder / "first")
    _until(folder / "first", b"Running stage 'ingest'")
    second = _make(clone, folder / "second")
    codes = first.wait(_PATIENCE), second.wait(_PATIENCE)
    one, other = ((folder / name).read_text() for name in ("first", "second"))
    held = (
        codes == (0, 0)
        and one.count("Running stage") == 5
        and "waiting: the pipeline is run by process" in other
        and "Running stage" not in other
    )
    outcome = (
        "the second says for whom it waits, then that all is up to date; each stage ran once"
        if held
        else f"exit codes {codes}; the second said {other[-300:]!r}"
    )
    return Trial("two `make repro` at once", 1, outcome, time.monotonic() - began, held)


def _first_killed(clone: Clone, folder: Path) -> Trial:
    began = time.monotonic()
    first = _make(clone, folder / "first")
    _until(folder / "first", b"Running stage 'validate'")
    second = _make(clone, folder / "second")
    _until(folder / "second", b"waiting: the pipeline is run by")
    clone.kill_group(first)
    code = second.wait(_PATIENCE)
    said = (folder / "second").read_text()
    held = code == 0 and "Running stage 'ingest'" not in said and said.count("Running stage") == 4
    outcome = (
        "the second takes over and goes on after the last finished stage"
        if held
        else f"exit code {code}; the second said {said[-300:]!r}"
    )
    what = "the same, the first killed (kill -9) while the second waits"
    return Trial(what, 1, outcome, time.monotonic() - began, held)


def _make(clone: Clone, said: Path) -> Process:
    path = f"{clone.root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = ("make", "--no-print-directory", "--old-file=.venv/.ready", "repro")
    return clone.start(*command, said=said, PATH=path)


def _until(said: Path, words: bytes) -> None:
    """Wait until a command says `words`.

    Raises
    ------
    TimeoutError
        If it does not.
    """
    end = time.monotonic() + _PATIENCE
    while words not in said.read_bytes():
        if time.monotonic() > end:
            raise TimeoutError(f"not said: {words!r}, but {said.read_bytes()[-500:]!r}")
        time.sleep(0.05)
