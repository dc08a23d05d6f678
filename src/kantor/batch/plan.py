"""What a batch is to do, and what it came to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kantor.batch.jobs import Loader
from kantor.batch.ledger import FAILED, REFUSED
from kantor.batch.models import Fetch
from kantor.batch.settings import Batch
from kantor.intake import Limits

URL = "KANTOR_URL"  # the variable with the front page's address, where it is served
_LIMITS = Limits()


@dataclass(frozen=True)
class Plan:
    """What is to be composed, and how.

    Attributes
    ----------
    places : tuple of str
        Folders, zip files, single files, or addresses that fsspec knows.
    batch : Batch
    fetch, loader
        What gets the model that a new batch begins with, and what loads it from its folder.
    limits : Limits
        What of an upload is refused as too much.
    only_new : bool
        Leave out what an earlier batch finished under the same name; where nothing is left there
        is no batch.
    report : callable
        Gets how many entries have each status, whenever a chunk is back.
    drift : Path or None
        The log in which the features of what is composed are recorded.
    """

    places: tuple[str, ...]
    batch: Batch
    fetch: Fetch
    loader: Loader
    limits: Limits = _LIMITS
    only_new: bool = False
    report: Callable[[Mapping[str, int]], object] = lambda counts: None
    drift: Path | None = None


@dataclass(frozen=True)
class Summary:
    """What a batch came to.

    Attributes
    ----------
    number, model
    counts : dict of str to int
        Entries of each status, of the whole batch.
    folder : Path
        Where its manifest and its page are.
    seconds : float
        Of this call.
    dropped : int
        Old files of the quarantine that this call deleted, to keep it within its limits.
    """

    number: int
    model: str
    counts: dict[str, int]
    folder: Path
    seconds: float
    dropped: int = 0

    @property
    def line(self) -> str:
        """What it came to, in one line."""
        text = f"batch {self.number} by {self.model}: {counted(self.counts)}; {self.seconds:.1f} s"
        if not self.dropped:
            return text
        files = "file" if self.dropped == 1 else "files"
        return f"{text}; quarantine was full: its {self.dropped:,} oldest {files} deleted"

    @property
    def whole(self) -> bool:
        """Whether every file was composed, now or before."""
        return not (self.counts.get(REFUSED) or self.counts.get(FAILED))


def counted(counts: Mapping[str, int]) -> str:
    """Such as ``"1,024 composed, 3 refused"``."""
    return ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "nothing"


def markdown(summary: Summary, root: Path, environ: Mapping[str, str] = os.environ) -> str:
    """What a batch came to, and where its page and its manifest are, for the flow's page.

    Under ``make serve`` they are links, if they lie in the repository `root`; else paths.
    """
    page, manifest = summary.folder / "index.html", summary.folder / "manifest.csv"
    files = f"Look and listen: `{page}`, manifest: `{manifest}`"
    if URL in environ and page.is_relative_to(root):
        links = [
            f"{environ[URL]}/{quote(str(path.relative_to(root)))}" for path in (page, manifest)
        ]
        files = f"[Look and listen]({links[0]}), [manifest]({links[1]})"
    rows = [f"| {status} | {count:,} |" for status, count in sorted(summary.counts.items())]
    table = "\n".join(["| status | files |", "|---|---:|", *rows])
    return f"# Batch {summary.number}\n\n{table}\n\n{summary.line}\n\n{files}\n"
