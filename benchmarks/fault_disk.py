"""Every stage of the pipeline on a disk that fills up while it works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clone import Clone, differences, small_clone
from faults import Trial

STAGES = ("ingest", "validate", "train", "evaluate", "register")
SHARES = (0.0, 0.2, 0.4, 0.65)
"""Of what a stage writes in all, its copies in DVC's cache included, there is room for these."""
COMMAND = (
    "python -B -m kantor.service.pipeline dvc repro --single-item $1 || "
    "{ python -B -m kantor.files; exit 1; }"
)
"""What `make repro` runs, of one stage."""
RESULTS = ("build", "reports")
_SPARE = 256 << 20
_DVC_TRIES = re.compile(r"/\.[\w-]{22}\.tmp$")  # empty files with which DVC tries links
_FULL = re.compile(r"no space left|disk is full|disk i/o error", re.IGNORECASE)


def disk(_times: int) -> Iterator[Trial]:
    """One trial a stage; earlier stages are done beforehand."""
    with tempfile.TemporaryDirectory(prefix="kantor-disk-") as scratch:
        folder = Path(scratch)
        if os.geteuid() != 0:
            why = "a tmpfs needs the right to mount (root)"
            yield Trial("every stage on a full disk", 0, why, 0.0, None)
            return
        ready = small_clone(folder / "before_ingest")
        for stage in STAGES:
            calm = ready.copied(folder / f"after_{stage}")
            calm.repro("--single-item", stage)
            yield _trial(stage, ready, calm, folder / "disk")
            shutil.rmtree(ready.root)
            ready = calm


def _trial(stage: str, ready: Clone, calm: Clone, mount: Path) -> Trial:
    began = time.monotonic()
    need = _size(calm.root) - _size(ready.root)
    faults: list[str] = []
    told = set()
    failed = 0
    with _disk(mount, _size(ready.root) + _SPARE):
        clone = ready.copied(mount / "clone")
        (clone.root / "scratch").mkdir()
        for share in SHARES:
            _resize(mount, _used(mount) + int(need * share) + os.sysconf("SC_PAGE_SIZE"))
            said = mount.with_name(f"said-{stage}-{share}")
            process = clone.start(
                "sh", "-c", COMMAND, "sh", stage, said=said, TMPDIR=str(clone.root / "scratch")
            )
            code = process.wait()
            print(f"disk: {stage} with room for {share:.0%}: {code}", file=sys.stderr, flush=True)
            if code == 0:
                break
            failed += 1
            lines, wrong = _judged(stage, said.read_text(errors="replace"))
            told.update(lines)
            faults += [f"{fault} (room for {share:.0%})" for fault in wrong]
            faults += _corrupt(ready, calm, clone)
        _resize(mount, _used(mount) + need + _SPARE)
        clone.run("sh", "-c", COMMAND, "sh", stage)
        after, expected = _results(clone), _results(calm)
        faults += [f"{name} differs afterwards" for name in differences(expected, after)]
    if not failed:
        faults.append("never failed")
    outcome = f"says: {'; '.join(sorted(told))}"
    if faults:
        outcome = f"{len(faults)} faults: {'; '.join(sorted(set(faults))[:4])}; {outcome}"
    else:
        outcome += ". No file by halves; with room the next run ends like one never disturbed"
    most = SHARES[max(failed, 1) - 1]
    what = f"stage `{stage}` with room for 0% to {most:.0%} of what it writes"
    return Trial(what, failed, outcome, time.monotonic() - began, not faults)


def _judged(stage: str, said: str) -> tuple[list[str], list[str]]:
    """The lines that name the fault, and what is wrong with what was said."""
    named = [line for line in said.splitlines() if _FULL.search(line)]
    own = [line for line in named if line.startswith((f"{stage}: ", "ERROR: "))]
    own = own or [line for line in said.splitlines() if line.startswith("the disk is nearly full")]
    wrong = []
    if "Traceback" in said:
        wrong.append("a traceback")
    if not own:
        last = said.strip().splitlines()[-1:] or ["nothing"]
        wrong.append(f"no line that names it, but {last[0][:100]!r}")
    return [re.sub(r"[^\s'\"]*/clone/", "", line)[:160] for line in own], wrong


def _results(clone: Clone) -> dict[str, str]:
    """What a stage makes, but for what differs from run to run."""
    contents = clone.contents(*RESULTS)
    passed_over = (
        "reports/data_docs",
        "build/checkpoints",
        "build/times.csv",
        "build/registered.json",
    )
    return {
        name: value
        for name, value in contents.items()
        if not name.startswith(passed_over) and not _DVC_TRIES.search(name)
    }


def _corrupt(ready: Clone, calm: Clone, clone: Clone) -> list[str]:
    """Files that are neither as before nor as they should be afterwards."""
    before, after, now = _results(ready), _results(calm), _results(clone)
    log = "reports/training/history.csv"  # grows as a training goes
    return [
        f"{name} is neither old nor new"
        for name, value in now.items()
        if value not in (before.get(name), after.get(name)) and name != log
    ]


def _size(root: Path) -> int:
    """Bytes that a tree takes on a disk of whole pages."""
    page = os.sysconf("SC_PAGE_SIZE")
    sizes = (path.lstat().st_size for path in root.rglob("*") if not path.is_dir())
    return sum(page * -(-size // page) for size in sizes)


def _used(mount: Path) -> int:
    status = os.statvfs(mount)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


@contextmanager
def _disk(mount: Path, size: int) -> Iterator[None]:
    """A file system of `size` bytes in memory at `mount`."""
    mount.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "kantor", str(mount)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


def _resize(mount: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(mount)], check=True)
