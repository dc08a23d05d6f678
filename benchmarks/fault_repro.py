"""Two runs of the pipeline at once: the second waits, and then finds nothing left to do."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clone import Clone, Process, small_clone
from trial import Trial

_PATIENCE = 600.0
_WAITS = "waiting: the pipeline is run by process"


def trials(times: int) -> Iterator[Trial]:
    """Of the first stage often, of all once; and once with the first killed."""
    with tempfile.TemporaryDirectory(prefix="kantor-repro-") as scratch:
        folder = Path(scratch)
        ready = small_clone(folder / "ready")
        yield _typed(ready.copied(folder / "typed"), folder, times)
        yield _both(ready.copied(folder / "both"), folder)
        yield _first_killed(ready.copied(folder / "killed"), folder)


def _typed(clone: Clone, folder: Path, times: int) -> Trial:
    began = time.monotonic()
    faults = []
    for seed in range(1, times + 1):
        clone.change(ingest={"split": {"seed": seed}})
        said = [folder / f"typed-{seed}-{one}" for one in range(2)]
        both = [clone.start("dvc", "repro", "ingest", said=path) for path in said]
        codes = [process.wait(_PATIENCE) for process in both]
        texts = [path.read_text() for path in said]
        waited = sum(_WAITS in text for text in texts)
        ran = sum(text.count("Running stage") for text in texts)
        if codes != [0, 0] or waited != 1 or ran != 1:
            faults.append(f"exit codes {codes}, {waited} waited, the stage ran {ran} times")
    outcome = (
        f"{times} times one of them said for whom it waits, then that all is up to date; the stage "
        "ran once"
        if not faults
        else f"otherwise {len(faults)} times, at first {faults[0]}"
    )
    what = "`dvc repro ingest` typed twice at the same instant"
    return Trial(what, times, outcome, time.monotonic() - began, not faults)


def _both(clone: Clone, folder: Path) -> Trial:
    began = time.monotonic()
    first = _repro(clone, folder / "first")
    _until(folder / "first", b"Running stage 'ingest'")
    second = _repro(clone, folder / "second")
    codes = first.wait(_PATIENCE), second.wait(_PATIENCE)
    one, other = ((folder / name).read_text() for name in ("first", "second"))
    held = (
        codes == (0, 0)
        and one.count("Running stage") == 5
        and _WAITS in other
        and "Running stage" not in other
    )
    outcome = (
        "the second says for whom it waits, then that all is up to date; each stage ran once"
        if held
        else f"exit codes {codes}; the second said {other[-300:]!r}"
    )
    return Trial("two `dvc repro` at once", 1, outcome, time.monotonic() - began, held)


def _first_killed(clone: Clone, folder: Path) -> Trial:
    began = time.monotonic()
    first = _repro(clone, folder / "first")
    _until(folder / "first", b"Running stage 'validate'")
    second = _repro(clone, folder / "second")
    _until(folder / "second", _WAITS.encode())
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


def _repro(clone: Clone, said: Path) -> Process:
    return clone.start("dvc", "repro", said=said)


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
