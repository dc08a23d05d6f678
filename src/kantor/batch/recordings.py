"""The recordings on a batch's page, made beside the composing: one takes half a second."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from kantor.batch import manifest
from kantor.batch.drawing import read_score
from kantor.errors import InputError

RATE = 24_000  # samples a second; above 12 kHz there is nothing to hear
LONGEST = 300.0  # seconds: half an hour would take a minute to record and 180 MB to keep


class Recordings:
    """Compositions as FLAC, each made once, in a thread of its own.

    Parameters
    ----------
    out
        The folder of the results.
    pool
        Of one thread.
    """

    def __init__(self, out: Path, pool: ThreadPoolExecutor) -> None:
        self._out, self._pool = out, pool
        self._begun: dict[str, Future[bytes]] = {}

    def prepare(self) -> None:
        """Load beside the composing what the manifest will need."""
        self._pool.submit(manifest.prepare)

    def begin(self, path: str) -> Future[bytes]:
        """Have a composition recorded; `path` is that of its MIDI file, as the ledger has it."""
        if path not in self._begun:
            self._begun[path] = self._pool.submit(_recorded, self._out / path)
        return self._begun[path]

    def of(self, path: str) -> bytes:
        """The recording; empty where the piece is too long, its file gone or no soundfont there."""
        return self.begin(path).result()


@contextmanager
def recordings(out: Path) -> Iterator[Recordings]:
    """Recordings for as long as this lasts; at its end what has not begun is dropped."""
    pool = ThreadPoolExecutor(1)
    try:
        yield Recordings(out, pool)
    finally:
        pool.shutdown(cancel_futures=True)


def _recorded(path: Path) -> bytes:
    from kantor.formats import audio

    score = read_score(path)
    if score is None or score.seconds > LONGEST:
        return b""
    try:
        return audio.flac_bytes(score, RATE)
    except InputError:
        return b""
