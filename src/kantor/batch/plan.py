"""What a batch is asked for, how far it is, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kantor.batch.chunks import Loader
from kantor.batch.ledger import FAILED, REFUSED
from kantor.batch.models import Fetch
from kantor.batch.settings import Batch
from kantor.intake import Limits

_LIMITS = Limits()


class BatchError(RuntimeError):
    """A batch cannot go on; the message is one line for a person."""


@dataclass(frozen=True)
class Progress:
    """How far a batch is.

    Attributes
    ----------
    counts : dict of str to int
        Entries of each status so far.
    seconds : float
        Since this call began.
    """

    counts: dict[str, int]
    seconds: float

    @property
    def line(self) -> str:
        """The counts in words."""
        return counted(self.counts)


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
        Leave out what an earlier batch dealt with under the same name; where nothing is left
        there is no batch.
    heard : callable
        Told how far the batch is whenever a chunk is back.
    drift : Path or None
        The log in which the features of what is composed are recorded.
    """

    places: tuple[str, ...]
    batch: Batch
    fetch: Fetch
    loader: Loader
    limits: Limits = _LIMITS
    only_new: bool = False
    heard: Callable[[Progress], object] = lambda progress: None
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
    model_seconds : float
        That the workers' models worked, added up.
    dropped : int
        Old files of the quarantine that this call deleted, to keep it within its limits.
    """

    number: int
    model: str
    counts: dict[str, int]
    folder: Path
    seconds: float
    composing_seconds: float
    model_seconds: float
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
