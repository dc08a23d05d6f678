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

from kantor.errors import SetupError
from kantor.locks import STATE, Busy, held
from kantor.promotion import history
from kantor.promotion.history import Event
from kantor.promotion.previous import point_previous
from kantor.registry.store import Store, find_root, opened
from kantor.registry.versions import find, headline

LOCK = "champion.lock"
PATIENCE = 120.0
"""Seconds to wait for another move: it loads a model and composes two bars."""
PAGE = "MLflow's page"

_log = logging.getLogger(__name__)


@contextmanager
def exclusive(model: str | None, root: Path | None) -> Iterator[tuple[Store, list[Event]]]:
    """The registry and all moves so far, for a process that moves the champion, and no other does.

    No other one of those that use the same repository on this machine.
    """
    with _alone(root), opened(root, model) as store:
        yield store, _audited(store)[0]


def audit(model: str | None = None, root: Path | None = None) -> Event | None:
    """Record a champion that was moved in MLflow's page, if it was.

    What was champion for a time between two audits is not known.

    Returns
    -------
    Event or None
        What was recorded.
    """
    with _alone(root), opened(root, model) as store:
        return _audited(store)[1]


def _audited(store: Store) -> tuple[list[Event], Event | None]:
    """All moves; the last one, where it was not recorded, is recorded and named."""
    history.keep(store)
    moves = history.recorded(store)
    last = moves[-1] if moves else None
    if last is None or last.at or last.after is None:
        return moves, None
    number, figures = history.following(moves), headline(find(store, last.after))
    event = history.make(
        "elsewhere", number, last.before, last.after, "no reason given", PAGE, figures=figures
    )
    history.write(store, event)
    moves = [*moves[:-1], event]
    point_previous(store, moves)
    return moves, event


@contextmanager
def _alone(root: Path | None) -> Iterator[None]:
    """Hold this machine's lock of the repository's champion."""
    path = (root or find_root()) / STATE / LOCK
    with ExitStack() as stack:
        try:
            stack.enter_context(held(path, _log.info, PATIENCE, "the champion is moved"))
        except (Busy, OSError) as error:
            raise SetupError(f"the champion cannot be moved now: {error}") from None
        yield
