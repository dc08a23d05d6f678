"""The switch of the champion: what is refused, and what is written in which order.

A move sets ``previous`` first and ``champion`` last: the one visible switch. Its event is written
before, so that a move that is seen has its record; a move that fails takes its record back.
``previous`` always stands where the next rollback leads (`kantor.promotion.walking`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kantor.promotion import moves
from kantor.promotion.alias_audit import still
from kantor.promotion.history import Event
from kantor.registry.registering import CHAMPION
from kantor.registry.store import RegistryError, Store
from kantor.registry.versions import aliases_of, by_number

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


class Refused(RegistryError):
    """The gate refuses a move.

    Attributes
    ----------
    what : str
        What is refused.
    reasons : tuple of str
        All of them, one line each.
    """

    def __init__(self, what: str, reasons: Sequence[str]) -> None:
        super().__init__(f"{what} refused: {'; '.join(reasons)}")
        self.what = what
        self.reasons = tuple(reasons)


def champion_of(store: Store, name: str) -> ModelVersion | None:
    """The version that is champion, if one is."""
    number = aliases_of(store, name).get(CHAMPION)
    return None if number is None else by_number(store, name, str(number))


def number_of(version: ModelVersion | None) -> int | None:
    """Its number; None for none."""
    return None if version is None else int(version.version)


def allowed(
    version: ModelVersion, move: str, against: Sequence[str], force: bool, *remedy: str
) -> None:
    """Refuse a move that the gate has anything against, unless it is forced."""
    if against and not force:
        raise Refused(f"{version.name} version {version.version}: {move}", [*against, *remedy])


def switch(store: Store, name: str, event: Event, before: list[Event]) -> None:
    """Write the event, set ``previous``, then switch ``champion``; on a failure nothing is left.

    Parameters
    ----------
    before
        The history up to the event.

    Raises
    ------
    RegistryError
        If the champion was moved since the event was made.
    """
    moves.write(store, name, event)
    try:
        still(store, name, event.before)
        moves.point_previous(store, name, [*before, event])
        store.client.set_registered_model_alias(name, CHAMPION, str(event.after))
    except Exception:
        with contextlib.suppress(Exception):
            moves.take_back(store, name, event)
            moves.point_previous(store, name, before)
        raise
