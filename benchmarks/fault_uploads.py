"""Ten thousand damaged uploads: none may end the process, hold it up, or fill the memory.

Each goes the way of an upload: out of a folder, a third of them inside a zip file, through the
readers, and up to what would be composed. That happens in a process that for each file may take
200 MB more than it has; if a file ends it, the next process goes on behind that file. Linux only:
peaks of memory are read from /proc.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from damage import damaged, sound_files
from trial import Trial

COUNT = 10_000
MEMORY = 200_000_000
SECONDS = 1.0
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_PATIENCE = 60.0  # seconds without a word, and the process counts as hanging


def trials(_times: int) -> Iterator[Trial]:
    """One trial of all of them."""
    began = time.monotonic()
    found: Counter[str] = Counter()
    worst: dict[str, Any] = {"seconds": 0.0, "bytes": 0}
    faults: list[str] = []
    first = 0
    while first < COUNT:
        for line in _process(first):
            told = json.loads(line)
            if "began" in told:
                first = told["began"] + 1
                if first % 500 == 0:
                    print(f"uploads: {first:,} of {COUNT:,}", file=sys.stderr, flush=True)
                continue
            found.update(told["outcomes"])
            worst = {name: max(worst[name], told[name]) for name in worst}
            faults += told["faults"]
            break
        else:
            faults.append(f"seed {first - 1} ended the process")
    outcome = (
        f"{found['read']:,} read, {found['refused']:,} refused; at most {worst['seconds']:.2f} s "
        f"of processor time a file and {worst['bytes'] / 1e6:.0f} MB of memory"
    )
    if faults:
        outcome = f"{len(faults)} failed ({'; '.join(faults[:5])}); {outcome}"
    held = not faults and worst["bytes"] <= MEMORY
    yield Trial("damaged uploads read", COUNT, outcome, time.monotonic() - began, held)


def _process(first: int) -> Iterator[str]:
    """What a process says that reads all uploads from the seed `first` on."""
    command = [sys.executable, __file__, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        import threading

        heard = time.monotonic()

        def watch() -> None:
            while process.poll() is None:
                if time.monotonic() - heard > _PATIENCE:
                    process.kill()
                time.sleep(1)

        threading.Thread(target=watch, daemon=True).start()
        for line in process.stdout or ():
            heard = time.monotonic()
            yield line


def read_all(first: int, count: int, folder: Path) -> dict[str, Any]:
    """Read the uploads of the seeds from `first` up to `count`, telling which one is begun."""
    outcomes: Counter[str] = Counter()
    faults: list[str] = []
    slowest, largest = 0.0, 0
    files = sound_files()
    attempt(files[0], 0, folder)
    for seed in range(first, count):
        print(json.dumps({"began": seed}), flush=True)
        data = damaged(files, seed)
        with limited_memory() as growth:
            began = time.process_time()
            try:
                outcomes[attempt(data, seed, folder)] += 1
            except BaseException as error:
                faults.append(f"seed {seed}: {type(error).__name__} {error}"[:120])
            taken = time.process_time() - began
        slowest, largest = max(slowest, taken), max(largest, growth[0])
        if taken > SECONDS:
            faults.append(f"seed {seed}: {taken:.1f} s")
    return {"outcomes": outcomes, "faults": faults, "seconds": slowest, "bytes": largest}


def attempt(data: bytes, seed: int, folder: Path) -> str:
    """Take the bytes in like an upload; whether they were read or refused."""
    from kantor.compose.from_file import from_file
    from kantor.errors import InputError
    from kantor.intake import Limits, Refused, uploads
    from kantor.intake.limits import parse_bytes

    limits = Limits(settle=0)
    path = folder / "upload"
    path.write_bytes(_zipped(data) if seed % 3 == 0 else data)
    outcome = "refused"
    for one in uploads(str(path), limits):
        if isinstance(one, Refused):
            continue
        try:
            # Not `parse_upload`, which takes a reader's mistakes for the upload's.
            from_file(parse_bytes(one.data, limits))
        except InputError as error:
            if not str(error).isprintable():
                raise RuntimeError(f"a reason of several lines: {error!r}") from None
            continue
        outcome = "read"
    return outcome


def _zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.mid", data)
    return buffer.getvalue()


@contextmanager
def limited_memory() -> Iterator[list[int]]:
    """Within, this process gets 200 MB more and then no more; yields the growth, known after."""
    growth = [0]
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    CLEAR.write_text("5")  # the peak begins anew
    before = _kilobytes("VmRSS")
    most = 1024 * _kilobytes("VmSize") + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield growth
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        growth[0] = 1024 * (_kilobytes("VmHWM") - before)


def _kilobytes(name: str) -> int:
    (line,) = (one for one in STATUS.read_text().splitlines() if one.startswith(f"{name}:"))
    return int(line.split()[1])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(read_all(int(sys.argv[1]), COUNT, Path(scratch))), flush=True)
