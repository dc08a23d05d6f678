"""What a batch's places hold, one file after the other, and the names that results get."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kantor.batch.chunks import Entry
from kantor.compose import outputs
from kantor.intake import Known, Limits, Refused, Upload, check, uploads

Found = tuple[Entry, Upload | Refused]

_NAME = 40  # characters of a source's name
_KEY = 12  # digits of the key; they tell apart what is called the same


def listed(
    places: Sequence[str],
    limits: Limits,
    known: Callable[[str], Known] | None = None,
) -> Iterator[Found]:
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
        seen = None if known is None else known(location)
        for position, item in enumerate(uploads(location, limits, seen)):
            nth = nth + 1 if item.name == last else 0
            last = item.name
            yield Entry(place, position, item.name, nth, item.sha256), item


def folder(batch: int) -> str:
    """What the folder of a batch's manifest and page is called."""
    return f"batch-{batch:04d}"


def stem(name: str, key: str) -> str:
    """What the files of a composition are called: safe anywhere, and no other's name."""
    own = outputs.stems([Path(name)])[0]
    return f"{own[:_NAME].rstrip('_-')}-{key[:_KEY]}"
