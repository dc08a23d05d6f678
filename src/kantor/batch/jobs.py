"""What a batch finds in its places, what goes to a worker, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from kantor.batch.settings import Loader, Options
from kantor.compose import outputs
from kantor.drift.melody_features import Row
from kantor.intake import Limits, Upload

_NAME = 40  # characters of a source's name
_KEY = 12  # digits of the key; they tell apart what is called the same


class Entry(NamedTuple):
    """One file that a batch found.

    Attributes
    ----------
    place, position : int
        Which of the batch's places it is from, and its rank among the files there.
    name : str
        What a person calls it.
    nth : int
        0, or 1 for the second of two files of one name, and so on.
    sha256 : str
        Of its bytes.
    """

    place: int
    position: int
    name: str
    nth: int
    sha256: str


@dataclass(frozen=True)
class Job:
    """One melody to compose.

    Attributes
    ----------
    key : str
        Of the composition.
    upload : Upload
    shown : bool
        Whether it may come onto the batch's page.
    """

    key: str
    upload: Upload
    shown: bool = False

    @property
    def stem(self) -> str:
        """What its files are called: a safe name anywhere, and no other's."""
        (own,) = outputs.stems([Path(self.upload.name)])
        return f"{own[:_NAME].rstrip('_-')}-{self.key[:_KEY]}"


@dataclass(frozen=True)
class Chunk:
    """Melodies that one worker takes at once, and what all chunks of a batch have in common.

    Attributes
    ----------
    jobs : tuple of Job
    model, loader
        The folder of the model, and what loads it.
    out, scratch : Path
        Where files go, and where they are written before they are moved there. One file system.
    options, limits
        As in a batch's plan.
    """

    jobs: tuple[Job, ...]
    model: Path
    loader: Loader
    out: Path
    scratch: Path
    options: Options
    limits: Limits


@dataclass(frozen=True)
class Result:
    """What became of one melody.

    Attributes
    ----------
    key : str
    reason : str
        Why it was not composed, one line; empty where it was.
    failed : bool
        Whether that is Kantor's fault and not the melody's.
    details : dict
        What the ledger keeps of a composition. Among it ``files``: paths relative to the folder of
        the results, each with its bytes.
    features : dict or None
        Of the melody, for finding drift.
    """

    key: str
    reason: str = ""
    failed: bool = False
    details: dict[str, Any] = field(default_factory=dict)
    features: Row | None = None


def folder_name(batch: int) -> str:
    """The name of the folder with a batch's manifest and page."""
    return f"batch-{batch:04d}"
