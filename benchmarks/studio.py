"""What Studio's server answers, and how fast: a real process, asked over HTTP with the champion.

The registry of this repository is copied to a folder of its own, so that no pieces are left here.
Each person asks for three takes. *Memory* is the sum of what the server and its processes hold
(PSS: what they share counts once).
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import harness
import httpx
import psutil

from kantor.registry import find_root
from kantor.registry.database import relocate
from kantor.studio.context import FOLDER
from kantor.studio.document import Source
from kantor.studio.scores import piece_of
from kantor.studio.store import Store

COPIED = ("mlflow.db", "mlartifacts", "params.yaml", "dvc.yaml")
PEOPLE, LONG_BARS = 20, 1_000
Row = tuple[str, str, str]


class Server:
    """A Studio that runs, and pieces of so many bars in it."""

    def __init__(self, root: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.root, self.process = root, process
        self.client = httpx.Client(base_url=f"http://localhost:{port}", timeout=300)
        self.store = Store(root / FOLDER)

    def piece(self, bars: int, seed: int = 0) -> str:
        """A new piece whose soprano is given; its id."""
        import numpy as np

        from kantor.compose.composer import Request
        from kantor.ensemble import SATB
        from kantor.music.score import Score

        melody = harness.melody(bars, seed)
        pitches = np.full((melody.steps, len(SATB)), -1, np.int8)
        onsets = np.zeros(pitches.shape, bool)
        pitches[:, 0], onsets[:, 0] = melody.pitches[:, 0], melody.onsets[:, 0]
        mask = np.zeros(pitches.shape, bool)
        mask[:, 0] = True
        score = Score(pitches, onsets, melody.meter, 0, melody.key, melody.tempo, melody.title)
        request = Request(score, mask)
        return self.store.create(piece_of(request.score, mask, Source(kind="form"))).id

    def ask(self, piece: str, **wish: Any) -> float:
        """Have takes composed; the seconds until they are there."""
        began = time.perf_counter()
        answer = self.client.post(
            f"/api/pieces/{piece}/takes", json=wish, headers={"if-match": '"0"'}
        )
        answer.raise_for_status()
        return time.perf_counter() - began

    @property
    def memory(self) -> float:
        """Megabytes of the server and its processes."""
        own = psutil.Process(self.process.pid)
        processes = [own, *own.children(recursive=True)]
        return sum(one.memory_full_info().pss for one in processes) / 1e6


@contextmanager
def serving(source: Path) -> Iterator[tuple[Server, float]]:
    """A server on a copy of a repository's registry, and the seconds until it was ready."""
    with tempfile.TemporaryDirectory(prefix="kantor-bench-") as folder, socket.socket() as probe:
        root = Path(folder)
        for name in COPIED:
            copy = shutil.copytree if (source / name).is_dir() else shutil.copy
            copy(source / name, root / name)
        relocate(root)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        command = [sys.executable, "-m", "kantor.cli", "studio", "--no-browser"]
        began = time.perf_counter()
        with subprocess.Popen(
            [*command, "--port", str(port)], env={**os.environ, "KANTOR_HOME": folder}
        ) as process:
            server = Server(root, port, process)
            try:
                yield server, _ready(server, began)
            finally:
                process.terminate()


def _ready(server: Server, began: float) -> float:
    while True:
        try:
            server.client.get("/").raise_for_status()
            return time.perf_counter() - began
        except httpx.ConnectError:
            if server.process.poll() is not None:
                raise RuntimeError("Studio ended") from None
            time.sleep(0.01)


def measure(source: Path, long: bool) -> Iterator[Row]:
    """What was measured, the figure that counts, and more."""
    with serving(source) as (server, ready):
        yield "ready", f"{ready:.2f} s", ""
        first = server.ask(server.piece(8))
        yield "first request, 8 bars", f"{first:.2f} s", ""
        for bars in (8, 64):
            piece = server.piece(bars)
            times = [server.ask(piece) for _ in range(20)]
            worst = f"worst of 20: {max(times):.2f} s"
            yield f"{bars} bars", f"{statistics.median(times):.2f} s", worst
        pieces = [server.piece(8, seed) for seed in range(PEOPLE)]
        with ThreadPoolExecutor(PEOPLE + 1) as people:
            times = list(people.map(server.ask, pieces))
            median = f"median {statistics.median(times):.2f} s"
            yield f"{PEOPLE} at once, 8 bars, the last", f"{max(times):.2f} s", median
            under = people.submit(server.ask, server.piece(LONG_BARS))
            time.sleep(0.5)
            times = []
            while not under.done():
                times += [*people.map(server.ask, pieces[:3])]
            yield f"{LONG_BARS} bars", f"{under.result():.1f} s", ""
            yield "others meanwhile, 8 bars, the slowest", f"{max(times):.2f} s", f"of {len(times)}"
        yield "memory", f"{server.memory:.0f} MB", ""
        if long:
            before, began = server.memory, time.perf_counter()
            for number in range(1_000):
                server.ask(pieces[number % PEOPLE])
            seconds = time.perf_counter() - began
            yield (
                "1,000 in a row",
                f"{seconds:.0f} s",
                f"memory {before:.0f} to {server.memory:.0f} MB",
            )


def main() -> int:
    """Measure and print."""
    parser = harness.parser(__doc__)
    parser.add_argument("--long", action="store_true", help="1,000 requests in a row as well")
    asked = parser.parse_args()
    harness.machine()
    print(harness.table(("three takes each", "", ""), list(measure(find_root(), asked.long))))
    return 0


if __name__ == "__main__":
    harness.main(main, "studio")
