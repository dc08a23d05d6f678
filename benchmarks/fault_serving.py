"""A part of `make serve` that hangs is started again; a fault of params.yaml is told at once."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import served
from served import Served, until
from trial import Trial

PARTS = ("prefect", "mlflow", "front", "flows")
_FAULT = "params.yaml: serve.arivals: no such parameter; arrivals may be meant"
_WRONG = "\nserve:\n  arivals: 2\n"


def trials(times: int) -> Iterator[Trial]:
    """Stop each part `times` times, and break params.yaml so often."""
    with tempfile.TemporaryDirectory(prefix="kantor-serving-") as scratch:
        clone, said = served.copy(Path(scratch) / "clone"), Path(scratch) / "said"
        yield _refused(clone, said, times)
        with served.served(clone, said) as service:
            for part in PARTS:
                yield _stopped(service, part, times)
            yield _broken(service, times)


def _stopped(service: Served, part: str, times: int) -> Trial:
    """Stop a part; it is to be running again, and the others are to be left alone."""
    began, seconds, wrong = time.monotonic(), [], []
    for _ in range(times):
        before = service.states
        os.kill(service.process_of(part), signal.SIGSTOP)
        count = before[part].restarts + 1

        def back(count: int = count) -> bool:
            now = service.states[part]
            return now.restarts == count and now.what == "running"

        seconds.append(until(back, f"{part} is not started again"))
        after = service.states
        wrong += [name for name in PARTS if name != part and after[name] != before[name]]
        print(f"serving: {part} stopped {len(seconds)} times", file=sys.stderr, flush=True)
    outcome = f"killed and running again after {min(seconds):.0f} to {max(seconds):.0f} s"
    outcome += f"; started again as well: {', '.join(wrong)}" if wrong else "; the others ran on"
    what = f"`make serve`: the part {part} stopped (SIGSTOP), so that it hangs"
    return Trial(what, times, outcome, time.monotonic() - began, not wrong)


def _refused(clone: served.Clone, said: Path, times: int) -> Trial:
    """Start with parameters that are at fault: one line, and nothing runs."""
    began, seconds, params = time.monotonic(), [], clone.root / "params.yaml"
    good, lines = params.read_text(), []
    params.write_text(good.replace("\nserve:\n", _WRONG))
    for _ in range(times):
        start = time.monotonic()
        process, _ = served.start(clone, said)
        process.wait(served.PATIENCE)
        seconds.append(time.monotonic() - start)
        lines.append(said.read_text().strip())
    params.write_text(good)
    held = set(lines) == {
        "serve: params.yaml: serve.arivals: no such parameter; arrivals may be meant"
    }
    outcome = f"after {max(seconds):.1f} s at most it says: {lines[0]}"
    what = "`make serve` with a mistyped key in params.yaml"
    return Trial(what, times, outcome, time.monotonic() - began, held)


def _broken(service: Served, times: int) -> Trial:
    """Break the parameters while it runs, and kill the flows, which need them to start."""
    began, params = time.monotonic(), service.clone.root / "params.yaml"
    good, told, back, shown = params.read_text(), [], [], []
    for _ in range(times):
        seen = len(service.said.read_text())

        def fresh(word: str, seen: int = seen) -> bool:
            return word in service.said.read_text()[seen:]

        params.write_text(good.replace("\nserve:\n", _WRONG))
        told.append(until(lambda: fresh("flows fail until"), "the terminal says nothing"))
        shown.append(_FAULT in service.page())
        os.kill(service.process_of("flows"), signal.SIGKILL)
        until(lambda: fresh(_FAULT + "; starting it again"), "no cause")
        shown.append("it will be started again" in service.page())
        params.write_text(good)
        back.append(until(lambda: fresh("flows is running again"), "the flows stay down"))
    outcome = f"the terminal says so after {max(told):.0f} s at most, the page at once; the flows, "
    outcome += f"killed meanwhile, run {max(back):.0f} s after it is mended at most"
    what = "`make serve`: a mistyped key in params.yaml while it runs, the flows killed (kill -9)"
    return Trial(what, times, outcome, time.monotonic() - began, all(shown))
