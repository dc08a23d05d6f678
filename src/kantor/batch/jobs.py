"""What a batch finds in its places, what goes to a worker, and what comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from kantor.batch.settings import Loader, Options
from kantor.compose import outputs
from kantor.drift.melody_features import Row
from kantor.intake import Limits, Upload

_NAME = 40  # characters of a source's name
_KEY = 12  # digits of the key; they tell apart what is called the same
STORE = ".store"
"""The folder of all compositions in that of the results, by their keys."""


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


def source_of(places: str) -> str:
    """What the places of a batch, a JSON list, are called: ``inbox``, or ``inbox and 2 more``."""
    named: list[str] = json.loads(places)
    first = PurePath(named[0].rstrip("/")).stem or named[0]
    return f"{first} and {len(named) - 1} more" if len(named) > 1 else first


def local(time: str) -> datetime:
    """A time of the ledger, as this machine's clock has it."""
    return datetime.fromisoformat(time).astimezone()


def folder_name(batch: int, places: str, started: str) -> str:
    """The name of the folder of a batch's results: when, from where, and its number.

    Such as ``2026-12-03_03-00_inbox_0012``.
    """
    (safe,) = outputs.stems([PurePath(f"{source_of(places)}.")])
    return f"{local(started):%Y-%m-%d_%H-%M}_{safe}_{batch:04d}"


def find_folder(out: Path, batch: int) -> Path | None:
    """The folder of a batch's results in `out`, if it was made."""
    return next(out.glob(f"*_{batch:04d}"), None)
