"""Move the champion: promote, roll back, retire, each with its reason in the history.

How a move is made, and what is left of one that fails: `kantor.promotion.switching`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kantor import settings
from kantor.promotion import gate, moves
from kantor.promotion import history as events
from kantor.promotion.alias_audit import moving
from kantor.promotion.history import Event
from kantor.promotion.switching import Refused, allowed, champion_of, number_of, switch
from kantor.promotion.walking import Back, back
from kantor.registry.registering import CHALLENGER, CHAMPION
from kantor.registry.store import RegistryError, Store, find_root, opened
from kantor.registry.versions import NAME, aliases_of, by_number, headline
from kantor.registry.versions import chosen as named

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def promote(
    version: int | str,
    why: str,
    by: str | None = None,
    force: bool = False,
    *,
    name: str = NAME,
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
        For the history; `by` is ``user@host`` if not said.
    force : bool
        Override the gate; what it had against the version is recorded.
    name : str
        The model's.
    root : Path, optional
        The repository; by default found from the current folder.
    rule : settings.Promote, optional
        By default the block ``promote`` of ``params.yaml``.
    measured : sequence of str, optional
        In which guarded metrics the version was found worse when both were measured anew; takes
        the place of comparing the figures of the versions' own evaluations.
    figures : dict of float, optional
        To be recorded beside the headline of the version's evaluation.
    instead_of : int, optional
        The champion that it was compared with; if another is champion by now, nothing is moved.

    Raises
    ------
    Refused
        With all reasons.
    RegistryError
        If there is no such version, it is the champion already, or the registry fails.
    """
    rule = rule or settings.load(settings.Promote, "promote", (root or find_root()) / "params.yaml")
    with moving(name, root) as store:
        chosen = named(store, name, version)
        found, champion = moves.recorded(store, name), champion_of(store, name)
        _as_compared(chosen, champion, instead_of)
        _not_already(chosen, champion)
        beside = champion if measured is None else None
        against = [*gate.reasons_against(store, chosen, beside, rule, root), *(measured or ())]
        allowed(chosen, "promotion", against, force)
        event = events.make(
            "promote",
            moves.following(found),
            number_of(champion),
            int(chosen.version),
            why,
            by,
            against,
            headline(chosen) | dict(figures or {}),
        )
        switch(store, name, event, found)
        _not_retired(store, name, chosen)
    return event


def _not_retired(store: Store, name: str, version: ModelVersion) -> None:
    """Take back that a version, the champion now, had been retired."""
    if gate.RETIRED in version.tags:
        store.client.delete_model_version_tag(name, str(version.version), gate.RETIRED)


def rollback(
    why: str,
    by: str | None = None,
    force: bool = False,
    *,
    name: str = NAME,
    root: Path | None = None,
) -> Event:
    """Make the last good champion before this one the champion again.

    Versions that were rolled back from, retired or deleted are passed over, and named in the
    event; see `kantor.promotion.walking`. Of the one that it leads to the figures are not looked
    at, only that it loads and composes.

    Raises
    ------
    Refused
        With all reasons, unless `force`. It does not go on to an older version by itself: what
        does not load may only be out of reach.
    RegistryError
        If there is no version left to go back to, or the registry fails.
    """
    with moving(name, root) as store:
        found, champion = moves.recorded(store, name), champion_of(store, name)
        way = back(found, moves.numbers(store, name))
        if way.to is None:
            raise RegistryError(_nowhere(name, way))
        chosen = by_number(store, name, str(way.to))
        against = gate.unsound(chosen, root)
        allowed(chosen, "rollback", against, force, _passing_over(way.to))
        event = events.make(
            "rollback",
            moves.following(found),
            number_of(champion),
            way.to,
            why,
            by,
            against,
            headline(chosen),
            way.skipped,
        )
        switch(store, name, event, found)
    return event


def _nowhere(name: str, way: Back) -> str:
    skipped = f"; skipped {', '.join(way.skipped)}" if way.skipped else ""
    return (
        f"{name}: no earlier champion is left to go back to{skipped}; to make any version the "
        'champion: `kantor models promote VERSION --why "..."`'
    )


def _passing_over(version: int) -> str:
    return f'to go back further, retire it: `kantor models retire {version} --why "..."`'


def retire(
    version: int | str,
    why: str,
    by: str | None = None,
    *,
    name: str = NAME,
    root: Path | None = None,
) -> Event:
    """Take a version out of use: it loses its aliases, keeps its files, and is not promoted again.

    Raises
    ------
    Refused
        If it is the champion.
    RegistryError
        If there is no such version, it is retired already, or the registry fails.
    """
    with moving(name, root) as store:
        chosen = named(store, name, version)
        number = int(chosen.version)
        aliases = aliases_of(store, name)
        if aliases.get(CHAMPION) == number:
            raise Refused(
                f"{name} version {number}: retiring", ["it is the champion; promote another first"]
            )
        if gate.RETIRED in chosen.tags:
            raise RegistryError(f"{name} version {number}: retired already")
        found = moves.recorded(store, name)
        event = events.make(
            "retire", moves.following(found), number, None, why, by, (), headline(chosen)
        )
        moves.write(store, name, event)
        store.client.set_model_version_tag(name, str(number), gate.RETIRED, event.at)
        if aliases.get(CHALLENGER) == number:
            store.client.delete_registered_model_alias(name, CHALLENGER)
        moves.point_previous(store, name, [*found, event])
    return event


def history(name: str = NAME, root: Path | None = None) -> list[Event]:
    """All moves of the model `name`, the oldest first; see `kantor.promotion.history`.

    Raises
    ------
    RegistryError
        If there is no registry or no such model, or it fails.
    """
    with opened(root) as store:
        return moves.recorded(store, name)


def _as_compared(chosen: ModelVersion, champion: ModelVersion | None, other: int | None) -> None:
    """Refuse a version that was compared with another champion than there is now."""
    now = number_of(champion)
    if other is not None and now != other:
        there = "no version" if now is None else f"version {now}"
        raise Refused(
            f"{chosen.name} version {chosen.version}: promotion",
            [f"compared with version {other}, but {there} is champion by now"],
        )


def _not_already(chosen: ModelVersion, champion: ModelVersion | None) -> None:
    if number_of(champion) == int(chosen.version):
        raise RegistryError(f"{chosen.name} version {chosen.version}: is the champion already")
