"""Batches that are killed again and again, whose registry is away, or whose model is damaged.

The model is the repository's own (``build/model`` and the registry beside it): `make repro`.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from composing import melody
from trial import Trial

from kantor.formats import midi

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "build/model"
MELODIES = 60
AWAY = 60.0  # seconds
_PATIENCE = 900.0
_TIMES = ["seconds", "finished"]


def trials(times: int) -> Iterator[Trial]:
    """Kill, and damage models, `times` times; then take the registry away once."""
    with tempfile.TemporaryDirectory(prefix="kantor-batch-") as scratch:
        folder = Path(scratch)
        inbox = folder / "inbox"
        inbox.mkdir()
        for seed in range(MELODIES):
            midi.write(melody(4 + seed % 9, seed), inbox / f"melody{seed:02}.mid")
        (inbox / "damaged.mid").write_bytes(b"MThd and no more")
        time.sleep(2)  # what changed a moment ago is left for the next pass
        yield _killed(inbox, folder, times)
        yield _damaged_before(inbox, folder, times)
        yield _damaged_after(inbox, folder, times)
        yield _without_registry(inbox, folder)


def _killed(inbox: Path, folder: Path, times: int) -> Trial:
    what = "a batch killed (kill -9) at a random moment and started again"
    if not MODEL.is_dir():
        return Trial(what, 0, "there is no build/model: `make repro` makes it", 0.0, None)
    began = time.monotonic()
    calm = folder / "calm"
    _finished(_start(inbox, calm, MODEL), None)
    lasted = time.monotonic() - began
    expected = _result(calm)
    chance = random.Random(0)
    kills = ends = 0
    wrong: list[str] = []
    while kills < times or ends == 0:
        out = folder / f"killed{ends}"
        while not _finished(
            _start(inbox, out, MODEL), chance.uniform(0, lasted) if kills < times else None
        ):
            kills += 1
            print(f"batch: killed {kills} times", file=sys.stderr, flush=True)
        ends += 1
        wrong += _differences(expected, _result(out))
        shutil.rmtree(out)
    outcome = f"{MELODIES} melodies, {ends} batches came to their end, " + (
        f"not as the undisturbed one: {', '.join(sorted(set(wrong))[:5])}"
        if wrong
        else "files and manifest those of the undisturbed one; none lost, none twice"
    )
    return Trial(what, kills, outcome, time.monotonic() - began, not wrong)


def _damaged_before(inbox: Path, folder: Path, times: int) -> Trial:
    what = (
        "a batch begun with a model whose `runtime.npz` is cut at a random byte, then a whole one"
    )
    if not MODEL.is_dir():
        return Trial(what, 0, "there is no build/model: `make repro` makes it", 0.0, None)
    began, chance, wrong = time.monotonic(), random.Random(0), []
    for number in range(times):
        out, cut = folder / f"before{number}", folder / f"cut{number}"
        shutil.copytree(MODEL, cut)
        os.truncate(cut / "runtime.npz", chance.randrange((cut / "runtime.npz").stat().st_size))
        code, said = _said(inbox, out, cut)
        if code != 1 or "runtime.npz" not in said or said.count("\n") != 1:
            wrong.append(f"exit code {code}, {said[-200:]!r}")
        _finished(_start(inbox, out, MODEL), None)
        wrong += _miscounted(out, "batch-*")
        shutil.rmtree(out)
    outcome = (
        f"otherwise {len(wrong)} times, at first {wrong[0]}"
        if wrong
        else "one line names the file; the next call composed all melodies, in its first batch"
    )
    return Trial(what, times, outcome, time.monotonic() - began, not wrong)


def _damaged_after(inbox: Path, folder: Path, times: int) -> Trial:
    what = "the kept model of a killed batch damaged or removed, and the same command again"
    if not MODEL.is_dir():
        return Trial(what, 0, "there is no build/model: `make repro` makes it", 0.0, None)
    began, wrong = time.monotonic(), []
    for number in range(times):
        out = folder / f"after{number}"
        process = _start(inbox, out, MODEL)
        while not list(out.glob("files/*/*")) and process.poll() is None:
            time.sleep(0.02)
        process.kill()
        process.wait()
        for kept in (out / "models").glob("[0-9a-f]*"):
            if number % 2:
                shutil.rmtree(kept)
            else:
                os.truncate(kept / "runtime.npz", 1000)
        _finished(_start(inbox, out, MODEL), None)
        given_up = [path for path in _pages(out) if "Given up before its end" in path.read_text()]
        if [path.parent.name for path in given_up] != ["batch-0001"]:
            wrong.append(f"{len(given_up)} batches were given up")
        wrong += _miscounted(out, "batch-0002")
        shutil.rmtree(out)
    outcome = (
        f"otherwise {len(wrong)} times, at first {wrong[0]}"
        if wrong
        else "the batch is given up, its page says why; the same call ends a new one with every "
        "melody in it, none composed twice"
    )
    return Trial(what, times, outcome, time.monotonic() - began, not wrong)


def _said(inbox: Path, out: Path, model: Path) -> tuple[int, str]:
    """The exit code of a batch that cannot begin, and what it says."""
    with (out.parent / "said").open("w+b") as said:
        code = _start(inbox, out, model, said).wait(_PATIENCE)
        said.seek(0)
        return code, said.read().decode()


def _pages(out: Path) -> list[Path]:
    return sorted(out.glob("batch-*/index.html"))


def _miscounted(out: Path, batch: str) -> list[str]:
    """What is wrong with the one batch in which all melodies should be, each with its files."""
    rows = [pd.read_parquet(path) for path in out.glob(f"{batch}/manifest.parquet")]
    good = [int(found["status"].isin(["composed", "reused"]).sum()) for found in rows]
    files = ";".join(text for found in rows for text in found["files"] if text).split(";")
    found = {path.relative_to(out).as_posix() for path in (out / "files").rglob("*.*")}
    if good != [MELODIES] or set(files) != found:
        return [f"{good} melodies in {batch}, {len(found ^ set(files))} files of no or another one"]
    return []


def _without_registry(inbox: Path, folder: Path) -> Trial:
    what = f"a batch begun while the registry's server is away for {AWAY:.0f} s"
    if not (ROOT / "mlflow.db").is_file():
        return Trial(what, 0, "there is no registry: `make repro` makes it", 0.0, None)
    began = time.monotonic()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    out = folder / "away"
    process = _start(inbox, out, "champion", MLFLOW_TRACKING_URI=f"http://127.0.0.1:{port}")
    time.sleep(AWAY)
    waited = process.poll() is None
    server = [sys.executable, "-m", "kantor.service.mlflow_server"]
    with subprocess.Popen([*server, "--port", port], cwd=ROOT, env=_environment()) as serving:
        try:
            ended = waited and _finished(process, None)
        finally:
            serving.terminate()
    composed = (_result(out)["status"] == "composed").sum() if ended else 0
    outcome = f"it waited, then composed {composed} of {MELODIES}" if waited else "it gave up"
    return Trial(what, 1, outcome, time.monotonic() - began, bool(composed == MELODIES))


def _start(
    inbox: Path, out: Path, model: Any, said: Any = None, **variables: str
) -> subprocess.Popen[bytes]:
    """The command that a person types."""
    command = ["-m", "kantor.cli", "batch", inbox, "--out", out, "--model", model]
    return subprocess.Popen(
        [sys.executable, *map(str, command), "--chunk", "4", "--format", "mid,musicxml"],
        cwd=ROOT,
        env=_environment() | variables,
        stdout=subprocess.DEVNULL,
        stderr=said,
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def _finished(process: subprocess.Popen[bytes], seconds: float | None) -> bool:
    """Wait for a batch, or kill it after `seconds`; whether it came to its end before.

    Raises
    ------
    RuntimeError
        If it fails by itself or does not end.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        if process.wait(_PATIENCE if seconds is None else seconds) not in (0, 2):
            raise RuntimeError(f"kantor batch: exit code {process.returncode}")
        return True
    process.kill()
    process.wait()
    if seconds is None:
        raise RuntimeError("the batch does not come to its end")
    return False


def _result(out: Path) -> pd.DataFrame:
    """The manifest but for its times, with each row's bytes."""
    # Killed between its last file and its exit, a batch has ended; the next one finds nothing new.
    manifest = min(out.glob("batch-*/manifest.parquet"))
    rows = pd.read_parquet(manifest).drop(columns=_TIMES)
    named = {path for files in rows["files"] for path in files.split(";") if path}
    found = {path.relative_to(out).as_posix() for path in (out / "files").rglob("*.*")}
    extra = sorted(found ^ named)
    contents = [_contents(out, files.split(";")) for files in rows["files"]]
    return rows.assign(contents=contents, extra=";".join(extra))


def _contents(out: Path, paths: Sequence[str]) -> bytes:
    return b"".join((out / path).read_bytes() for path in paths if path)


def _differences(expected: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """What is not alike: columns, or the rows themselves."""
    if list(expected["source"]) != list(found["source"]):
        return ["rows"]
    return [name for name in expected if not expected[name].equals(found[name])]
