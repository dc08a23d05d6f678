"""What a batch is asked for, and what it came to."""

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

HOME, PORT, USUAL_PORT = "KANTOR_HOME", "KANTOR_PORT", "8400"
_LIMITS = Limits()


class BatchError(RuntimeError):
    """A batch cannot go on; the message is one line for a person."""


@dataclass(frozen=True)
class Plan:
    """What is to be composed, and how.

    Attributes
    ----------
    places : tuple of str
        Folders, zip files, single files, or addresses that fsspec knows.
    batch : Batch
    fetch : Fetch
        Gets the model that a new batch begins with.
    loader : Loader
        Loads a model from its folder.
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
    seconds, composing_seconds : float
        Of this call, and of it until the last chunk was back.
    dropped : int
        Old files of the quarantine that this call deleted, to keep it within its limits.
    """

    number: int
    model: str
    counts: dict[str, int]
    folder: Path
    seconds: float
    composing_seconds: float
    dropped: int = 0

    @property
    def line(self) -> str:
        """What it came to, in one line."""
        about = f"batch {self.number} by {self.model}: {counted(self.counts)}"
        full = f"; {self.full}" if self.full else ""
        return f"{about}; {self.seconds:.1f} s{full}"

    @property
    def full(self) -> str:
        """That old files of the quarantine were deleted; empty where none was."""
        if not self.dropped:
            return ""
        files = "file" if self.dropped == 1 else "files"
        return f"quarantine was full: its {self.dropped:,} oldest {files} deleted"

    @property
    def whole(self) -> bool:
        """Whether every file was composed, now or before."""
        return not (self.counts.get(REFUSED) or self.counts.get(FAILED))


def counted(counts: Mapping[str, int]) -> str:
    """Such as ``"1,024 composed, 3 refused"``."""
    return ", ".join(f"{count:,} {status}" for status, count in counts.items()) or "nothing"


def markdown(summary: Summary, root: Path, environ: Mapping[str, str] = os.environ) -> str:
    """What a batch came to, and where its page and its manifest are, for the flow's page.

    Parameters
    ----------
    root
        The repository. Under ``make serve`` its front page serves what lies in it; elsewhere
        the files are named by their paths.
    """
    lines = [f"# Batch {summary.number}", "", f"Model: {summary.model}", ""]
    lines += ["| status | files |", "|---|---:|"]
    lines += [f"| {status} | {count:,} |" for status, count in sorted(summary.counts.items())]
    lines += ["", f"{summary.seconds:.1f} s. {_files(summary.folder, root, environ)}", ""]
    if summary.full:
        lines += [f"{summary.full} (`intake` in params.yaml)", ""]
    return "\n".join(lines)


def _files(folder: Path, root: Path, environ: Mapping[str, str]) -> str:
    if HOME in environ and folder.is_relative_to(root):
        port = environ.get(PORT, USUAL_PORT)
        address = f"http://127.0.0.1:{port}/{quote(folder.relative_to(root).as_posix())}"
        return f"[Look and listen]({address}/index.html), [manifest]({address}/manifest.csv)"
    return f"Look and listen: `{folder / 'index.html'}`, manifest: `{folder / 'manifest.csv'}`"
