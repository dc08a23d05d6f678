"""The history of the champion: who moved which alias, when, why, at what figures, and the way back.

A move is a tag of the registered model, and its value is JSON. So the history lies where the
versions are, is shown in MLflow's own page, outlives a version that is deleted, and a copy of the
registry carries it along. Moves are in the order of their numbers: a clock may be set back.

Conventions
-----------
A rollback leads to the version that was champion last before the one that is now and that is still
good. *Not good* is a version that was rolled back from, moved back from, or retired, until it is
champion again; and one that was deleted. So rollbacks in a row lead further and further back, and
to no version twice. *Moved back* is a champion that was put back without Kantor right after the
move that had replaced it: in MLflow's page, or as that move was killed before its switch.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from kantor.errors import InputError, SetupError, one_line
from kantor.registry.store import Store, opened
from kantor.registry.versions import CHAMPION, aliases_of, numbers

PREVIOUS = "previous"
"""The alias of the version to which the next rollback leads."""
TAG = "history."
LONGEST_REASON = 1_000
LONGEST = 5_000  # characters: what PostgreSQL keeps of a registered model's tag
_NOT_GOOD = {"rollback": "rolled back from on", "retire": "retired on"}

What = Literal["promote", "rollback", "retire", "elsewhere"]


@dataclass(frozen=True)
class Event:
    """One move of a model's aliases.

    Attributes
    ----------
    what : str
        ``elsewhere`` where the champion was another than the last recorded move left: moved in
        MLflow's own page, by somebody unknown.
    at : str
        ISO 8601, UTC; of ``elsewhere`` when it was found; empty if it was not recorded yet.
    before, after : int or None
        The version that was champion, and the one that is; of ``retire``, the retired version
        and None.
    overrode : tuple of str
        What the gate had against it; not empty only where the move was forced.
    figures : dict of float
        The figures on which it was decided.
    skipped : tuple of str
        Versions that a rollback passed over, each with the reason.
    number : int
        Its place in the history, from 1.
    """

    what: What
    at: str
    by: str
    before: int | None
    after: int | None
    why: str
    overrode: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    number: int = 0

    @property
    def tag(self) -> str:
        """The name of the tag that holds it: two machines that take one number write two tags."""
        return f"{TAG}{self.number:06d}.{self.at}"

    @property
    def line(self) -> str:
        """What was done, in one line."""
        if self.what == "retire":
            return f"version {self.before} is retired"
        text, skipped = f"version {self.after} is champion", ", ".join(self.skipped)
        if self.what == "rollback":
            text += f" again; rolled back from version {self.before}"
        elif self.before is not None:
            text += f", version {self.before} is previous"
        return text + (f"; skipped {skipped}" if skipped else "")

    def to_json(self) -> str:
        """As the tag's value."""
        return TypeAdapter(Event).dump_json(self).decode()


def make(
    moves: Sequence[Event],
    what: What,
    before: int | None,
    after: int | None,
    why: str,
    by: str | None = None,
    overrode: Sequence[str] = (),
    figures: Mapping[str, float] | None = None,
    skipped: Sequence[str] = (),
) -> Event:
    """The move of this moment, which follows `moves`, by `by` or else ``user@host``.

    Where it is too long for a tag, the figures are left out. `InputError` without a reason.
    """
    reason = one_line(why, LONGEST_REASON)
    if not reason:
        raise InputError(f"{what}: say why; the reason stays in the history")
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # a tag's name takes no +
    number = 1 + max((move.number for move in moves), default=0)
    values = (tuple(overrode), dict(figures or {}), tuple(skipped))
    event = Event(what, at, one_line(by or _user()), before, after, reason, *values, number)
    if len(event.to_json()) > LONGEST:
        return replace(event, overrode=event.overrode[:10], figures={}, skipped=event.skipped[:20])
    return event


def _user() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def write(store: Store, event: Event) -> None:
    """Record a move."""
    store.client.set_registered_model_tag(store.model, event.tag, event.to_json())


def history(root: Path | None = None) -> list[Event]:
    """All moves of the model, the oldest first."""
    with opened(root) as store:
        return recorded(store)


def recorded(store: Store) -> list[Event]:
    """All moves of the model, the oldest first, with those that Kantor did not make between."""
    champion = aliases_of(store).get(CHAMPION)
    tags = store.client.get_registered_model(store.model).tags
    events = []
    for text in (text for tag, text in tags.items() if tag.startswith(TAG)):
        try:
            events.append(TypeAdapter(Event).validate_json(text))
        except ValidationError as error:
            raise SetupError(f"not a move of the champion: {one_line(text, 80)}") from error
    known = 1 if 1 in numbers(store) else None  # it was champion by being registered
    moves: list[Event] = []
    for event in sorted(events, key=lambda event: (event.number, event.at)):
        if event.what != "retire":
            if event.what == "elsewhere" and event.after == known:
                continue  # two processes have recorded it
            moves += _elsewhere(known, event.before)
            known = event.after
        moves.append(event)
    return moves + _elsewhere(known, champion)


def _elsewhere(known: int | None, actual: int | None) -> list[Event]:
    """What must have happened for another version to be champion than the known one."""
    if known is None or known == actual:
        return []
    return [Event("elsewhere", "", "unknown", known, actual, "moved without Kantor")]


def back(moves: Sequence[Event], there: Collection[int]) -> tuple[int | None, tuple[str, ...]]:
    """Where the next rollback leads after all `moves`, of the versions that are `there`.

    Returns
    -------
    to : int or None
        The version; None where none is left.
    skipped : tuple of str
        The versions that it passes over, the last champion first, each with the reason.
    """
    switches = [move for move in moves if move.what != "retire"]
    champions = [move.before for move in switches[:1]] + [move.after for move in switches]
    faults = _faults(moves)
    skipped: dict[int, str] = {}
    for version in reversed(champions[:-1]):
        if version is None or version == champions[-1]:
            continue
        fault = faults.get(version) if version in there else "deleted"
        if fault is None:
            break
        skipped[version] = fault
    else:
        version = None
    return version, tuple(f"{each} ({fault})" for each, fault in skipped.items())


def _faults(moves: Sequence[Event]) -> dict[int, str]:
    """What is wrong with each version that is not good."""
    faults: dict[int, str] = {}
    last: Event | None = None  # a move that the next one may put back
    for move in moves:
        returned = (
            last is not None
            and move.what == "elsewhere"
            and (move.before, move.after) == (last.after, last.before)
        )
        word = "moved back from on" if returned else _NOT_GOOD.get(move.what)
        if word is not None and move.before is not None:
            faults[move.before] = f"{word} {move.at[:10] or 'an unknown day'}"
        if move.after is not None:
            faults.pop(move.after, None)
        if move.what != "retire":
            last = None if returned or move.what == "rollback" else move
    return faults


def point_previous(store: Store, moves: Sequence[Event]) -> None:
    """Set the alias ``previous`` on where the next rollback leads; none where that is nowhere."""
    to, _ = back(moves, numbers(store))
    if to is not None:
        store.client.set_registered_model_alias(store.model, PREVIOUS, str(to))
    elif PREVIOUS in aliases_of(store):
        store.client.delete_registered_model_alias(store.model, PREVIOUS)
