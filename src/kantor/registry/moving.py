"""Move the champion: promote, roll back, retire, each with its reason in the history.

A move sets ``previous`` first and ``champion`` last: the one visible switch. Its event is written
before, so that a move that is seen has its record; a move that fails takes its record back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kantor import settings
from kantor.registry import events, gate
from kantor.registry.events import Event
from kantor.registry.noticing import PREVIOUS, moving, recorded, still
from kantor.registry.registering import CHALLENGER, CHAMPION
from kantor.registry.store import RegistryError, Store, find_root, opened
from kantor.registry.versions import NAME, aliases_of, by_number, headline
from kantor.registry.versions import chosen as named

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
        champion = _at(store, name, CHAMPION)
        _as_compared(chosen, champion, instead_of)
        _not_already(chosen, champion)
        beside = champion if measured is None else None
        against = [*gate.reasons_against(store, chosen, beside, rule, root), *(measured or ())]
        _allowed(chosen, "promotion", against, force)
        told = headline(chosen) | dict(figures or {})
        event = events.make(
            "promote", _number(champion), int(chosen.version), why, by, against, told
        )
        _move(store, name, event)
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
    """Make the version before the champion again; it is ``previous`` then that is left.

    Its figures are not looked at, only that it loads, composes, and is not retired.

    Raises
    ------
    Refused
        With all reasons, unless `force`.
    RegistryError
        If no version is ``previous``, or the registry fails.
    """
    with moving(name, root) as store:
        chosen, champion = _at(store, name, PREVIOUS), _at(store, name, CHAMPION)
        if chosen is None:
            raise RegistryError(f"{name}: no version before the champion to go back to")
        _not_already(chosen, champion)
        against = gate.unsound(chosen, root)
        _allowed(chosen, "rollback", against, force)
        told = headline(chosen)
        event = events.make(
            "rollback", _number(champion), int(chosen.version), why, by, against, told
        )
        _move(store, name, event)
    return event


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
        event = events.make("retire", number, None, why, by, (), headline(chosen))
        client = store.client
        client.set_model_version_tag(name, str(number), event.tag, event.to_json())
        client.set_model_version_tag(name, str(number), gate.RETIRED, event.at)
        for alias in (PREVIOUS, CHALLENGER):
            if aliases.get(alias) == number:
                client.delete_registered_model_alias(name, alias)
    return event


def history(name: str = NAME, root: Path | None = None) -> list[Event]:
    """All moves of the model `name`, the oldest first; see `kantor.registry.events`.

    Raises
    ------
    RegistryError
        If there is no registry or no such model, or it fails.
    """
    with opened(root) as store:
        return recorded(store, name)


def _at(store: Store, name: str, alias: str) -> ModelVersion | None:
    """The version that has `alias`, if one has."""
    number = aliases_of(store, name).get(alias)
    return None if number is None else by_number(store, name, str(number))


def _number(version: ModelVersion | None) -> int | None:
    return None if version is None else int(version.version)


def _allowed(version: ModelVersion, move: str, against: Sequence[str], force: bool) -> None:
    """Refuse a move that the gate has anything against, unless it is forced."""
    if against and not force:
        raise Refused(f"{version.name} version {version.version}: {move}", against)


def _as_compared(chosen: ModelVersion, champion: ModelVersion | None, other: int | None) -> None:
    """Refuse a version that was compared with another champion than there is now."""
    now = _number(champion)
    if other is not None and now != other:
        there = "no version" if now is None else f"version {now}"
        raise Refused(
            f"{chosen.name} version {chosen.version}: promotion",
            [f"compared with version {other}, but {there} is champion by now"],
        )


def _not_already(chosen: ModelVersion, champion: ModelVersion | None) -> None:
    if _number(champion) == int(chosen.version):
        raise RegistryError(f"{chosen.name} version {chosen.version}: is the champion already")


def _move(store: Store, name: str, event: Event) -> None:
    """Write the event, set ``previous``, then switch ``champion``; on a failure nothing is left.

    Raises
    ------
    RegistryError
        If the champion was moved since the event was made.
    """
    client, version = store.client, str(event.after)
    previous = aliases_of(store, name).get(PREVIOUS)
    client.set_model_version_tag(name, version, event.tag, event.to_json())
    try:
        still(store, name, event.before)
        if event.before is not None:
            client.set_registered_model_alias(name, PREVIOUS, str(event.before))
        client.set_registered_model_alias(name, CHAMPION, version)
    except Exception:
        with contextlib.suppress(Exception):
            client.delete_model_version_tag(name, version, event.tag)
            if previous is not None:
                client.set_registered_model_alias(name, PREVIOUS, str(previous))
        raise
