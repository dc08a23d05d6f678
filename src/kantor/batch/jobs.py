"""What a batch finds in its places, what goes to a worker, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kantor.batch.settings import Options
from kantor.compose import outputs
from kantor.compose.composer import Model
from kantor.drift.features import Row
from kantor.intake import Known, Limits, Refused, Upload, check, uploads

Loader = Callable[[str], Model]
"""Loads a model from its folder; a function of a module, so that other processes find it."""
FEW = 32
"""Melodies of a chunk at least: fewer are not worth a run of the model."""

_NAME = 40  # characters of a source's name
_KEY = 12  # digits of the key; they tell apart what is called the same


@dataclass(frozen=True)
class Entry:
    """One file that a batch found.

    Attributes
    ----------
    place : int
        Which of the batch's places it is from.
    position : int
        Its rank among the files of that place.
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
    stem : str
        What its files are called.
    upload : Upload
    shown : bool
        Whether it may come onto the batch's page.
    """

    key: str
    stem: str
    upload: Upload
    shown: bool = False


@dataclass(frozen=True)
class Common:
    """What all chunks of a batch have in common.

    Attributes
    ----------
    model, loader
        The folder of the model, and what loads it.
    out, scratch
        Where files go, and where they are written before they are moved there. One file system.
    options, limits
        As in a batch's plan.
    """

    model: Path
    loader: Loader
    out: Path
    scratch: Path
    options: Options
    limits: Limits


@dataclass(frozen=True)
class Chunk:
    """Melodies that one worker takes at once."""

    common: Common
    jobs: tuple[Job, ...]


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


def listed(
    places: Sequence[str],
    limits: Limits,
    known: Callable[[str], Known] | None = None,
) -> Iterator[tuple[Entry, Upload | Refused]]:
    """Every file of the places, in an order that is the same each time.

    Parameters
    ----------
    known
        Gives what of a place need not be read again.

    Raises
    ------
    InputError
        If there is nothing at a place: before the first file, so that no batch begins in vain.
    """
    for location in places:
        check(location)
    for place, location in enumerate(places):
        last, nth = None, 0
        read_before = None if known is None else known(location)
        for position, item in enumerate(uploads(location, limits, read_before)):
            nth = nth + 1 if item.name == last else 0
            last = item.name
            yield Entry(place, position, item.name, nth, item.sha256), item


def folder_name(batch: int) -> str:
    """What the folder of a batch's manifest and page is called."""
    return f"batch-{batch:04d}"


def stem(name: str, key: str) -> str:
    """What the files of a composition are called: safe anywhere, and no other's name."""
    own = outputs.stems([Path(name)])[0]
    return f"{own[:_NAME].rstrip('_-')}-{key[:_KEY]}"
