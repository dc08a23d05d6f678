"""Moves of the champion: one at a time, and none that Kantor did not make stays without a record.

MLflow keeps no record of an alias that was moved in its own page, and has no way to set one only
where it still stands as expected. So whoever moves the champion holds a lock of this machine,
records first what was moved without Kantor, and looks again just before the switch.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kantor.locks import STATE, Busy, held
from kantor.promotion import history as events
from kantor.promotion import moves
from kantor.promotion.history import Event
from kantor.registry.registering import CHAMPION
from kantor.registry.store import RegistryError, Store, find_root, opened
from kantor.registry.versions import NAME, aliases_of, by_number, headline

LOCK = "champion.lock"
PATIENCE = 120.0
"""Seconds to wait for another move: it loads a model and composes two bars."""
PAGE = "MLflow's page"

_log = logging.getLogger(__name__)


@contextmanager
def moving(name: str, root: Path | None = None) -> Iterator[Store]:
    """The registry, for a process that moves the champion: alone, and all moves so far recorded.

    Alone among those that use the same repository on this machine. Other machines on the same
    registry are told of by `still`.

    Raises
    ------
    RegistryError
        If another process takes too long, there is no such model, or the registry fails.
    """
    with _alone(root), opened(root) as store:
        _notice(store, name)
        yield store


def still(store: Store, name: str, champion: int | None) -> None:
    """Make sure that the champion is what it was when a move was decided on.

    Raises
    ------
    RegistryError
        If it was moved meanwhile.
    """
    found = aliases_of(store, name).get(CHAMPION)
    if found != champion:
        there = "no version" if found is None else f"version {found}"
        raise RegistryError(f"{name}: {there} was made champion meanwhile; look, and try again")


def notice(name: str = NAME, root: Path | None = None) -> Event | None:
    """Record a champion that was moved in MLflow's page, if it was.

    What was champion for a time between two looks is not known.

    Returns
    -------
    Event or None
        What was recorded.

    Raises
    ------
    RegistryError
        As `moving` does.
    """
    with _alone(root), opened(root) as store:
        return _notice(store, name)


def _notice(store: Store, name: str) -> Event | None:
    moves.keep(store, name)
    found = moves.recorded(store, name)
    last = next(reversed(found), None)
    if last is None or last.at or last.after is None:
        return None
    chosen = by_number(store, name, str(last.after))
    event = events.make(
        "elsewhere",
        moves.following(found),
        last.before,
        last.after,
        "no reason given",
        PAGE,
        (),
        headline(chosen),
    )
    moves.write(store, name, event)
    moves.point_previous(store, name, [*found[:-1], event])
    return event


@contextmanager
def _alone(root: Path | None) -> Iterator[None]:
    """Hold this machine's lock of the repository's champion."""
    path = (root or find_root()) / STATE / LOCK
    with ExitStack() as stack:
        try:
            stack.enter_context(held(path, _log.info, PATIENCE, "the champion is moved"))
        except (Busy, OSError) as error:
            raise RegistryError(f"the champion cannot be moved now: {error}") from None
        yield
