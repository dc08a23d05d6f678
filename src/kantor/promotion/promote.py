"""Move the champion: promote, roll back, retire, each with its reason in the history.

A move sets ``previous`` first and ``champion`` last: the one visible switch. Its event is written
before, so that a move that is seen has its record; a move that fails takes its record back.
``previous`` always stands where the next rollback leads (`kantor.promotion.previous`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kantor import settings
from kantor.errors import InputError, SetupError
from kantor.promotion import gate, history
from kantor.promotion.alias_audit import exclusive
from kantor.promotion.gate import Refused
from kantor.promotion.history import Event
from kantor.promotion.previous import back, point_previous
from kantor.registry.registering import RETIRED
from kantor.registry.store import Store, find_root
from kantor.registry.versions import CHALLENGER, CHAMPION, aliases_of, find, headline

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def promote(
    version: int | str,
    why: str,
    by: str | None = None,
    force: bool = False,
    *,
    model: str | None = None,
    root: Path | None = None,
    rule: settings.Promote | None = None,
    measured: Sequence[str] | None = None,
    figures: Mapping[str, float] | None = None,
    instead_of: int | None = None,
) -> Event:
    """Make a version the champion, if the gate has nothing against it.

    Parameters
    ----------
    version : int or str
        Its number, or an alias such as ``challenger``.
    why, by : str
        For the history; `by` is ``user@host`` if not given.
    force : bool
        Override the gate; what it had against the version is recorded.
    rule : settings.Promote, optional
        By default the block ``promote`` of ``params.yaml``.
    measured : sequence of str, optional
        In which guarded metrics the version was worse when both were measured anew; takes the
        place of comparing the figures of the versions' own evaluations.
    figures : dict of float, optional
        To be recorded beside the headline of the version's evaluation.
    instead_of : int, optional
        The champion that it was compared with; if another is champion by now, nothing is moved.

    Raises
    ------
    Refused
        With all reasons.
    InputError
        If it is the champion already.
    """
    rule = rule or settings.load(settings.Promote, "promote", (root or find_root()) / "params.yaml")
    with exclusive(model, root) as (store, moves):
        chosen = find(store, version)
        number, now = int(chosen.version), aliases_of(store).get(CHAMPION)
        if instead_of is not None and now != instead_of:
            there = "no version" if now is None else f"version {now}"
            reason = f"compared with version {instead_of}, but {there} is champion by now"
            raise Refused(f"{_named(chosen)}: promotion", [reason])
        if now == number:
            raise InputError(f"{_named(chosen)}: is the champion already")
        champion = None if now is None or measured is not None else find(store, now)
        against = [*gate.reasons_against(store, chosen, champion, rule, root), *(measured or ())]
        _check(chosen, "promotion", against, force)
        recorded = headline(chosen) | dict(figures or {})
        event = history.make(
            "promote", history.following(moves), now, number, why, by, against, recorded
        )
        _switch(store, event, moves)
        if RETIRED in chosen.tags:
            store.client.delete_model_version_tag(store.model, str(number), RETIRED)
    return event


def rollback(
    why: str,
    by: str | None = None,
    force: bool = False,
    *,
    model: str | None = None,
    root: Path | None = None,
) -> Event:
    """Make the last good champion before this one the champion again.

    Versions that were rolled back from, retired or deleted are passed over, and named in the
    event; see `kantor.promotion.previous`. The figures of the one that it leads to are not looked
    at, only that it loads and composes.

    Raises
    ------
    Refused
        With all reasons, unless `force`. It does not go on to an older version by itself: what
        does not load may only be out of reach.
    InputError
        If there is no version left to go back to.
    """
    with exclusive(model, root) as (store, moves):
        to, skipped = back(moves, history.existing(store))
        if to is None:
            raise InputError(
                f"{store.model}: no earlier champion is left to go back to"
                + (f"; skipped {', '.join(skipped)}" if skipped else "")
                + '; to make any version the champion: `kantor models promote VERSION --why "..."`'
            )
        chosen = find(store, to)
        against = gate.unsound(chosen, root)
        further = f'to go back further, retire it: `kantor models retire {to} --why "..."`'
        _check(chosen, "rollback", against, force, further)
        event = history.make(
            "rollback",
            history.following(moves),
            aliases_of(store).get(CHAMPION),
            to,
            why,
            by,
            against,
            headline(chosen),
            skipped,
        )
        _switch(store, event, moves)
    return event


def retire(
    version: int | str,
    why: str,
    by: str | None = None,
    *,
    model: str | None = None,
    root: Path | None = None,
) -> Event:
    """Take a version out of use: it loses its aliases, keeps its files, and is not promoted again.

    Raises
    ------
    Refused
        If it is the champion.
    InputError
        If it is retired already.
    """
    with exclusive(model, root) as (store, moves):
        chosen = find(store, version)
        number, aliases = int(chosen.version), aliases_of(store)
        if aliases.get(CHAMPION) == number:
            raise Refused(
                f"{_named(chosen)}: retiring", ["it is the champion; promote another first"]
            )
        if RETIRED in chosen.tags:
            raise InputError(f"{_named(chosen)}: retired already")
        event = history.make(
            "retire", history.following(moves), number, None, why, by, figures=headline(chosen)
        )
        history.write(store, event)
        store.client.set_model_version_tag(store.model, str(number), RETIRED, event.at)
        if aliases.get(CHALLENGER) == number:
            store.client.delete_registered_model_alias(store.model, CHALLENGER)
        point_previous(store, [*moves, event])
    return event


def _named(version: ModelVersion) -> str:
    return f"{version.name} version {version.version}"


def _check(
    version: ModelVersion, move: str, against: Sequence[str], force: bool, *remedy: str
) -> None:
    """Refuse a move that the gate has anything against, unless it is forced."""
    if against and not force:
        raise Refused(f"{_named(version)}: {move}", [*against, *remedy])


def _switch(store: Store, event: Event, before: list[Event]) -> None:
    """Write the event, set ``previous``, then switch ``champion``; on a failure nothing is left.

    Parameters
    ----------
    before
        The history up to the event.

    Raises
    ------
    SetupError
        If the champion was moved since the event was made: another machine has no such lock.
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
