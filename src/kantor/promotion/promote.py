"""Move the champion: promote, roll back, retire, each with its reason in the history.

MLflow keeps no record of an alias that was moved in its own page, and has no way to set one only
where it still stands as expected. So whoever moves the champion holds a lock of this machine,
records first what was moved without Kantor, and looks again just before the switch.

A move sets ``previous`` first and ``champion`` last: the one visible switch. Its event is written
before, so that a move that is seen has its record; a move that fails takes its record back.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kantor.errors import InputError, SetupError
from kantor.locks import STATE, Busy, held
from kantor.promotion import champion_history as history
from kantor.promotion import gate
from kantor.promotion.champion_history import Event, back, point_previous
from kantor.promotion.gate import Refused
from kantor.promotion.rule import rule_of
from kantor.registry.store import Store, find_root, opened
from kantor.registry.versions import (
    CHALLENGER,
    CHAMPION,
    RETIRED,
    aliases_of,
    find,
    headline,
    numbers,
)

if TYPE_CHECKING:
    from kantor.promotion.comparison import ModelComparison

LOCK = "champion.lock"
PATIENCE = 120.0
"""Seconds to wait for another move: it loads a model and composes two bars."""
PAGE = "MLflow's page"

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def exclusive(root: Path | None) -> Iterator[tuple[Store, list[Event], Event | None]]:
    """Open the registry for a process that moves the champion; no other one on this machine does.

    It comes with all moves so far, and with the last of them once more if that was made in MLflow's
    page and is recorded only now.
    """
    path, unrecorded = (root or find_root()) / STATE / LOCK, None
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(held(path, _log.info, PATIENCE, "the champion is moved"))
        except (Busy, OSError) as error:
            raise SetupError(f"the champion cannot be moved now: {error}") from None
        store = stack.enter_context(opened(root))
        moves = history.recorded(store)
        if moves and not moves[-1].at and (after := moves[-1].after) is not None:
            before, figures = moves.pop().before, headline(store, find(store, after))
            why = "no reason given"
            unrecorded = history.make(moves, "elsewhere", before, after, why, PAGE, figures=figures)
            history.write(store, unrecorded)
            moves.append(unrecorded)
            point_previous(store, moves)
        yield store, moves, unrecorded


def audit(root: Path | None = None) -> Event | None:
    """Record a champion that was moved in MLflow's page, if it was; what was recorded.

    What was champion for a time between two audits is not known.
    """
    with exclusive(root) as (_, _, unrecorded):
        return unrecorded


def promote(
    version: int | str,
    why: str,
    by: str | None = None,
    force: bool = False,
    *,
    comparison: ModelComparison | None = None,
    root: Path | None = None,
) -> Event:
    """Make a version the champion; `Refused` with all that the gate has against it.

    Parameters
    ----------
    version
        Its number, or an alias such as ``challenger``.
    why, by
        For the history; `by` is ``user@host`` if not given.
    force
        Override the gate; what it had against the version is recorded.
    comparison : ModelComparison, optional
        With the champion. What it measured takes the place of the figures of the versions' own
        evaluations, and is recorded. If another version is champion by now, nothing is moved.
    """
    with exclusive(root) as (store, moves, _):
        chosen, now = find(store, version), aliases_of(store).get(CHAMPION)
        number = int(chosen.version)
        if comparison and now != comparison.champion:
            there = "no version" if now is None else f"version {now}"
            reason = f"compared with version {comparison.champion}, but {there} is champion by now"
            raise Refused(f"{store.model} version {number}: promotion", [reason])
        if now == number:
            raise InputError(f"{store.model} version {number}: is the champion already")
        champion = None if now is None or comparison else find(store, now)
        rule = comparison.rule if comparison else rule_of(root or find_root())
        against = gate.reasons_against(store, chosen, champion, rule, root)
        against += comparison.worse if comparison else ()
        if against and not force:
            raise Refused(f"{store.model} version {number}: promotion", against)
        figures = headline(store, chosen) | (comparison.figures if comparison else {})
        event = history.make(moves, "promote", now, number, why, by, against, figures)
        _switch(store, event, moves)
        if RETIRED in chosen.tags:
            store.client.delete_model_version_tag(store.model, str(number), RETIRED)
    return event


def rollback(
    why: str, by: str | None = None, force: bool = False, *, root: Path | None = None
) -> Event:
    """Make the last good champion before this one the champion again.

    Versions that were rolled back from, retired or deleted are passed over, and named in the
    event; see `kantor.promotion.champion_history`. The figures of the one that it leads to are not
    looked at, only that it loads and composes. If it does not, the rollback is `Refused`, unless by
    `force`. It does not go on to an older version by itself: what does not load may only be out of
    reach.
    """
    with exclusive(root) as (store, moves, _):
        to, skipped = back(moves, numbers(store))
        if to is None:
            raise InputError(
                f"{store.model}: no earlier champion is left to go back to"
                + (f"; skipped {', '.join(skipped)}" if skipped else "")
                + '; to make any version the champion: `kantor models promote VERSION --why "..."`'
            )
        chosen, now = find(store, to), aliases_of(store).get(CHAMPION)
        against = gate.unsound(chosen, root)
        if against and not force:
            further = f'to go back further, retire it: `kantor models retire {to} --why "..."`'
            raise Refused(f"{store.model} version {to}: rollback", [*against, further])
        figures = headline(store, chosen)
        event = history.make(moves, "rollback", now, to, why, by, against, figures, skipped)
        _switch(store, event, moves)
    return event


def retire(
    version: int | str, why: str, by: str | None = None, *, root: Path | None = None
) -> Event:
    """Take a version out of use: it loses its aliases, keeps its files, and is not promoted again.

    The champion is `Refused`.
    """
    with exclusive(root) as (store, moves, _):
        chosen, aliases = find(store, version), aliases_of(store)
        number, name = int(chosen.version), f"{store.model} version {chosen.version}"
        if aliases.get(CHAMPION) == number:
            raise Refused(f"{name}: retiring", ["it is the champion; promote another first"])
        if RETIRED in chosen.tags:
            raise InputError(f"{name}: retired already")
        event = history.make(
            moves, "retire", number, None, why, by, figures=headline(store, chosen)
        )
        history.write(store, event)
        store.client.set_model_version_tag(store.model, str(number), RETIRED, event.at)
        if aliases.get(CHALLENGER) == number:
            store.client.delete_registered_model_alias(store.model, CHALLENGER)
        point_previous(store, [*moves, event])
    return event


def _switch(store: Store, event: Event, before: list[Event]) -> None:
    """Write the event, set ``previous``, then switch ``champion``; on a failure nothing is left.

    Another machine, which has no such lock, may have moved the champion since `before`, the history
    up to the event, was read.
    """
    history.write(store, event)
    try:
        now = aliases_of(store).get(CHAMPION)
        if now != event.before:
            there = "no version" if now is None else f"version {now}"
            raise SetupError(
                f"{store.model}: {there} was made champion meanwhile; look, and try again"
            )
        point_previous(store, [*before, event])
        store.client.set_registered_model_alias(store.model, CHAMPION, str(event.after))
    except Exception:
        with contextlib.suppress(Exception):
            store.client.delete_registered_model_tag(store.model, event.tag)
            point_previous(store, before)
        raise
